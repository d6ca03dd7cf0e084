"""Compare all contenders on the same files, as ratios to idxfast on one thread, fastest first.

Run `python benchmarks/table.py`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from contenders import GZIP, GZIP_IMAGES, RAW_IMAGES, Loader, usable
from data import prepare
from idx import Array
from measure import in_turn, machine, ratio, versions


def main() -> None:
    """Measure and print the three tables."""
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder))
        print(f"machine: {machine()}\nversions: {versions()}\ndata: {files.source}")
        images = files.expected_images
        _print("60,000 images, .gz", GZIP_IMAGES, files.images, images, rounds=9)
        _print("60,000 images, raw", RAW_IMAGES, files.raw_images, images, rounds=9)
        _print("10,000 labels, .gz", GZIP, files.labels, files.expected_labels, rounds=40, batch=50)


def _print(
    title: str,
    loaders: Mapping[str, Loader],
    path: Path,
    expected: Array,
    *,
    rounds: int,
    batch: int = 1,
) -> None:
    """Print the time of each loader for one file, divided by that of idxfast."""
    found, skipped = usable(loaders, path, expected)
    calls = {name: partial(load, path) for name, load in found.items()}
    samples = in_turn(calls, rounds=rounds, batch=batch)
    ratios = {name: ratio(times, samples["idxfast"]) for name, times in samples.items()}
    print(f"\n| {title} | minimum | median |\n|---|---|---|")
    for name, (minimum, median) in sorted(ratios.items(), key=lambda item: item[1]):
        print(f"| {name} | {minimum:.2f} | {median:.2f} |")
    for name, reason in skipped.items():
        print(f"| {name} | skipped | {reason} |")


if __name__ == "__main__":
    main()
