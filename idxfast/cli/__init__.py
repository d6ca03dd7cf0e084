"""The `idxfast` command: one module for each verb."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from .. import __version__
from ..errors import printable
from . import cache, demo, fetch, info

_VERBS = {"info": info, "fetch": fetch, "cache": cache, "demo": demo}
_EXAMPLES = """\
examples:
  idxfast demo                                       try idxfast on sample digits
  idxfast fetch fashion-mnist --directory fashion    download a data set and verify it
  idxfast info --verify fashion/*.gz                 show shapes, check checksums
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``idxfast``; by default those of the command line.

    Returns
    -------
    int
        0 for success, 1 for a file or a system call that failed, 130 for an interrupt, 141 for a
        closed pipe.

    Raises
    ------
    SystemExit
        By argparse: with status 2 for wrong usage, 0 for ``--help`` and ``--version``.
    """
    parser = argparse.ArgumentParser(
        prog="idxfast",
        description="Describe IDX files, and fetch published data sets.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"idxfast {__version__}")
    parser.set_defaults(run=lambda options: _print_help(parser))
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    for name, verb in _VERBS.items():
        subparser = verbs.add_parser(name, help=verb.HELP, description=verb.HELP)
        verb.add_arguments(subparser)
        subparser.set_defaults(run=verb.run)
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names and titles may contain characters that the terminal's encoding lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status: int = options.run(options)
        print(end="", flush=True)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _discard_output()
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


def _print_help(parser: argparse.ArgumentParser) -> int:
    print(parser.format_help(), end="")
    return 0


def _discard_output() -> None:
    """Redirect a broken standard output, which Python would flush at exit, to the null device."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
