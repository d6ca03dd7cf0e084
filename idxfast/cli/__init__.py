"""The `idxfast` command: one module for each verb."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from ..errors import printable
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
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names and titles may have letters that the terminal's encoding has not.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status: int = options.run(options)
        print(end="", flush=True)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _discard_output()  # whoever read it has seen enough
        return 141
    except (OSError, MemoryError) as error:
        try:
            print(end="", flush=True)
        except OSError:
            _discard_output()
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        print(f"idxfast: {printable(text)}", file=sys.stderr)
        return 1
    return status


def _discard_output() -> None:
    """Have nothing flushed at exit to an output that takes no more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
