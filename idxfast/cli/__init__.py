"""The `idxfast` command: one module for each verb."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from . import demo, fetch, info

_VERBS = {"info": info, "fetch": fetch, "demo": demo}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, 1 for a bad file, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="idxfast", description="Look at IDX files, and fetch them."
    )
    verbs = parser.add_subparsers(required=True, metavar="verb")
    for name, verb in _VERBS.items():
        subparser = verbs.add_parser(name, help=verb.HELP, description=verb.HELP)
        verb.add_arguments(subparser)
        subparser.set_defaults(run=verb.run)
    options = parser.parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return status
