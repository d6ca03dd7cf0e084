"""The calls that ratios.py times, by name; calls that are compared are timed in one run."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path

import contenders
import numpy as np
from costs import parts
from data import Files
from idx import Array
from limits import ideal, libdeflate_call, search_share
from measure import in_turn
from savers import save_idxfast, save_on_two, save_seekable, save_stdlib_gzip

import idxfast
from idxfast.storage.inputs import open_source
from idxfast.storage.source import FileSource

Calls = dict[str, Callable[[], object]]
Samples = dict[str, list[float]]

# Loaders of the same .gz file, each on all the cores that it can use.
PEERS: dict[str, contenders.Loader] = {
    "imagecodecs": contenders.imagecodecs,
    "deflate": contenders.deflate,
    "isal": contenders.isal,
    "zlib-ng": contenders.zlib_ng,
    "rapidgzip": partial(contenders.rapidgzip, threads=0),
}


def sample_all(files: Files, folder: Path) -> Samples:
    """Time everything, in nanoseconds per call; sizes are in bytes, searches are counted."""
    samples = (
        in_turn(_raw(files), rounds=40)
        | in_turn(_mapped(files), rounds=40, batch=200)
        | in_turn(_tiny(files), rounds=40, batch=200)
    )
    for name, path in files.sets.items():
        array = idxfast.load(path)
        measured = in_turn(_packed(path, array), rounds=25)
        for pair in _limits(path):
            measured |= in_turn(pair, rounds=25)
        measured |= _parts(path)
        searches, loads, count = search_share(path, threads=2, rounds=11)
        measured |= {
            "search": searches,
            "load with timed search": loads,
            "number of searches": [float(count)],
        }
        measured |= _save(folder, array)
        samples |= {f"{name}: {key}": values for key, values in measured.items()}
    return samples


def _packed(path: Path, array: Array) -> Calls:
    """Name the ways to load a big .gz file."""
    calls: Calls = {
        "load, 1 thread": partial(idxfast.load, path, threads=1),
        "load, 2 threads": partial(idxfast.load, path, threads=2),
        "gzip": partial(contenders.stdlib_gzip, path),
    }
    found, skipped = contenders.usable(PEERS, path, array)
    for name, reason in skipped.items():
        print(f"skipped: {name} ({reason})")
    return calls | {name: partial(load, path) for name, load in found.items()}


def _limits(path: Path) -> list[Calls]:
    """Name each load beside its limit, and the two limits beside each other.

    A load allocates memory, and a limit does not. A load is therefore slower if other functions are
    timed in between: it took 1.10 times as long as its limit among all peers, and 1.05 times when
    the two were timed alone.
    """
    data = path.read_bytes()
    content = gzip.decompress(data)
    try:
        call, halves = libdeflate_call(data, len(content)), ideal(content, threads=2)
    except ImportError:
        return []
    return [
        {"load beside one call": partial(idxfast.load, path, threads=1), "one call": call},
        {"load beside ideal 2": partial(idxfast.load, path, threads=2), "ideal 2": halves},
        {"one call beside ideal 2": call, "ideal 2 beside one call": halves},
    ]


def _parts(path: Path) -> Samples:
    """Time a load and its parts, and add up the parts of each round."""
    content = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8)
    with open_source(path) as source:
        assert isinstance(source, FileSource)
        load: Calls = {"load beside its parts": partial(idxfast.load, path, threads=1)}
        samples = in_turn(load | parts(source, content), rounds=31)
    rounds = zip(
        *(samples[name] for name in ("decoding", "reading", "CRC-32", "fresh pages")), strict=True
    )
    return samples | {"parts": list(map(sum, rounds))}


def _raw(files: Files) -> Calls:
    """Name the ways to load 47 MB of raw payload, and the limits that memory sets."""
    source = files.expected_images.ravel()
    return {
        "load raw, 1 thread": partial(idxfast.load, files.raw_images, threads=1),
        "load raw, 2 threads": partial(idxfast.load, files.raw_images, threads=2),
        "np.fromfile": partial(np.fromfile, files.raw_images, np.uint8, offset=16),
        "load int32": partial(idxfast.load, files.int32, threads=1),
        "load float64": partial(idxfast.load, files.float64, threads=1),
        "copy": partial(np.copyto, np.zeros_like(source), source),
        "fill": lambda: np.empty_like(source).fill(1),
    }


def _mapped(files: Files) -> Calls:
    """Name the ways to map a small and a huge raw file."""
    calls: Calls = {}
    for name, path in (("raw", files.raw_images), ("sparse", files.sparse)):
        shape = (path.stat().st_size // (28 * 28), 28, 28)
        calls[f"map {name}"] = partial(idxfast.load, path, mmap_mode="r")
        calls[f"np.memmap {name}"] = partial(np.memmap, path, np.uint8, "r", offset=16, shape=shape)
    return calls


def _tiny(files: Files) -> Calls:
    """Name the ways to load the small .gz file."""
    return {
        "load tiny": partial(idxfast.load, files.labels, threads=1),
        "gzip tiny": partial(contenders.stdlib_gzip, files.labels),
    }


def _save(folder: Path, array: Array) -> Samples:
    """Time the ways to save a big .gz file, check the files, and record their sizes."""
    savers = {
        "save, 1 thread": save_idxfast,
        "save, 2 threads": save_on_two,
        "save in blocks, 2 threads": save_seekable,
        "save with gzip": save_stdlib_gzip,
    }
    paths = {name: folder / f"{name}.gz" for name in savers}
    calls: Calls = {name: partial(save, paths[name], array) for name, save in savers.items()}
    samples = in_turn(calls, rounds=5)
    for name, path in paths.items():
        assert np.array_equal(contenders.stdlib_gzip(path), array)
        samples[f"size, {name}"] = [float(path.stat().st_size)]
    return samples
