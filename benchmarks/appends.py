"""Measure appends: 500 times 20 images of 28 x 28, as idxfast, npy-append-array and h5py do it.

Run `python benchmarks/appends.py [FOLDER]`. All files are written in the folder, by default in one
for temporary files. `IdxAppender.append` waits for the disk, and the peers do not. The processor
time of this waiting depends on the file system, and may be many times that of everything else. So
each peer is also measured with a call of fsync after each append, and a folder in memory, such as
/dev/shm, shows the cost of the rest. A figure is a time of the peer divided by ours.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from idx import Array
from measure import machine

import idxfast
from idxfast.datasets.synthetic import digits

APPENDS, IMAGES = 500, 20
ROUNDS = 7

# Appends each batch to a new file, and returns a function that reads the whole.
Appender = Callable[[Path, list[Array]], Callable[[], Array]]


def append_idxfast(path: Path, batches: list[Array]) -> Callable[[], Array]:
    """Append with ``open(mode="a")``."""
    with idxfast.open(path, mode="a") as file:
        for batch in batches:
            file.append(batch)
    return lambda: np.asarray(idxfast.load(path))


def append_npy(path: Path, batches: list[Array]) -> Callable[[], Array]:
    """Append with npy-append-array."""
    from npy_append_array import NpyAppendArray

    with NpyAppendArray(str(path)) as file:
        for batch in batches:
            file.append(batch)
    return lambda: np.asarray(np.load(path))


def append_npy_synced(path: Path, batches: list[Array]) -> Callable[[], Array]:
    """Append with npy-append-array, and wait for the disk each time."""
    from npy_append_array import NpyAppendArray

    with NpyAppendArray(str(path)) as file:
        for batch in batches:
            file.append(batch)
            file.fp.flush()
            os.fsync(file.fp.fileno())
    return lambda: np.asarray(np.load(path))


def append_h5py(path: Path, batches: list[Array]) -> Callable[[], Array]:
    """Append with h5py and its gzip filter, a chunk each time."""
    return _append_h5py(path, batches, is_synced=False)


def append_h5py_synced(path: Path, batches: list[Array]) -> Callable[[], Array]:
    """Append with h5py and its gzip filter, and wait for the disk each time."""
    return _append_h5py(path, batches, is_synced=True)


def _append_h5py(path: Path, batches: list[Array], *, is_synced: bool) -> Callable[[], Array]:
    import h5py

    shape = batches[0].shape
    with h5py.File(path, "w") as file:
        images = file.create_dataset(
            "images",
            (0, *shape[1:]),
            batches[0].dtype,
            maxshape=(None, *shape[1:]),
            chunks=shape,
            compression="gzip",
        )
        for batch in batches:
            count = len(images)
            images.resize(count + len(batch), 0)
            images[count:] = batch
            if is_synced:
                file.flush()
                os.fsync(file.id.get_vfd_handle())

    def read() -> Array:
        with h5py.File(path) as file:
            return np.asarray(file["images"][:])

    return read


CONTENDERS: dict[str, tuple[str, Appender]] = {
    "raw": ("ours-idx3-ubyte", append_idxfast),
    "npy-append-array": ("theirs.npy", append_npy),
    "npy-append-array with fsync": ("synced.npy", append_npy_synced),
    "gzip": ("ours-idx3-ubyte.gz", append_idxfast),
    "h5py with gzip": ("theirs.h5", append_h5py),
    "h5py with gzip and fsync": ("synced.h5", append_h5py_synced),
}
# Which of ours each peer is compared with, and how many times as fast ours aims to be.
BARS = {
    "npy-append-array": ("raw", 2.0),
    "npy-append-array with fsync": ("raw", 2.0),
    "h5py with gzip": ("gzip", 1.0),
    "h5py with gzip and fsync": ("gzip", 1.0),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure appends against other packages.")
    parser.add_argument("folder", nargs="?", help="where to write; by default a temporary folder")
    images = digits(APPENDS * IMAGES)[0]
    batches = [images[start : start + IMAGES] for start in range(0, len(images), IMAGES)]
    with tempfile.TemporaryDirectory(dir=parser.parse_args().folder) as folder:
        samples = _sample(Path(folder), images, batches)
    medians = {
        name: [statistics.median(times) for times in zip(*rounds, strict=True)]
        for name, rounds in samples.items()
    }
    print(f"machine: {machine()}\n")
    print(f"| an append of {IMAGES} images | processor us | us |\n|---|---|---|")
    for name, (processor, wall) in medians.items():
        print(f"| {name} | {processor:.1f} | {wall:.1f} |")
    print("\n| peer / ours | processor time | bar | holds | time |\n|---|---|---|---|---|")
    for name, (ours, bar) in BARS.items():
        if name in medians:
            ratios = [a / b for a, b in zip(medians[name], medians[ours], strict=True)]
            holds = "yes" if ratios[0] >= bar else "no"
            print(f"| {name} / {ours} | {ratios[0]:.2f} | {bar} | {holds} | {ratios[1]:.2f} |")


def _sample(
    folder: Path, images: Array, batches: list[Array]
) -> dict[str, list[tuple[float, float]]]:
    """Let all append in turn; return microseconds of the processor and of the clock an append."""
    samples: dict[str, list[tuple[float, float]]] = {}
    for _ in range(ROUNDS):
        for name, (file_name, append) in CONTENDERS.items():
            path = folder / file_name
            path.unlink(missing_ok=True)
            if append is append_idxfast:
                seekable = path.suffix == ".gz"
                idxfast.save(path, images[:0], seekable=seekable)
            processor, wall = time.process_time(), time.perf_counter()
            try:
                read = append(path, batches)
            except ImportError as error:
                print(f"skipped: {name} ({error})")
                continue
            times = time.process_time() - processor, time.perf_counter() - wall
            assert np.array_equal(read(), images), name
            samples.setdefault(name, []).append(
                (times[0] / APPENDS * 1e6, times[1] / APPENDS * 1e6)
            )
    return samples


if __name__ == "__main__":
    main()
