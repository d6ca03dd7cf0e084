"""Saves that are watched while they write, and who owns what."""

import os
import stat

import numpy as np
import pytest

import idxfast
from idxfast.storage import outputs

has_users = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
is_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to be root, for another user"
)
USER = f".{os.geteuid()}" if hasattr(os, "geteuid") else ""
PRIVATE = f".file{USER}.tmp"
# No user of these tests: nobody, as most systems number it.
ANOTHER = 65534
NEW = idxfast.dumps(np.arange(3, dtype=np.uint8))


def save_while(path, act):
    """Save the new content, and call a function after its first bytes are written."""

    def pieces():
        yield NEW[:4]
        act()
        yield NEW[4:]

    outputs.write(path, pieces())


def owner_and_mode(path):
    status = path.lstat()
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), path.read_bytes()
