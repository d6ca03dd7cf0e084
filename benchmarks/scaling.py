"""Write SCALING.md: what each part of a load costs, and what it should take on 1 to 64 cores.

Run as `python benchmarks/scaling.py`; it takes less than a minute, and wants two cores that have
nothing else to do. With `--print`, and of synthetic images, it prints the page and leaves the file
alone.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
from costs import Costs, measure_costs
from data import prepare
from limits import ideal, libdeflate_call
from measure import in_turn, machine, versions
from scaling_text import PAGE, RAPIDGZIP, RAPIDGZIP_THREADS
from schedule import Outcome, Stream, simulate
from survival import Survival, decoded_share, measure_survival

import idxfast
from idxfast.gzip.ahead import MIN_GAP, SPAN
from idxfast.opening import open_source
from idxfast.source import FileSource
from idxfast.threads import MAX_THREADS

CORES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
_PAGE = Path(__file__).with_name("SCALING.md")
_STARTS = 15
_ROUNDS = 31
# How many times as long as the published file a longer one is taken to be.
_LONGER = 100


class Measured(NamedTuple):
    """One data set's file: its parts, and whole loads (seconds, by name)."""

    size: int
    total: int
    costs: Costs
    survival: list[Survival]
    loads: dict[str, float]
    decoded: float  # how often 2 threads decode a byte, on average

    def simulated(self, threads: int, length: int = 1) -> Outcome:
        """Load the file, or one of so many times its length, in the simulation."""
        starts = [found.start for found in self.survival]
        known = [found.packed for found in self.survival if found.packed < np.inf]
        # In a longer file, what survives to the end of this one would die out some time.
        longest = max(known, default=self.size) if length > 1 else self.size
        packed = [min(found.packed, longest) for found in self.survival]

        def survival(start: float) -> float:
            return float(np.interp(start % self.size, starts, packed))

        stream = Stream(length * self.size, length * self.total, survival)
        return simulate(stream, self.costs, threads)


def main() -> None:
    """Measure, simulate and write."""
    parser = argparse.ArgumentParser(description="Measure and write how load scales.")
    parser.add_argument("--print", action="store_true", help="print, write nothing")
    is_printed = parser.parse_args().print
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder))
        sets = {name: _measure(path) for name, path in files.sets.items()}
    found = sets.values()
    lengths = [f"{name}{longer}" for name in sets for longer in ("", f", {_LONGER} times as long")]
    page = PAGE.format(
        machine=", ".join(f"{key} {value}" for key, value in machine().items()),
        version=versions()["idxfast"],
        source=files.source,
        costs=_table(["part", "unit", *sets], _cost_rows(found)),
        starts=_STARTS,
        survival=_table(["unpacked MB until a run is right", *sets], _survival_rows(found)),
        check=_table(["", *sets], _check_rows(found)),
        most=MAX_THREADS,
        gap=MIN_GAP >> 20,
        span=SPAN >> 20,
        model=_table(["cores", *lengths], _model_rows(found)),
        rapidgzip=_table(["threads", *RAPIDGZIP], _rapidgzip_rows()),
    )
    if is_printed or not files.is_published:
        print(page)
    else:
        _PAGE.write_text(page)


def _measure(path: Path) -> Measured:
    """Measure one data set's train images."""
    data = path.read_bytes()
    unpacked = gzip.decompress(data)
    content = np.frombuffer(unpacked, np.uint8)
    with open_source(path) as source:
        assert isinstance(source, FileSource)
        costs = measure_costs(source, content)
        survival = measure_survival(source, content, _STARTS)
    calls: dict[str, Callable[[], object]] = {
        "1 thread": partial(idxfast.load, path, threads=1),
        "2 threads": partial(idxfast.load, path, threads=2),
        "one call": libdeflate_call(data, len(unpacked)),
        "ideal 2": ideal(unpacked, 2),
    }
    samples = in_turn(calls, rounds=_ROUNDS)
    loads = {name: min(times) / 1e9 for name, times in samples.items()}
    decoded = decoded_share(path, threads=2, rounds=_ROUNDS)
    return Measured(len(data), len(unpacked), costs, survival, loads, decoded)


