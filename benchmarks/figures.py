"""Measure the figures that idxfast promises, on one thread, against their bars.

Run as `python benchmarks/figures.py`, or with `--json FILE` to keep machine, versions and samples.
All figures but the last are ratios of times; a bar holds if minimum and median both stay within.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from contenders import stdlib_gzip
from data import Files, prepare
from measure import Ratio, in_turn, machine, ratio, versions

import idxfast

Calls = dict[str, Callable[[], object]]
Samples = dict[str, list[float]]

_MB = 10**6
_PEAK_BAR = 8 * _MB


class Figure(NamedTuple):
    """One ratio of two functions' times, and what it may be at most."""

    what: str
    function: str
    reference: str
    bar: float = math.inf


FIGURES = (
    Figure("load .gz / one libdeflate call into warm memory", "load .gz", "libdeflate", 1.10),
    Figure("load .gz / gzip.open().read() + frombuffer", "load .gz", "gzip", 1 / 2.5),
    Figure("load raw / np.fromfile", "load raw", "np.fromfile", 0.50),
    Figure("map raw, 47 MB / np.memmap", "map raw", "np.memmap raw", 1.00),
    Figure("map raw, 100 GB / np.memmap", "map sparse", "np.memmap sparse", 1.00),
    Figure("load 10,000 labels .gz / gzip + frombuffer", "load tiny", "gzip tiny", 0.50),
    Figure("load int32 raw / uint8 of the same bytes", "load int32", "load raw", 1.30),
    Figure("load float64 raw / uint8 of the same bytes", "load float64", "load raw", 1.30),
)

LIMITS = (
    Figure("one libdeflate call into warm memory / load .gz", "libdeflate", "load .gz"),
    Figure("copy from warm to warm memory / load raw", "copy", "load raw"),
    Figure("fill of fresh memory / load raw", "fill", "load raw"),
)


def main() -> None:
    """Measure, print, and keep what was asked to be kept."""
    parser = argparse.ArgumentParser(description="Measure the figures that idxfast promises.")
    parser.add_argument("--json", type=Path, metavar="FILE")
    file = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder))
        _check(files)
        samples = _measure(files)
        peak = _peak(files.images)
        peak_bar = _PEAK_BAR + files.images.stat().st_size
    about = {"machine": machine(), "versions": versions(), "data": files.source}
    ratios = {figure.what: _ratio(figure, samples) for figure in (*FIGURES, *LIMITS)}
    for key, value in about.items():
        print(f"{key}: {value}")
    print("\n| figure | minimum | median | bar | holds |\n|---|---|---|---|---|")
    for figure in FIGURES:
        print(_line(figure, ratios[figure.what]))
    print(
        f"| peak memory of load .gz, without its result | {peak / _MB:.1f} MB | "
        f"| {peak_bar / _MB:.1f} MB | {_yes(peak <= peak_bar)} |"
    )
    print("\n| limit | minimum | median |\n|---|---|---|")
    for figure in LIMITS:
        print(_line(figure, ratios[figure.what]))
    if file is not None:
        bars = {figure.what: figure.bar for figure in FIGURES}
        measured = {what: found and found._asdict() for what, found in ratios.items()}
        report = {"ratios": measured, "bars": bars, "peak": peak, "peak_bar": peak_bar}
        file.write_text(json.dumps(about | report | {"samples_ns": samples}, indent=1) + "\n")


def _check(files: Files) -> None:
    """Make sure that what is timed gives the right values."""
    expected = files.expected_images
    for path, mode in ((files.images, None), (files.raw_images, None), (files.raw_images, "r")):
        assert np.array_equal(idxfast.load(path, mmap_mode=mode), expected)
    assert np.array_equal(idxfast.load(files.labels), files.expected_labels)
    for path, dtype in ((files.int32, ">i4"), (files.float64, ">f8")):
        payload = idxfast.load(path).astype(dtype).view(np.uint8)
        assert np.array_equal(payload.ravel(), expected.ravel())


def _measure(files: Files) -> Samples:
    """Time everything, what is compared with one another in one go."""
    return (
        in_turn(_packed(files), rounds=15)
        | in_turn(_raw(files), rounds=40)
        | in_turn(_mapped(files), rounds=40, batch=200)
        | in_turn(_tiny(files), rounds=40, batch=200)
    )


def _packed(files: Files) -> Calls:
    """Name the ways to load the big .gz file, and the limit of the decoder."""
    calls: Calls = {
        "load .gz": partial(idxfast.load, files.images, threads=1),
        "gzip": partial(stdlib_gzip, files.images),
    }
    try:
        import imagecodecs
    except ImportError as error:
        print(f"skipped: the libdeflate call ({error})")
        return calls
    data = files.images.read_bytes()
    # NumPy asks for huge pages, which a bytearray does not.
    warm = np.zeros(16 + files.expected_images.size, np.uint8).data
    return calls | {"libdeflate": partial(imagecodecs.gzip_decode, data, out=warm)}


def _raw(files: Files) -> Calls:
    """Name the ways to load 47 MB of raw payload, and the limits of the memory."""
    source = files.expected_images.ravel()
    return {
        "load raw": partial(idxfast.load, files.raw_images, threads=1),
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
    """Name the ways to load the tiny .gz file."""
    return {
        "load tiny": partial(idxfast.load, files.labels, threads=1),
        "gzip tiny": partial(stdlib_gzip, files.labels),
    }


def _peak(path: Path) -> int:
    """Measure the peak memory of a load, without its result, in a process of its own."""
    script = str(Path(__file__).with_name("peak.py"))
    command = [sys.executable, script, str(path)]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _ratio(figure: Figure, samples: Samples) -> Ratio | None:
    """Give a figure as it was measured, or None where a package was missing."""
    if figure.function not in samples or figure.reference not in samples:
        return None
    return ratio(samples[figure.function], samples[figure.reference])


def _line(figure: Figure, found: Ratio | None) -> str:
    """Write one line of a table; limits have no bar."""
    cells = [figure.what, *(f"{value:.3f}" for value in found or ())]
    if found is None:
        cells += ["skipped", "skipped"]
    if figure.bar < math.inf:
        cells += [f"{figure.bar:.2f}", "" if found is None else _yes(max(found) <= figure.bar)]
    return f"| {' | '.join(cells)} |"


def _yes(holds: bool) -> str:
    """Say whether a bar holds."""
    return "yes" if holds else "NO"


if __name__ == "__main__":
    main()
