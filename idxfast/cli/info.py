"""idxfast info: what IDX files hold."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, BinaryIO

import numpy as np

from ..errors import printable
from ..format import Header
from ..gzip.container import BGZF_END, BGZF_HEADER_SIZE, MAGIC, is_bgzf
from ..reading.loading import load, read_header

HELP = "print shape, type, container and sizes of IDX files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+")
    parser.add_argument(
        "--verify",
        action="store_true",
        help="unpack each gzip file and verify its checksums; of a raw file, which has none, the "
        "size is always checked",
    )


def run(options: argparse.Namespace) -> int:
    failures = 0
    for name in options.files:
        try:
            line = _describe(name, options.verify)
        except (ValueError, OSError, ImportError, MemoryError) as error:
            failures += 1
            print(f"idxfast: {reason(name, error)}", file=sys.stderr)
        else:
            print(line)
    return 1 if failures else 0


def _describe(name: str, verify: bool) -> str:
    content: Header | np.ndarray[Any, Any]
    # Only a file can be read twice: of a pipe or a URL, the container is not told.
    if os.path.isfile(name):
        # Once it is open, it does not matter what else takes its name.
        with open(name, "rb") as file:
            container, size = _container(file)
            content = _content(file, container, verify)
    else:
        container, size = "", 0
        content = _content(name, container, verify)
    shape = " x ".join(f"{n:,}" for n in content.shape) or "one element"
    stored = f"{container}, {size:,} bytes in the file, " if container else ""
    state = {"raw": "complete (a raw file has no checksum)", "": "complete"}
    checked = f"; {state.get(container, 'verified')}" if verify else ""
    return (
        f"{printable(name)}: {shape} {content.dtype.name}, "
        f"{stored}{content.nbytes:,} bytes in the array{checked}"
    )


def _content(file: str | BinaryIO, container: str, verify: bool) -> Header | np.ndarray[Any, Any]:
    if container == "raw":
        # Mapping checks the size, and reads nothing else than the header.
        return load(file, mmap_mode="r")
    return load(file) if verify else read_header(file)


def _container(file: BinaryIO) -> tuple[str, int]:
    """What the file is, from its first and last bytes, and its size; nothing if that says 0."""
    start = file.read(BGZF_HEADER_SIZE)
    size = os.fstat(file.fileno()).st_size
    file.seek(max(0, size - len(BGZF_END)))
    end = file.read()
    file.seek(0)
    if not size:  # as the system says of what it makes when it is read, like /proc/version
        return "", 0
    if start[:2] != MAGIC:
        return "raw", size
    if not is_bgzf(start):
        return "gzip", size
    return ("BGZF" if end == BGZF_END else "BGZF without its end-of-file block"), size


def reason(name: str, error: Exception) -> str:
    """What is wrong, after a name, on one line."""
    name, text = printable(name), printable(getattr(error, "strerror", None) or str(error))
    return text if text.startswith(f"{name}: ") else f"{name}: {text}"
