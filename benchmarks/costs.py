"""What each part of a load of a .gz costs on this machine, each measured by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

import numpy as np
from idx import Array

from idxfast.gzip.copies import PART
from idxfast.gzip.members import enter
from idxfast.gzip.segments import Feed
from idxfast.gzip.team import MIN_STEP, UNPACKED_STEP
from idxfast.helpers import Helper
from idxfast.native.blocks import find_block
from idxfast.native.checksum import crc32
from idxfast.native.codec import COMPLETE, CUT, WINDOW, decode_segment
from idxfast.source import Source

# Of so many measurements the best is taken: what a part costs when nothing disturbs it.
ROUNDS = 25
_SEARCHES = 200
_SWITCHES = 500


class Costs(NamedTuple):
    """Seconds: for a byte, packed or unpacked; for a bit; or for one time."""

    decode: float  # a packed byte, in segments, into warm memory
    crc: float  # an unpacked byte, just decoded
    search: float  # a bit that is searched for a cut
    gap: float  # not a time: bits to the next cut, on average
    fresh: float  # an unpacked byte of memory that was never touched, beside the writing
    read: float  # a packed byte, from the system's cache
    compare: float  # two windows
    copy: float  # an unpacked byte, from a run's memory to its place
    start: float  # a thread, until it runs
    hand_over: float  # until a thread that waits goes on


def measure_costs(source: Source, content: Array) -> Costs:
    """Measure them on one file.

    Parameters
    ----------
    source : Source
        The .gz file, of one member.
    content : ndarray of uint8
        What it unpacks to.
    """
    out = content.copy()
    step = segment_step(source.size, content.size)
    walks = [_walk(source, out, step) for _ in range(ROUNDS)]
    decode, crc = (min(times) for times in zip(*walks, strict=True))
    assert np.array_equal(out, content)
    search, gap = _search(source)
    buffer = memoryview(np.zeros(step, np.uint8))
    return Costs(
        decode=decode / source.size,
        crc=crc / out.size,
        search=search,
        gap=gap,
        fresh=max(_best(lambda: np.empty_like(out).fill(1)) - _best(lambda: out.fill(1)), 0)
        / out.size,
        read=_best(lambda: _read(source, buffer)) / source.size,
        compare=_best(lambda: content[:WINDOW].tobytes() == content[-WINDOW:].tobytes()),
        copy=_best(lambda: _copy(content, out)) / out.size,
        start=min(_start() for _ in range(4 * ROUNDS)),
        hand_over=min(_hand_over() for _ in range(ROUNDS)),
    )


def segment_step(size: int, total: int) -> int:
    """The packed bytes of a team's segments, of a file that unpacks from `size` to `total`."""
    return max(MIN_STEP, UNPACKED_STEP * size // total)


def _walk(source: Source, out: Array, step: int) -> tuple[float, float]:
    """Decode a file in segments, as the leader of a team does; time decoding and checksums."""
    feed = Feed(source)
    enter(feed, source.name, 1)
    memory, position, result = memoryview(out), 0, CUT
    decoding, checking, crc = 0.0, 0.0, 0
    while result != COMPLETE:
        segment = feed.segment(step)
        begin = perf_counter()
        result, end, after = decode_segment(
            feed.data, *segment, memory, position, min(position, WINDOW)
        )
        decoded = perf_counter()
        crc = crc32(memory[position:after], crc)
        checking += perf_counter() - decoded
        decoding += decoded - begin
        if result not in (CUT, COMPLETE):
            raise ValueError(f"{source.name} cannot be decoded in segments")
        feed.move_to(8 * end if result == COMPLETE else segment[1])
        position = after
    return decoding, checking


def _search(source: Source) -> tuple[float, float]:
    """Search from many places for the next cut; return seconds per bit, and bits on average."""
    data = source.read(0, source.size)
    starts = range(8 * 1024, 8 * (source.size * 9 // 10), 8 * source.size // _SEARCHES)
    bits = sum(find_block(data, start, 8 * len(data)) - start for start in starts)

    def search() -> None:
        for start in starts:
            find_block(data, start, 8 * len(data))

    return _best(search) / bits, bits / len(starts)


def _read(source: Source, buffer: memoryview) -> None:
    for offset in range(0, source.size, len(buffer)):
        source.read_into(buffer[: source.size - offset], offset)


def _copy(content: Array, out: Array) -> None:
    for start in range(0, len(content), PART):
        np.copyto(out[start : start + PART], content[start : start + PART])


def _start() -> float:
    """Start one thread."""
    running = []
    begin = perf_counter()
    helper = Helper(lambda: running.append(perf_counter()))
    helper.start()
    helper.join()
    return running[0] - begin


def _hand_over() -> float:
    """Have two threads wait for each other in turn."""
    changed = threading.Condition()
    turn = 0

    def wait(own: int) -> None:
        nonlocal turn
        for _ in range(_SWITCHES):
            with changed:
                while turn != own:
                    changed.wait()
                turn = 1 - own
                changed.notify_all()

    other = Helper(lambda: wait(1))
    other.start()
    begin = perf_counter()
    wait(0)
    seconds = perf_counter() - begin
    other.join()
    return seconds / (2 * _SWITCHES)


def _best(function: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        begin = perf_counter()
        function()
        times.append(perf_counter() - begin)
    return min(times)
