"""Compare the sizes of files that `save` writes with zlib's and bgzip's at each level, as ratios.

Run `python benchmarks/sizes.py [SIZE...]`; sizes are in bytes. `--rows` prints all ratios, not only
those beyond a bar. Files of one member are compared with zlib's, seekable ones with bgzip's if it
is installed. 50 MB of each kind take an hour. Nothing is timed, so all cores are used.
"""

from __future__ import annotations

import argparse
import gzip
import io
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np
from kinds import kinds
from measure import versions

import idxfast

DEFAULT_SIZES = (1_000, 20_000, 300_000, 2_500_000)
LEVELS = range(13)
# The levels that zlib and bgzip have.
COMMON = range(10)


class Bar(NamedTuple):
    """The largest value that a ratio of sizes should have."""

    what: str
    most: float


STORED = Bar("level 0 / the other's", 1.05)
LOW = Bar("levels 1 to 5 / the other's", 1.5)
HIGH = Bar("levels 6 to 9 / the other's", 1.05)
HIGHEST = Bar("levels 10 to 12 / our 9", 1.0)
ORDER = Bar("level n + 1 / our n", 1.01)
BARS = (STORED, LOW, HIGH, HIGHEST, ORDER)


class Found(NamedTuple):
    """A ratio, the level, and the data and the way in which they were saved."""

    bar: Bar
    ratio: float
    level: int
    data: str


def main() -> None:
    """Measure; print the worst ratio for each bar, and all ratios beyond a bar."""
    parser = argparse.ArgumentParser(description="Compare the sizes of saved files with bars.")
    parser.add_argument("sizes", nargs="*", type=int, default=DEFAULT_SIZES, metavar="SIZE")
    parser.add_argument("--rows", action="store_true", help="print all ratios")
    options = parser.parse_args()
    print(f"versions: {versions()}, zlib {zlib.ZLIB_RUNTIME_VERSION}, {_bgzip_version()}")
    cases = [(kind, size) for size in options.sizes for kind in kinds()]
    with ProcessPoolExecutor() as pool:
        found = [one for many in pool.map(_measure, cases) for one in many]
    print("\n| bar | most | worst | level | of | holds |\n|---|---|---|---|---|---|")
    for way in ("member", "seekable"):
        for bar in BARS:
            of_bar = [one for one in found if one.bar == bar and one.data.startswith(way)]
            if of_bar:
                _print(max(of_bar, key=lambda one: one.ratio))
    beyond = [one for one in found if options.rows or one.ratio > one.bar.most]
    print(f"\n{len(found)} ratios, {sum(one.ratio > one.bar.most for one in found)} beyond a bar")
    for one in beyond:
        _print(one)


def ratios(data: bytes, seekable: bool) -> Iterator[tuple[Bar, int, float]]:
    """Save the bytes at each level; yield each ratio with its bar and the level."""
    others = _bgzip(data) if seekable else _zlib(data)
    sizes = [len(saved(data, level, seekable)) for level in LEVELS]
    for level, other in enumerate(others):
        bar = STORED if level == 0 else LOW if level < 6 else HIGH
        yield bar, level, sizes[level] / other
    for level in LEVELS[10:]:
        yield HIGHEST, level, sizes[level] / sizes[9]
    for level in LEVELS[2:]:
        yield ORDER, level, sizes[level] / sizes[level - 1]


def saved(data: bytes, level: int, seekable: bool) -> bytes:
    """Save bytes as uint8; return the file, which gzip has been able to read."""
    file = io.BytesIO()
    array = np.frombuffer(data, np.uint8)
    idxfast.save(file, array, compresslevel=level, seekable=seekable)
    content = gzip.decompress(file.getvalue())
    assert content[8:] == data
    return file.getvalue()


def _measure(case: tuple[str, int]) -> list[Found]:
    kind, size = case
    data = kinds()[kind](size)
    return [
        Found(bar, ratio, level, f"{'seekable' if seekable else 'member'}, {kind}, {size:,} bytes")
        for seekable in (False, True)
        for bar, level, ratio in ratios(data, seekable)
    ]


def _content(data: bytes) -> bytes:
    """Return the raw IDX file of these bytes."""
    return idxfast.dumps(np.frombuffer(data, np.uint8))


def _zlib(data: bytes) -> list[int]:
    sizes = []
    for level in COMMON:
        compressor = zlib.compressobj(level, wbits=31)
        sizes.append(len(compressor.compress(_content(data)) + compressor.flush()))
    return sizes


def _bgzip(data: bytes) -> list[int]:
    if shutil.which("bgzip") is None:
        return []
    return [
        len(
            subprocess.run(
                ["bgzip", "-c", "-l", str(level)],
                input=_content(data),
                stdout=subprocess.PIPE,
                check=True,
            ).stdout
        )
        for level in COMMON
    ]


def _bgzip_version() -> str:
    if shutil.which("bgzip") is None:
        return "bgzip not installed"
    command = ["bgzip", "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]


def _print(one: Found) -> None:
    holds = "yes" if one.ratio <= one.bar.most else "NO"
    cells = [one.bar.what, f"{one.bar.most:.2f}", f"{one.ratio:.3f}", str(one.level), one.data]
    print(f"| {' | '.join([*cells, holds])} |")


if __name__ == "__main__":
    main()
