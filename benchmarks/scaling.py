"""Write SCALING.md: what each part of a load costs, and the expected time on 1 to 64 cores.

Run `python benchmarks/scaling.py`. It takes less than a minute, and needs two cores that have
nothing else to do. With `--print`, or if the images are synthetic, it prints the page and leaves
the file unchanged.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from costs import Costs, first_bit, measure_costs
from data import prepare
from limits import ideal, libdeflate_call
from machines_text import HEADING
from measure import in_turn, machine, versions
from scaling_text import PAGE
from schedule import Stream, serial_seconds, simulate

import idxfast
from idxfast.gzip.pool import MAX_STEP
from idxfast.native.inflate import END, PAUSE, Inflater
from idxfast.storage.inputs import open_source
from idxfast.storage.source import FileSource
from idxfast.threads.count import MAX_THREADS

CORES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
_PAGE = Path(__file__).with_name("SCALING.md")
_ROUNDS = 31


class Measured(NamedTuple):
    """One data set: its file, the costs of the parts, and whole loads in seconds, by name."""

    size: int
    stream: Stream
    costs: Costs
    loads: dict[str, float]

    def simulated(self, threads: int) -> float:
        """Return the seconds that a simulated load takes."""
        return simulate(self.stream, self.costs, threads)

    @property
    def raw(self) -> float:
        """Seconds for the raw file, on one thread or two."""
        return min(self.loads["raw, 1 thread"], self.loads["raw, 2 threads"])


def main() -> None:
    """Measure, simulate and write."""
    parser = argparse.ArgumentParser(description="Measure and write how load scales.")
    parser.add_argument("--print", action="store_true", help="print the page, do not write it")
    is_printed = parser.parse_args().print
    with tempfile.TemporaryDirectory() as folder:
        files = prepare(Path(folder))
        sets = {name: _measure(path, Path(folder)) for name, path in files.sets.items()}
    found = sets.values()
    columns = [f"{name}{what}" for name in sets for what in (", ms", ", speed", " / raw")]
    page = PAGE.format(
        machine=", ".join(f"{key} {value}" for key, value in machine().items()),
        version=versions()["idxfast"],
        source=files.source,
        step=MAX_STEP >> 10,
        costs=_table(["part", "unit", *sets], _cost_rows(found)),
        check=_table(["", *sets], _check_rows(found)),
        most=MAX_THREADS,
        model=_table(["cores", *columns], _model_rows(found)),
        eight=_eight(sets),
        serial=_table(["", *sets], _serial_rows(found)),
    )
    if is_printed or not files.is_published:
        print(page)
    else:
        _, heading, machines = _PAGE.read_text().partition(HEADING)
        _PAGE.write_text(f"{page}\n{heading}{machines}" if heading else page)


def _measure(path: Path, folder: Path) -> Measured:
    """Measure one data set's train images."""
    data = path.read_bytes()
    unpacked = gzip.decompress(data)
    raw = folder / "raw"
    raw.write_bytes(unpacked)
    with open_source(path) as source:
        assert isinstance(source, FileSource)
        costs = measure_costs(source, np.frombuffer(unpacked, np.uint8))
        blocks = _blocks(data, first_bit(source), len(unpacked))
    calls: dict[str, Callable[[], object]] = {
        "1 thread": partial(idxfast.load, path, threads=1),
        "2 threads": partial(idxfast.load, path, threads=2),
        "raw, 1 thread": partial(idxfast.load, raw, threads=1),
        "raw, 2 threads": partial(idxfast.load, raw, threads=2),
        "one call": libdeflate_call(data, len(unpacked)),
        "ideal 2": ideal(unpacked, 2),
    }
    samples = in_turn(calls, rounds=_ROUNDS)
    loads = {name: min(times) / 1e9 for name, times in samples.items()}
    return Measured(len(data), Stream(blocks, len(unpacked)), costs, loads)


def _blocks(data: bytes, bit: int, total: int) -> list[float]:
    """Return where the blocks of a stream start, and where the last one ends, in bytes."""
    out, inflater = np.empty(total, np.uint8), Inflater()
    blocks, position, stop = [bit / 8], 0, PAUSE
    while stop != END:
        stop, bit, position, reason = inflater.decode(data, bit, out, position, block_stop=0)
        assert reason is None, reason
        blocks.append(bit / 8)
    return blocks


