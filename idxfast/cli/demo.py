"""idxfast demo: time idxfast against gzip + numpy on sample digits."""

from __future__ import annotations

import argparse
import gzip
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..datasets import synthetic
from ..images.terminal import as_text
from ..reading.loading import load
from ..writing.saving import save

COUNT = 60_000
ROUNDS = 3
SHOWN = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--count", type=_count, default=COUNT, help=f"number of digits (default: {COUNT})"
    )


def run(options: argparse.Namespace) -> int:
    images, labels = synthetic.digits(options.count)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "digits-images-idx3-ubyte.gz")
        save(path, images)
        print(f"{len(images):,} digits of 28 x 28 pixels, {path.stat().st_size:,} bytes of gzip")
        peer = _best(_with_gzip, path)
        ours = _best(load, path)
        loaded = load(path)
    if not np.array_equal(loaded, images):
        raise AssertionError("the digits did not come back as they were saved")
    print(f"gzip + numpy  {1000 * peer:8.1f} ms")
    print(f"idxfast       {1000 * ours:8.1f} ms, {peer / ours:.1f} times as fast")
    # As many as fit side by side.
    shown = max(1, min(SHOWN, (shutil.get_terminal_size().columns + 1) // (28 + 1)))
    print("labels:", *labels[:shown])
    print(*as_text(loaded[:shown]), sep="\n")
    return 0


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of digits")
    return int(text)


def _with_gzip(path: Path) -> np.ndarray[Any, Any]:
    with gzip.open(path, "rb") as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)


def _best(read: Callable[[Path], object], path: Path) -> float:
    """Return the shortest time of `ROUNDS` calls, in seconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        read(path)
        times.append(time.perf_counter() - start)
    return min(times)
