"""idxfast info: describe IDX files, and what folders hold."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from .describing import Description, describe
from .failures import EXPECTED, reason, report
from .json_output import add_json, print_json
from .progress import Progress

if TYPE_CHECKING:
    from .folder import Folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_files(parser)
    parser.add_argument("--verify", action="store_true", help="the same as `idxfast verify`")


def add_files(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that `info` and `verify` have in common."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="a file, a folder or a URL")
    add_json(parser, "file or folder")


def run(options: argparse.Namespace) -> int:
    return describe_all(options, options.verify)


def describe_all(options: argparse.Namespace, verify: bool) -> int:
    """Describe each file and folder, and sum up what was verified; return the exit status."""
    failures = 0
    for name in options.files:
        try:
            with Progress(name) as progress:
                found: Folder | Description
                if os.path.isdir(name):
                    found = _look_into(name, verify)
                    failures += not found.is_whole
                    for error in found.unreadable:
                        report(error, debug=options.debug)
                else:
                    found = describe(name, verify, progress)
        except EXPECTED as error:
            failures += 1
            report(error, name, debug=options.debug)
            if options.json:
                print_json({"file": name, "error": reason(name, error)})
            continue
        # Outside of the `try` block, so that no failure of the output counts as one of the file.
        if options.json:
            print_json(found.as_json())
        else:
            print(found.as_text())
    if verify and len(options.files) > 1 and not options.json:
        count = len(options.files)
        print(
            f"{count - failures:,} of {count:,} are whole"
            if failures
            else f"all {count:,} are whole"
        )
    return 1 if failures else 0


def _look_into(name: str, verify: bool) -> Folder:
    from . import folder  # imports the modules that find data sets, which few files need

    return folder.look_into(name, verify)
