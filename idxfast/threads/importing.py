"""A lock for imports inside a call, during which the process must not fork.

If one thread forks while another one imports a module, the same import waits for ever in the child.
So a fork waits until nobody has this lock::

    with importing:
        from .module import function
"""

from __future__ import annotations

import os
from _thread import RLock

importing = RLock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=importing.acquire,
        after_in_parent=importing.release,
        after_in_child=importing.release,
    )
