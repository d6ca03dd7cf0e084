"""Measure reads of parts of files against memory maps, whole loads, rapidgzip and indexed_gzip.

Run `python benchmarks/parts.py`. All figures are ratios of times; the bars are aims. The larger
gzip file holds the images twelve times. Packages that are not installed are skipped. The script
takes a few minutes.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from data import prepare, write_large
from measure import in_turn, machine, versions
from report import Figure

import idxfast

TIMES = 12
BUDGET = 64 << 20
# How many random images are read before those that are timed.
VISITED = 5_000
PIXELS = 28 * 28

FIGURES = (
    Figure("raw, f[i] / np.memmap[i].copy()", "raw row", "memmap row", 1 / 0.7),
    Figure("raw, batch of 256 / np.stack", "raw batch", "memmap batch", 1 / 3),
    Figure("load(.gz, stop=1000) / load, of 60,000", "load 1000", "load", 0.02),
    Figure("random images, .gz in memory / rapidgzip", "row", "row, rapidgzip", 1.0),
    Figure("f[:, 14, 14], .gz in memory / load", "column", "load", 1.3),
    Figure("f[:, 14, 14], large .gz / load", "large column", "large load", 1.3),
    Figure("first pass, large .gz / load", "large first pass", "large load", 1.2),
    Figure("f.read of all rows, large .gz / load", "large read", "large load", 1.3),
    Figure("batches of all rows, large .gz / load", "large batches", "large load"),
    Figure("random images, large .gz / rapidgzip", "large row", "large row, rapidgzip", 1 / 3),
    Figure("the same / indexed_gzip, 1 MiB", "large row", "large row, indexed_gzip", 1 / 3),
)

Calls = dict[str, Callable[[], object]]


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder))
        large = Path(folder, "large.gz")
        write_large(large, files.expected_images, TIMES)
        samples = in_turn(_raw(files.raw_images), rounds=40, batch=200)
        samples |= in_turn(_whole(files.images), rounds=7)
        samples |= in_turn(_rows("", files.images, 256 << 20), rounds=40, batch=100)
        opened = partial(idxfast.open, large, cache_bytes=BUDGET)
        samples |= in_turn(_large(large, opened), rounds=5)
        samples |= in_turn(_rows("large ", large, BUDGET), rounds=10, batch=20)
    print(f"machine: {machine()}\nversions: {versions()}\ndata: {files.source}")
    print("\n| figure | minimum | median | bar | holds |\n|---|---|---|---|---|")
    for figure in FIGURES:
        print(figure.line(samples))


def _random_rows(count: int) -> Iterator[int]:
    return cycle(np.random.default_rng(1).integers(0, count, 10_000).tolist())


def _raw(path: Path) -> Calls:
    file = idxfast.open(path)
    memmap = np.memmap(path, mode="r", offset=16, shape=file.shape)
    rows, others = _random_rows(len(file)), _random_rows(len(file))
    batch = np.random.default_rng(2).integers(0, len(file), 256)
    return {
        "raw row": lambda: file[next(rows)],
        "memmap row": lambda: memmap[next(others)].copy(),
        "raw batch": lambda: file[batch],
        "memmap batch": lambda: np.stack([memmap[row] for row in batch]),
    }


def _whole(path: Path) -> Calls:
    return {
        "load": lambda: idxfast.load(path),
        "load 1000": lambda: idxfast.load(path, stop=1000),
        "column": lambda: idxfast.open(path)[:, 14, 14],
    }


def _large(path: Path, opened: Callable[[], idxfast.IdxFile]) -> Calls:
    """Each call opens the file anew."""

    def batches() -> None:
        for _ in opened().batches(256):
            pass

    def read() -> object:
        file = opened()
        return file.read(0, len(file))

    return {
        "large load": lambda: idxfast.load(path),
        "large column": lambda: opened()[:, 14, 14],
        "large first pass": lambda: opened()[0],
        "large read": read,
        "large batches": batches,
    }


def _rows(prefix: str, path: Path, cache_bytes: int) -> Calls:
    """Random images, by those readers that are installed."""
    file = idxfast.open(path, cache_bytes=cache_bytes)
    rows = _random_rows(len(file))
    # Where a large file is read for the first time, points are made, which takes longer.
    for _ in range(VISITED):
        file[next(rows)]
    calls: Calls = {f"{prefix}row": lambda: file[next(rows)]}
    options: dict[str, Callable[[Any], Any]] = {
        "rapidgzip": lambda module: module.open(str(path), parallelization=1),
        "indexed_gzip": lambda module: module.IndexedGzipFile(
            str(path), spacing=1 << 20, buffer_size=1024
        ),
    }
    for name, open_with in options.items():
        try:
            reader = open_with(importlib.import_module(name))
        except ImportError:
            continue
        while reader.read(1 << 20):  # to the end, where its index is complete
            pass
        others = _random_rows(len(file))

        def read(reader: Any = reader, others: Iterator[int] = others) -> object:
            reader.seek(16 + next(others) * PIXELS)
            return np.frombuffer(reader.read(PIXELS), np.uint8)

        calls[f"{prefix}row, {name}"] = read
    return calls


if __name__ == "__main__":
    main()
