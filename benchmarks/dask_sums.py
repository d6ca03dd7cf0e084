"""Time Dask's mean and standard deviation of a raw file against numpy over a memory map.

Run `python benchmarks/dask_sums.py [FOLDER] [--gigabytes 5]`. The file is made in FOLDER, or in the
system's folder for temporary files, and removed afterwards. It should fit into the system's cache,
where it is when the clock starts. Dask has a cluster of two worker processes with one thread each,
which has been started. numpy has two threads, each of which takes the mean and the deviation of one
piece of the file after another. All are called in turn. The script needs the extra `dask` and the
package distributed.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from idx import header
from measure import in_turn, machine, ratio, versions

from idxfast.integrations.shared_file import CHUNK_BYTES

PIXELS = 28 * 28
ROUNDS = 3
# The same pieces as from_idx chooses; and pieces whose float64 copies fit into a core's cache, with
# which numpy is fastest. As many tasks would take Dask longer than their work.
SAME, SMALL = f"numpy, pieces of {CHUNK_BYTES >> 20} MiB", "numpy, pieces of 1 MiB"
# Dask's std makes two copies of a chunk in float64, numpy's makes one. Squares of uint8 need two
# copies in uint16, and their sums are exact.
DASK, SQUARES = "Dask, mean() and std()", "Dask, mean() of the values and of their squares"

Found = Sequence[float]


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="Time Dask over a large raw file.")
    parser.add_argument("folder", nargs="?", help="where to make the file")
    parser.add_argument("--gigabytes", type=float, default=5.0)
    options = parser.parse_args()
    count = int(options.gigabytes * 1e9) // PIXELS
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder, "images-idx3-ubyte")
        samples = _measure(path, count, _write(path, count))
    print(
        f"machine: {machine()}\nversions: {versions()}\n{path.name}: {count * PIXELS / 1e9:.2f} GB"
    )
    print(f"\n| what | / {SAME}: minimum | median | / {SMALL}: minimum | median |")
    print("|---|---|---|---|---|")
    for name, times in samples.items():
        found = [ratio(times, samples[reference]) for reference in (SAME, SMALL)]
        print(f"| {name} |" + "".join(f" {it.minimum:.2f} | {it.median:.2f} |" for it in found))


def _write(path: Path, count: int) -> Found:
    """Write random images, again and again; return their mean and deviation."""
    images = np.random.default_rng(1).integers(0, 256, (1 << 14, 28, 28), np.uint8)
    with path.open("wb") as file:
        file.write(header(count, 28, 28))
        for start in range(0, count, len(images)):
            file.write(memoryview(images[: count - start]))
    whole, rest = divmod(count, len(images))
    values = np.arange(256)
    numbers = whole * np.bincount(images.ravel(), minlength=256)
    numbers += np.bincount(images[:rest].ravel(), minlength=256)
    mean = np.average(values, weights=numbers)
    return mean, np.sqrt(np.average((values - mean) ** 2, weights=numbers))


def _measure(path: Path, count: int, expected: Found) -> dict[str, list[float]]:
    import dask
    import distributed

    from idxfast.integrations.dask import from_idx

    def by_dask() -> Found:
        array = from_idx(path)
        found: Found = dask.compute(array.mean(), array.std())
        return found

    def by_squares() -> Found:
        array = from_idx(path)
        mean, mean_square = dask.compute(array.mean(), (array.astype("u2") ** 2).mean())
        return mean, (mean_square - mean**2) ** 0.5

    def check(call: Callable[[], Found]) -> None:
        assert np.allclose(call(), expected, rtol=1e-9)

    calls: dict[str, Callable[[], Found]] = {
        SAME: partial(_by_numpy, path, count, CHUNK_BYTES),
        SMALL: partial(_by_numpy, path, count, 1 << 20),
        DASK: by_dask,
        SQUARES: by_squares,
    }
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster),
    ):
        return in_turn({name: partial(check, call) for name, call in calls.items()}, rounds=ROUNDS)


def _by_numpy(path: Path, count: int, nbytes: int) -> Found:
    images = np.memmap(path, mode="r", offset=16, shape=(count, 28, 28))
    rows = nbytes // PIXELS

    def describe(start: int) -> tuple[int, float, float]:
        piece = images[start : start + rows]
        return piece.size, float(piece.mean()), float(piece.std())

    with ThreadPoolExecutor(2) as threads:
        found = np.array(list(threads.map(describe, range(0, count, rows))))
    sizes, means, deviations = found.T
    mean = np.average(means, weights=sizes)
    squares = np.average(deviations**2 + (means - mean) ** 2, weights=sizes)
    return float(mean), float(np.sqrt(squares))


if __name__ == "__main__":
    main()
