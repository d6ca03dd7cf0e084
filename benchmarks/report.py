"""Figures as ratios, their bars, and tables of them."""

from __future__ import annotations

import math
from typing import NamedTuple

from calls import Samples
from measure import Ratio, ratio


class Figure(NamedTuple):
    """A ratio of the samples of two functions, and the largest value that it aims at."""

    what: str
    function: str
    reference: str
    bar: float = math.inf

    def measured(self, samples: Samples) -> Ratio | None:
        """Return the measured ratio, or None if a package was missing."""
        if self.function not in samples or self.reference not in samples:
            return None
        return ratio(samples[self.function], samples[self.reference])

    def line(self, samples: Samples) -> str:
        """Write its line of a table with bars."""
        cells = _cells(self.measured(samples))
        bar, holds = "none", ""
        if self.bar < math.inf:
            found = self.measured(samples)
            bar, holds = f"{self.bar:.2f}", "" if found is None else yes(max(found) <= self.bar)
        return f"| {self.what} | {' | '.join(cells)} | {bar} | {holds} |"

    def limit_line(self, samples: Samples) -> str:
        """Write its line of a table without bars."""
        return f"| {self.what} | {' | '.join(_cells(self.measured(samples)))} |"


def yes(holds: bool) -> str:
    """Write whether a bar holds."""
    return "yes" if holds else "NO"


def readme_table(sets: list[str], samples: Samples) -> str:
    """Write the table in benchmarks/README.md from the medians of one run."""
    stdlib = "`gzip.open().read()` + `np.frombuffer`"
    rows = [["what", "against", "1 thread", "2 threads"], ["---"] * 4]

    def add(what: str, against: str, reference: str, one: str = "", two: str = "") -> None:
        cells = (_median(Figure("", function, reference), samples) for function in (one, two))
        rows.append([what, against, *cells])

    for name in sets:
        what, load = f"`load` of {name}'s .gz", f"{name}: load"
        calls = (f"{load}, 1 thread", f"{load}, 2 threads")
        add(what, stdlib, f"{name}: gzip", *calls)
        add(what, "rapidgzip on all cores", f"{name}: rapidgzip", *calls)
        beside = f"{load} beside one call", f"{load} beside ideal 2"
        add(what, "one libdeflate call, memory to memory", f"{name}: one call", beside[0])
        halves = "two such calls at once, half the images each"
        add(what, halves, f"{name}: ideal 2", "", beside[1])
        add(what, "the same on 1 thread", calls[0], "", calls[1])
    raw = ("load raw, 1 thread", "load raw, 2 threads")
    add("`load` of the raw file", "`np.fromfile`", "np.fromfile", *raw)
    mapped = '`load(..., mmap_mode="r")`'
    add(f"{mapped}, 47 MB", "`np.memmap` with the shape given", "np.memmap raw", "map raw")
    add(f"{mapped}, 100 GB", "the same", "np.memmap sparse", "map sparse")
    add("`load` of 10,000 labels (.gz)", stdlib, "gzip tiny", "load tiny")
    for name in sets:
        whole, gzip = f"{name}: save with gzip", '`gzip.open("wb", 6)`'
        calls = (f"{name}: save, 1 thread", f"{name}: save, 2 threads")
        add(f"`save` of {name} as .gz", gzip, whole, *calls)
        blocks = f"{name}: save in blocks, 2 threads"
        add(f"`save(..., seekable=True)`, {name}", gzip, whole, "", blocks)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(found: Ratio | None) -> list[str]:
    return ["skipped", "skipped"] if found is None else [f"{value:.3f}" for value in found]


def _median(figure: Figure, samples: Samples) -> str:
    found = figure.measured(samples)
    return "" if found is None else f"{found.median:.2f}"