def _cost_rows(sets: Iterable[Measured]) -> list[list[str]]:
    """Write the cost of each part in a suitable unit."""

    def row(part: str, unit: str, cost: Callable[[Measured], float]) -> list[str]:
        return [part, unit, *(_short(cost(found)) for found in sets)]

    def unpacked(packed: Callable[[Costs], float]) -> Callable[[Measured], float]:
        return lambda it: 1e9 * packed(it.costs) * it.size / it.stream.total

    return [
        row("file", "MB", lambda it: it.size / 1e6),
        row("unpacked", "MB", lambda it: it.stream.total / 1e6),
        row("both phases at once", "ms per MB unpacked", unpacked(lambda costs: costs.decode)),
        row("symbols", "ms per MB unpacked", unpacked(lambda costs: costs.symbols)),
        row("copies", "ms per MB unpacked", lambda it: 1e9 * it.costs.copies),
        row("CRC-32", "ms per MB unpacked", lambda it: 1e9 * it.costs.crc),
        row("fresh pages", "ms per MB unpacked", lambda it: 1e9 * it.costs.fresh),
        row("reading", "ms per MB packed", lambda it: 1e9 * it.costs.read),
        row("search for a block", "ns per bit", lambda it: 1e9 * it.costs.search),
        row("start of a thread", "µs", lambda it: 1e6 * it.costs.start),
        row("hand-over to a waiting thread", "µs", lambda it: 1e6 * it.costs.hand_over),
    ]


def _check_rows(sets: Iterable[Measured]) -> list[list[str]]:
    """Compare the simulation with measured loads."""

    def row(what: str, value: Callable[[Measured], float]) -> list[str]:
        return [what, *(f"{value(found):.2f}" for found in sets)]

    return [
        row("1 thread: model / measured", lambda it: it.simulated(1) / it.loads["1 thread"]),
        row("2 threads: model / measured", lambda it: it.simulated(2) / it.loads["2 threads"]),
        row("ideal 2 / half of one call", _pair),
        row(
            "2 threads: model, times that / measured",
            lambda it: it.simulated(2) * _pair(it) / it.loads["2 threads"],
        ),
    ]


def _pair(found: Measured) -> float:
    """Return by which factor two decoders slow each other down."""
    return found.loads["ideal 2"] / (found.loads["one call"] / 2)


def _model_rows(sets: Iterable[Measured]) -> list[list[str]]:
    """Write the simulated times, also relative to one core and to the raw file."""
    rows = []
    for cores in CORES:
        row = [str(cores)]
        for found in sets:
            seconds = found.simulated(cores)
            row += [f"{1e3 * seconds:.1f}", f"{found.simulated(1) / seconds:.1f}"]
            row.append(f"{seconds / found.raw:.1f}")
        rows.append(row)
    return rows


def _eight(sets: dict[str, Measured]) -> str:
    """State the result of the model for eight cores."""
    ratios = [f"{found.simulated(8) / found.raw:.1f} for {name}" for name, found in sets.items()]
    return f"On 8 cores, `load` of the .gz / `load` of the raw file is {' and '.join(ratios)}."


def _serial_rows(sets: Iterable[Measured]) -> list[list[str]]:
    """Write the work that follows the order of the file, and on how many cores it is the limit."""

    def enough(found: Measured) -> int:
        best = found.simulated(CORES[-1])
        return next(cores for cores in CORES if found.simulated(cores) < 1.1 * best)

    serial = [serial_seconds(found.stream, found.costs) for found in sets]
    shares = [seconds / it.simulated(1) for seconds, it in zip(serial, sets, strict=True)]
    return [
        ["copies, CRC-32 and fresh pages, ms", *(f"{1e3 * seconds:.1f}" for seconds in serial)],
        ["the same / one thread's time", *(f"{share:.2f}" for share in shares)],
        ["cores beyond which less than 10 % is gained", *(str(enough(it)) for it in sets)],
    ]


def _short(value: float) -> str:
    """Write a number with at least three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    main()
