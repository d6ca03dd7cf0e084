"""Measure idxfast against others and against the machine, on one thread and on two, as ratios.

Run `python benchmarks/ratios.py`; `--json FILE` keeps machine, versions and samples. All figures
but the sizes are ratios of times. A bar is an aim, not a promise. The table says whether each bar
holds in this run, that is, whether both minimum and median are within it.
The script takes about two minutes, and needs two cores that have nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from calls import PEERS, Samples, sample_all
from data import Files, prepare
from measure import machine, versions
from report import Figure, readme_table, yes

import idxfast

_MB = 10**6
# Bytes, by the number of threads.
_PEAK_BARS = {1: 4 * _MB, 2: 12 * _MB}

# The time that load aims at, as a multiple of one libdeflate call, and on two threads as a multiple
# of "ideal 2". MNIST needs more time for copies, which one thread at a time makes.
_CALL_BARS = {"Fashion-MNIST": 0.85}
_CALL_BAR = 0.92
_IDEAL_BARS = {"Fashion-MNIST": 0.85}
_IDEAL_BAR = 1.00
# The bar against gzip on two threads applies only if two threads are at least this many times as
# fast as one: on shared machines, the second core comes and goes.
_SECOND_CORE = 1.7

FIGURES = (
    Figure("load raw / np.fromfile", "load raw, 1 thread", "np.fromfile", 0.50),
    Figure("load raw, 2 threads / np.fromfile", "load raw, 2 threads", "np.fromfile", 0.40),
    Figure("load raw, 2 threads / 1 thread", "load raw, 2 threads", "load raw, 1 thread", 1.00),
    Figure("map raw, 47 MB / np.memmap", "map raw", "np.memmap raw", 1.00),
    Figure("map raw, 100 GB / np.memmap", "map sparse", "np.memmap sparse", 1.00),
    Figure("load 10,000 labels .gz / gzip + frombuffer", "load tiny", "gzip tiny", 0.50),
    Figure("load int32 raw / uint8 of the same bytes", "load int32", "load raw, 1 thread", 1.30),
    Figure(
        "load float64 raw / uint8 of the same bytes", "load float64", "load raw, 1 thread", 1.30
    ),
)

LIMITS = (
    Figure("copy from warm to warm memory / load raw", "copy", "load raw, 1 thread"),
    Figure("fill of fresh memory / load raw", "fill", "load raw, 1 thread"),
)


def main() -> None:
    """Measure, print, and write the JSON file that was asked for."""
    parser = argparse.ArgumentParser(description="Measure idxfast, and compare it with its bars.")
    parser.add_argument("--json", type=Path, metavar="FILE")
    file = parser.parse_args().json
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder))
        _check(files)
        samples = sample_all(files, Path(folder))
        peaks = {
            f"{name}: peak memory of load beside its result, threads: {threads}": (
                _peak(path, threads),
                bar,
            )
            for name, path in files.sets.items()
            for threads, bar in _PEAK_BARS.items()
        }
    about = {"machine": machine(), "versions": versions(), "data": files.source}
    figures = [*FIGURES, *(figure for name in files.sets for figure in _packed(name, samples))]
    limits = [*LIMITS, *(limit for name in files.sets for limit in _packed_limits(name))]
    for key, value in about.items():
        print(f"{key}: {value}")
    print("\n| figure | minimum | median | bar | holds |\n|---|---|---|---|---|")
    for figure in figures:
        print(figure.line(samples))
    for what, (peak, bar) in peaks.items():
        print(f"| {what} | {peak / _MB:.1f} MB | | {bar / _MB:.0f} MB | {yes(peak <= bar)} |")
    print("\n| limit | minimum | median |\n|---|---|---|")
    for limit in limits:
        print(limit.limit_line(samples))
    for name in files.sets:
        print(f"\n{name}: {samples[f'{name}: number of searches'][0]:.0f} searches for a block")
    print(f"\nFor benchmarks/README.md, medians:\n\n{readme_table(list(files.sets), samples)}")
    if file is not None:
        ratios = {figure.what: figure.measured(samples) for figure in (*figures, *limits)}
        report = {
            "ratios": {what: found and found._asdict() for what, found in ratios.items()},
            "bars": {figure.what: figure.bar for figure in figures if figure.bar < math.inf},
            "peaks": {what: {"peak": peak, "bar": bar} for what, (peak, bar) in peaks.items()},
        }
        file.write_text(json.dumps(about | report | {"samples": samples}, indent=1) + "\n")


def _check(files: Files) -> None:
    """Check that the calls which are timed return the right values."""
    expected = files.expected_images
    for path, mode in ((files.images, None), (files.raw_images, None), (files.raw_images, "r")):
        assert np.array_equal(idxfast.load(path, mmap_mode=mode), expected)
    assert np.array_equal(idxfast.load(files.labels), files.expected_labels)
    for path, dtype in ((files.int32, ">i4"), (files.float64, ">f8")):
        payload = idxfast.load(path).astype(dtype).view(np.uint8)
        assert np.array_equal(payload.ravel(), expected.ravel())


def _packed(name: str, samples: Samples) -> list[Figure]:
    """Name the figures of one data set's train images (.gz)."""
    one, two = f"{name}: load, 1 thread", f"{name}: load, 2 threads"
    return [
        Figure(
            f"{one} / one libdeflate call into warm memory",
            f"{name}: load beside one call",
            f"{name}: one call",
            _CALL_BARS.get(name, _CALL_BAR),
        ),
        Figure(
            f"{one} / decoding + reading + fresh pages + CRC-32",
            f"{name}: load beside its parts",
            f"{name}: parts",
            1.05,
        ),
        Figure(f"{one} / gzip.open().read() + frombuffer", one, f"{name}: gzip", 0.30),
        Figure(
            f"{two} / ideal 2",
            f"{name}: load beside ideal 2",
            f"{name}: ideal 2",
            _IDEAL_BARS.get(name, _IDEAL_BAR),
        ),
        *(Figure(f"{two} / {peer}", two, f"{name}: {peer}", 1.00) for peer in PEERS),
        Figure(
            f"{two} / gzip.open().read() + frombuffer",
            two,
            f"{name}: gzip",
            0.20 if _has_second_core(name, samples) else math.inf,
        ),
        Figure(
            f"{name}: search for blocks / load, 2 threads",
            f"{name}: search",
            f"{name}: load with timed search",
            0.02,
        ),
        *(
            figure
            for saved in ("save, 2 threads", "save in blocks, 2 threads")
            for figure in _saved(name, saved)
        ),
    ]


