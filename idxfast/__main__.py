"""python -m idxfast: the `idxfast` command."""

import sys

from .cli import main

sys.exit(main())
