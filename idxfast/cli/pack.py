"""idxfast pack: pictures to the files of a data set."""

from __future__ import annotations

import argparse
import sys
import warnings
from typing import TYPE_CHECKING

from ..errors import IdxError, printable
from .failures import UsageError, report
from .progress import Progress
from .saying import check_png

if TYPE_CHECKING:
    from ..images.conversion import Conversion

DESCRIPTION = """\
Convert pictures to the files of a data set: images and labels under the usual names, and the names
of the classes in classes.txt. FOLDER holds a folder of pictures for each class. By default, the
pictures are converted as those of Fashion-MNIST were: trimmed, resized, sharpened, extended to a
square, negated and made grey.
"""
_MAX_SIZE = 4096
# How many unreadable pictures are listed.
_MAX_LISTED = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = DESCRIPTION
    parser.add_argument("folder", metavar="FOLDER", nargs="?", help="where the pictures are")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        required=True,
        help="a new or empty folder; with --explain, a PNG file",
    )
    parser.add_argument(
        "--labels",
        metavar="CSV",
        help="a file with two columns: a picture's path below FOLDER, and its class",
    )
    parser.add_argument(
        "--per-class",
        metavar="N",
        type=_positive,
        help="draw N training images of each class at random; the others become test images",
    )
    parser.add_argument(
        "--seed", metavar="N", type=_natural, default=0, help="decides what is drawn (default: 0)"
    )
    parser.add_argument(
        "--sort-by-label", action="store_true", help="store the records in the order of the labels"
    )
    parser.add_argument(
        "--size", metavar="N", type=_size, default=28, help="height and width (default: 28)"
    )
    parser.add_argument("--colour", action="store_true", help="keep red, green and blue (idx4)")
    steps = parser.add_mutually_exclusive_group()
    steps.add_argument(
        "--steps",
        metavar="STEPS",
        type=_steps,
        help="which of trim,resize,sharpen,extend,negate; without extend, pictures are stretched",
    )
    steps.add_argument(
        "--plain", action="store_true", help="only resize the pictures, and make them grey"
    )
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave out pictures that cannot be read"
    )
    parser.add_argument(
        "--explain",
        metavar="PICTURE",
        help="draw what each step does to a picture, and write no data set",
    )
    parser.set_defaults(parser=parser)


def run(options: argparse.Namespace) -> int:
    if (options.folder is None) == (options.explain is None):
        options.parser.error("name either a FOLDER or, with --explain, a PICTURE")
    try:
        with warnings.catch_warnings():
            # Pillow warns of pictures that it reads all the same.
            warnings.simplefilter("ignore")
            return _explain(options) if options.explain else _pack(options)
    except (BrokenPipeError, UsageError):
        raise  # the pipe is that of standard output
    except (OSError, ValueError, ImportError) as error:
        name = getattr(error, "filename", None) or options.explain or options.folder
        report(error, str(name), debug=options.debug)
        return 1


def _pack(options: argparse.Namespace) -> int:
    from ..images.listing import list_csv, list_folder
    from ..images.packing import pack
    from ..images.pillow import import_pillow

    import_pillow("Image")  # fails before pictures are listed
    if options.labels is None:
        listing = list_folder(options.folder)
    else:
        listing = list_csv(options.folder, options.labels)
    failures = _Failures()
    try:
        with Progress(options.folder, "picture") as progress:
            counts = pack(
                listing,
                options.output,
                _conversion(options),
                per_class=options.per_class,
                by_label=options.sort_by_label,
                seed=options.seed,
                skip_bad=options.skip_bad,
                progress=progress,
                failed=failures.add,
            )
    except IdxError:
        failures.show()
        if failures.count and not options.skip_bad:
            raise IdxError(
                f"{_number(failures.count, 'picture')} cannot be read, so nothing was written: "
                "--skip-bad leaves them out",
                filename=options.folder,
            ) from None
        raise
    failures.show()
    if failures.count:
        print(
            f"left out: {_number(failures.count, 'picture')} that cannot be read", file=sys.stderr
        )
    if listing.others:
        others = f"{_number(listing.others, 'file')} of other kinds, such as {listing.example}"
        print(f"left out: {printable(others)}", file=sys.stderr)
    images = " and ".join(
        f"{_number(count, word)}"
        for count, word in zip(counts.values(), ("training image", "test image"), strict=False)
    )
    classes = _number(len(listing.classes), "class", "classes")
    size = f"{options.size} x {options.size}{' x 3' if options.colour else ''}"
    print(f"{printable(options.output)}: {images} of {size} pixels, {classes}")
    return 0


def _explain(options: argparse.Namespace) -> int:
    from ..images.explaining import draw_steps

    check_png(options.output)
    draw_steps(options.explain, options.output, _conversion(options))
    print(printable(options.output))
    return 0


def _conversion(options: argparse.Namespace) -> Conversion:
    from ..images.conversion import PLAIN, STEPS, Conversion

    steps = PLAIN if options.plain else options.steps or STEPS
    return Conversion(options.size, options.colour, steps)


class _Failures:
    """The pictures that could not be read. The first 1,000 are listed at the end."""

    def __init__(self) -> None:
        self.count = 0
        self._reasons: list[str] = []

    def add(self, reason: str) -> None:
        self.count += 1
        if len(self._reasons) < _MAX_LISTED:
            self._reasons.append(reason)

    def show(self) -> None:
        for line in self._reasons:
            print(f"idxfast: {line}", file=sys.stderr)
        if self.count > len(self._reasons):
            more = _number(self.count - len(self._reasons), "more picture")
            print(f"idxfast: {more} cannot be read", file=sys.stderr)


def _number(count: int, word: str, words: str | None = None) -> str:
    return f"{count:,} {word if count == 1 else words or word + 's'}"


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def _positive(text: str) -> int:
    if not _natural(text):
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def _size(text: str) -> int:
    if _positive(text) > _MAX_SIZE:
        raise argparse.ArgumentTypeError(f"must be at most {_MAX_SIZE:,}")
    return int(text)


def _steps(text: str) -> tuple[str, ...]:
    from ..images.conversion import STEPS

    steps = tuple(text.split(","))
    for step in steps:
        if step not in STEPS:
            raise argparse.ArgumentTypeError(f"{step!r} is none of {', '.join(STEPS)}")
    if "resize" not in steps:
        raise argparse.ArgumentTypeError("resize is always needed")
    return steps