def _saved(name: str, saved: str) -> list[Figure]:
    """Name the figures of one way to save one data set's train images."""
    save, size, whole = f"{name}: {saved}", f"{name}: size, {saved}", "save with gzip"
    return [
        Figure(f'{save} / gzip.open("wb", 6)', save, f"{name}: {whole}", 1 / 8),
        Figure(f"{size} / that of gzip", size, f"{name}: size, {whole}", 1.03),
    ]


def _packed_limits(name: str) -> list[Figure]:
    """Name the figures that show how near one data set is to the limits."""
    two, one = f"{name}: load, 2 threads", f"{name}: load, 1 thread"
    return [_second_core(name), Figure(f"{two} / 1 thread", two, one)]


def _second_core(name: str) -> Figure:
    """Name the figure that shows how much of a second core was available."""
    return Figure(
        f"{name}: ideal 2 / one libdeflate call",
        f"{name}: ideal 2 beside one call",
        f"{name}: one call beside ideal 2",
    )


def _has_second_core(name: str, samples: Samples) -> bool:
    """Whether two threads of libdeflate were as fast as a second core allows."""
    limit = _second_core(name).measured(samples)
    return limit is not None and max(limit) <= 1 / _SECOND_CORE


def _peak(path: Path, threads: int) -> int:
    """Measure the peak memory of a load, without its result, in a process of its own."""
    script = str(Path(__file__).with_name("peak.py"))
    command = [sys.executable, script, str(path), str(threads)]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


if __name__ == "__main__":
    main()
