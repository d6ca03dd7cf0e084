"""idxfast info: describe IDX files, and what folders hold."""

from __future__ import annotations

import argparse
import os

from .describing import describe
from .failures import EXPECTED, report
from .json_output import add_json, print_json
from .progress import Progress


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
                if os.path.isdir(name):
                    is_whole = _describe_folder(name, verify, options.json)
                    failures += not is_whole
                    continue
                found = describe(name, verify, progress)
        except EXPECTED as error:
            failures += 1
            report(error, name, debug=options.debug)
            if options.json:
                print_json({"file": name, "error": str(error)})
            continue
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


def _describe_folder(name: str, verify: bool, as_json: bool) -> bool:
    """Describe a folder; return whether all its files seem undamaged."""
    from . import folder  # imports the modules that find data sets, which few files need

    found = folder.look_into(name, verify)
    if as_json:
        print_json(found.as_json())
    else:
        print(found.as_text())
    return found.is_whole