def _cost_rows(sets: Iterable[Measured]) -> list[list[str]]:
    """Write each part's cost in a unit that fits it."""

    def row(part: str, unit: str, cost: Callable[[Measured], float]) -> list[str]:
        return [part, unit, *(_short(cost(found)) for found in sets)]

    return [
        row("file", "MB", lambda it: it.size / 1e6),
        row("unpacked", "MB", lambda it: it.total / 1e6),
        row("decode", "ms per MB unpacked", lambda it: 1e9 * it.costs.decode * it.size / it.total),
        row("CRC-32", "ms per MB unpacked", lambda it: 1e9 * it.costs.crc),
        row("fresh pages", "ms per MB unpacked", lambda it: 1e9 * it.costs.fresh),
        row("copy of a run", "ms per MB unpacked", lambda it: 1e9 * it.costs.copy),
        row("reading", "ms per MB packed", lambda it: 1e9 * it.costs.read),
        row("search for a cut", "ns per bit", lambda it: 1e9 * it.costs.search),
        row("from a bit to the next cut", "bits", lambda it: it.costs.gap),
        row("comparison of two windows", "µs", lambda it: 1e6 * it.costs.compare),
        row("start of a thread", "µs", lambda it: 1e6 * it.costs.start),
        row("hand-over to a waiting thread", "µs", lambda it: 1e6 * it.costs.hand_over),
    ]


def _survival_rows(sets: Iterable[Measured]) -> list[list[str]]:
    """Sum up how long runs go unconfirmed, and say what that is of the whole file."""
    lists = [[run.unpacked / 1e6 for run in found.survival] for found in sets]
    known = [[size for size in sizes if size < np.inf] for sizes in lists]
    return [
        ["least", *(f"{min(sizes):.1f}" for sizes in known)],
        ["median", *(f"{median(sizes):.1f}" for sizes in known)],
        ["most", *(f"{max(sizes):.1f}" for sizes in known)],
        [
            "starts from which it is not right before the file ends",
            *(str(len(sizes) - len(ends)) for sizes, ends in zip(lists, known, strict=True)),
        ],
    ]


def _check_rows(sets: Iterable[Measured]) -> list[list[str]]:
    """Hold the simulation against what was measured."""

    def row(what: str, value: Callable[[Measured], str]) -> list[str]:
        return [what, *(value(found) for found in sets)]

    def share(threads: int) -> Callable[[Measured], str]:
        name = "1 thread" if threads == 1 else f"{threads} threads"
        return lambda it: f"{it.simulated(threads).seconds / it.loads[name]:.2f}"

    return [
        row("1 thread: model / measured", share(1)),
        row("2 threads: model / measured", share(2)),
        row("ideal 2 / half of one call", lambda it: f"{_pair(it):.2f}"),
        row(
            "2 threads: model, times that / measured",
            lambda it: f"{it.simulated(2).seconds * _pair(it) / it.loads['2 threads']:.2f}",
        ),
        row(
            "2 threads: how often a byte is decoded, model", lambda it: f"{it.simulated(2)[1]:.2f}"
        ),
        row("the same, measured", lambda it: f"{it.decoded:.2f}"),
    ]


def _pair(found: Measured) -> float:
    """How many times as long two decoders take at the same time as they would alone."""
    return found.loads["ideal 2"] / (found.loads["one call"] / 2)


def _model_rows(sets: Iterable[Measured]) -> list[list[str]]:
    """Write the simulated speed of each file and of a longer one, relative to one core."""
    columns = []
    for found in sets:
        for length in (1, _LONGER):
            times = [found.simulated(cores, length).seconds for cores in CORES]
            columns.append([f"{times[0] / seconds:.1f}" for seconds in times])
    return [[str(cores), *cells] for cores, *cells in zip(CORES, *columns, strict=True)]


def _rapidgzip_rows() -> list[list[str]]:
    """Write rapidgzip's published bandwidths relative to its own on one thread."""
    columns = [[f"{mb / rates[0]:.1f}" for mb in rates] for rates in RAPIDGZIP.values()]
    return [[str(n), *cells] for n, *cells in zip(RAPIDGZIP_THREADS, *columns, strict=True)]


def _short(value: float) -> str:
    """Write a number with three digits or more."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
