"""idxfast info: what IDX files hold."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

import numpy as np

from ..errors import printable
from ..format import Header
from ..gzip.container import BGZF_END, BGZF_HEADER_SIZE, MAGIC, is_bgzf
from ..reading import load, read_header

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
    # Only a file can be opened twice: of a pipe or a URL, the container is not told.
    container, size = _container(name) if os.path.isfile(name) else ("", 0)
    if container == "raw":
        # Mapping checks the size, and reads nothing else than the header.
        content = load(name, mmap_mode="r")
    elif verify:
        content = load(name)
    else:
        content = read_header(name)
    shape = " x ".join(f"{n:,}" for n in content.shape) or "one element"
    stored = f"{container}, {size:,} bytes in the file, " if container else ""
    state = {"raw": "complete (a raw file has no checksum)", "": "complete"}
    checked = f"; {state.get(container, 'verified')}" if verify else ""
    return (
        f"{printable(name)}: {shape} {content.dtype.name}, "
        f"{stored}{content.nbytes:,} bytes in the array{checked}"
    )


def _container(name: str) -> tuple[str, int]:
    """What the file is, from its first and last bytes, and its size; nothing if that says 0."""
    with open(name, "rb") as file:
        start = file.read(BGZF_HEADER_SIZE)
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - len(BGZF_END)))
        end = file.read()
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
