"""idxfast report: a page about the data sets of a folder."""

from __future__ import annotations

import argparse

from ..errors import printable
from ..images.pillow import import_pillow
from ..images.report.page import page
from ..storage import outputs
from .reporting.gathering import gather
from .saying import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="where the files are")
    parser.add_argument("-o", "--output", metavar="HTML", required=True, help="the file to write")
    parser.epilog = (
        "The page is one file that loads nothing else. It lists files, sizes and hashes, and shows "
        "the mean and the first images of each class, a histogram of the pixels, duplicates, and "
        "the nearest classes. The exit status is 1 if a file is damaged; the page says which."
    )


def run(options: argparse.Namespace) -> int:
    import_pillow("Image")  # fails before files are read
    report = gather(options.folder)
    outputs.write(options.output, [page(report).encode()])
    say(printable(options.output), options.output)
    return 1 if any(file.error for file in report.files) else 0
