"""idxfast info: what IDX files hold."""

from __future__ import annotations

import argparse
import os
import sys

from ..errors import IdxError
from ..gzip.container import BGZF_END, MAGIC, is_bgzf
from ..reading import load, read_header

HELP = "print shape, type, container and sizes of IDX files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+")
    parser.add_argument(
        "--verify", action="store_true", help="read all of each file and check it, not the header"
    )


def run(options: argparse.Namespace) -> int:
    failures = 0
    for name in options.files:
        try:
            line = _describe(name, options.verify)
        except (IdxError, OSError, MemoryError) as error:
            failures += 1
            print(f"idxfast: {printable(reason(name, error))}", file=sys.stderr)
        else:
            print(line)
    return 1 if failures else 0


def _describe(name: str, verify: bool) -> str:
    header = read_header(name)
    if verify:
        load(name)
    shape = " x ".join(f"{n:,}" for n in header.shape) or "one element"
    dtype = header.dtype.name
    container, size = _container(name)
    state = "; verified" if verify else ""
    return (
        f"{printable(name)}: {shape} {dtype}, {container}, "
        f"{size:,} bytes in the file, {header.nbytes:,} in the array{state}"
    )


def _container(name: str) -> tuple[str, int]:
    """What the file is, from its first and last bytes, and its size."""
    with open(name, "rb") as file:
        start = file.read(18)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - len(BGZF_END)))
        end = file.read()
    if start[:2] != MAGIC:
        return "raw", size
    if not is_bgzf(start):
        return "gzip", size
    return ("BGZF" if end == BGZF_END else "BGZF without its end-of-file block"), size


def reason(name: str, error: Exception) -> str:
    if isinstance(error, OSError) and not isinstance(error, IdxError):
        return f"{name}: {error.strerror or error}"
    return str(error)


def printable(text: str) -> str:
    """The text on one line, without the control characters that a file name may hold."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
