"""`python -m idxfast` runs the `idxfast` command."""

import sys

from .cli import main

sys.exit(main())
