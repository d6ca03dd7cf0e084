"""idxfast fetch: download published data sets, or list them."""

from __future__ import annotations

import argparse

from ..datasets import catalogue, fetch
from ..errors import printable
from .failures import report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", type=_known)
    parser.add_argument(
        "--directory", metavar="DIR", help="where to put the files (default: the user's cache)"
    )


def run(options: argparse.Namespace) -> int:
    if options.name is None:
        for dataset in catalogue.datasets().values():
            licence = f" ({dataset.licence})" if dataset.licence else ""
            print(f"{dataset.name:15} {dataset.title}{licence}")
        return 0
    try:
        folder = fetch(options.name, options.directory)
    except (OSError, ImportError) as error:
        name = getattr(error, "filename", None) or options.name
        report(error, name, debug=options.debug)
        return 1
    print(printable(str(folder)))
    return 0


def _known(name: str) -> str:
    """The set's name in the catalogue, for any spelling of it."""
    try:
        return catalogue.find(name).name
    except ValueError as error:
        raise argparse.ArgumentTypeError(printable(str(error))) from error
