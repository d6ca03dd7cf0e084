"""The `idxfast` command: one module for each verb."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import NoReturn

from .. import __version__
from ..errors import printable
from .failures import UsageError
from .failures import report as report_failure

# Each verb is a module of this package, with `add_arguments` and `run`. Only the module of the verb
# that is asked for is imported, so that `idxfast info` takes little longer than `import numpy`.
_VERBS = {
    "info": "print the shape, dtype, container and sizes of IDX files, and what folders hold",
    "verify": "read IDX files whole, and verify their checksums",
    "show": "show images, with their labels, in the terminal",
    "sheet": "write a contact sheet of each class as a PNG file",
    "pack": "convert pictures as Fashion-MNIST's were, or only resize them, and write IDX files",
    "convert": "convert IDX to or from gzip, npy, npz, csv and folders of PNG files",
    "stats": "count classes and duplicates, and sum up the values",
    "diff": "compare two IDX files, and show the first difference",
    "report": "write a page about a data set: files, classes, pictures, duplicates",
    "fetch": "fetch a published data set and print its directory; without a name, list the sets",
    "cache": "list or clear the unpacked files that are kept for mapping compressed files",
    "demo": "load sample digits with idxfast and with gzip + numpy, and show the first few",
}
_EXAMPLES = """\
examples:
  idxfast fetch fashion-mnist --directory fashion          download a data set and verify it
  idxfast show fashion/train-images-idx3-ubyte.gz 0 1 2    look at images in the terminal
  idxfast convert fashion/t10k-images-idx3-ubyte.gz t.csv  make a table of labels and pixels
"""
# The arguments of the verbs that are paths.
_OUTPUTS = ("output", "labels_output")
_PATHS = ("file", "files", "folder", "input", "labels", "explain", *_OUTPUTS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``idxfast``; by default those of the command line.

    Returns
    -------
    int
        0 for success, 1 for a file or a system call that failed, 2 for wrong usage, 130 for an
        interrupt, 141 for a closed pipe. ``diff`` returns 1 for files that differ, and 2 for
        failures.

    Raises
    ------
    SystemExit
        By argparse: with status 2 for wrong usage, 0 for ``--help`` and ``--version``. With status
        143 if the process was to end (SIGTERM).
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names and titles may contain characters that the terminal's encoding lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    options = argparse.Namespace(debug=False, failed=1)
    try:
        with _ending_in_order():
            try:
                _parser(words).parse_args(words, options)
            except SystemExit:
                # After --help or --version.
                print(end="", flush=True)
                raise
            _refuse_dashes(options)
            status: int = options.run(options)
        print(end="", flush=True)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        _discard_output()
        return 141
    except Exception as error:
        try:
            print(end="", flush=True)
        except OSError:
            _discard_output()
        report_failure(error, debug=options.debug)
        return 2 if isinstance(error, UsageError) else options.failed
    return status


@contextlib.contextmanager
def _ending_in_order() -> Iterator[None]:
    """Have SIGTERM raise SystemExit, so that no unfinished files are left."""

    def end(number: int, _frame: object) -> None:
        # What is under way is to be cleaned up.
        signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise SystemExit(128 + number)

    # Another thread may not set handlers, and a handler of the caller's own stays.
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    on_interrupt = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if on_interrupt is not None:  # None: a handler that is not Python's
            signal.signal(signal.SIGINT, on_interrupt)


class _Parser(argparse.ArgumentParser):
    """A parser that says on one line what is wrong, as the verbs do."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {printable(message)}; see {self.prog} --help", file=sys.stderr)
        raise SystemExit(2)


def _refuse_dashes(options: argparse.Namespace) -> None:
    """Refuse "-" for standard input or output, which would be the name of a file."""
    for name in _PATHS:
        given = getattr(options, name, None)
        if given == "-" or (isinstance(given, list) and "-" in given):
            device = "/dev/stdout" if name in _OUTPUTS else "/dev/stdin"
            raise UsageError(f"-: for a pipe, name {device}; for a file of this name, ./-")


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of the command, with the arguments of the verb that is asked for."""
    parser = _Parser(
        prog="idxfast",
        description="Look at IDX files, convert them, and fetch published data sets.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"idxfast {__version__}")
    parser.set_defaults(run=lambda options: _print_help(parser))
    everywhere = _Parser(add_help=False)
    everywhere.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="show the traceback of an error",
    )
    # Without `prog`, argparse would format a usage line, and import shutil for that: 2 ms.
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", prog=parser.prog)
    asked = next((word for word in words if not word.startswith("-")), None)
    for name in [asked] if asked in _VERBS else _VERBS:
        text = _VERBS[name]
        subparser = verbs.add_parser(name, help=text, description=text, parents=[everywhere])
        if name == asked:
            verb = importlib.import_module(f".{name}", __name__)
            verb.add_arguments(subparser)
            subparser.set_defaults(run=verb.run)
    return parser


def _print_help(parser: argparse.ArgumentParser) -> int:
    print(parser.format_help(), end="")
    return 0


def _discard_output() -> None:
    """Redirect a broken standard output, which Python would flush at exit, to the null device."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
