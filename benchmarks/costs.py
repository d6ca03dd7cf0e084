"""What each part of a load of a .gz costs on this machine, each measured by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import NamedTuple

import numpy as np
from idx import Array
from measure import in_turn

from idxfast.gzip.decoder import PIECE
from idxfast.gzip.feed import CHUNK, Feed
from idxfast.gzip.members import enter
from idxfast.gzip.pool import MAX_STEP, MIN_STEP, UNPACKED_STEP
from idxfast.gzip.segments import LITERALS, MATCHES
from idxfast.native.blocks import find_block
from idxfast.native.checksum import crc32
from idxfast.native.inflate import END, PAUSE, Inflater, Symbols
from idxfast.storage.source import Source
from idxfast.threads.thread import Helper

# Of so many measurements the best is taken: what a part costs when nothing disturbs it.
ROUNDS = 25
_SEARCHES = 200
_SWITCHES = 500


class Costs(NamedTuple):
    """Seconds: for a byte, packed or unpacked; for a bit; or for one time."""

    decode: float  # a packed byte, both phases at once, into warm memory
    symbols: float  # a packed byte, the first phase of a segment
    copies: float  # an unpacked byte, its second phase, into warm memory
    crc: float  # an unpacked byte, in the second-level cache
    fresh: float  # an unpacked byte of memory that was never touched, beside the writing
    read: float  # a packed byte, from the system's cache
    search: float  # a bit that is searched for a block
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
    samples = in_turn(parts(source, content), rounds=ROUNDS)
    best = {name: min(times) / 1e9 for name, times in samples.items()}
    fresh = max(best["fill of fresh memory"] - best["fill of warm memory"], 0)
    symbols, copies = _two_phases(source, content)
    return Costs(
        decode=best["decoding"] / source.size,
        symbols=symbols / source.size,
        copies=copies / content.size,
        crc=best["CRC-32"] / content.size,
        fresh=fresh / content.size,
        read=best["reading"] / source.size,
        search=_search(source),
        start=min(_start() for _ in range(4 * ROUNDS)),
        hand_over=min(_hand_over() for _ in range(ROUNDS)),
    )


def parts(source: Source, content: Array) -> dict[str, Callable[[], object]]:
    """Name the parts of a load on one thread. Fresh pages cost what one fill takes longer."""
    out = content.copy()
    buffer = memoryview(np.zeros(CHUNK, np.uint8))
    return {
        "decoding": partial(_decode, source.read(0, source.size), first_bit(source), out),
        "reading": partial(_read, source, buffer),
        "CRC-32": partial(_check, out[:PIECE], len(out)),
        "fill of warm memory": partial(out.fill, 1),
        "fill of fresh memory": lambda: np.empty_like(out).fill(1),
    }


def first_bit(source: Source) -> int:
    """Where the DEFLATE stream of a .gz file begins."""
    feed = Feed(source)
    enter(feed, source.name, 1, 0)
    return feed.source_bit


def segment_step(size: int, total: int) -> int:
    """The packed bytes of a pool's segments, of a file that unpacks from `size` to `total`."""
    return max(MIN_STEP, min(MAX_STEP, UNPACKED_STEP * size // total))


def _decode(data: bytes, bit: int, out: Array) -> None:
    stop, *_ = Inflater().decode(data, bit, out, 0)
    assert stop == END


def _read(source: Source, buffer: memoryview) -> None:
    for offset in range(0, source.size, len(buffer)):
        source.read_into(buffer[: source.size - offset], offset)


def _check(piece: Array, total: int) -> None:
    crc = 0
    for _ in range(0, total, len(piece)):
        crc = crc32(piece, crc)


def _two_phases(source: Source, content: Array) -> tuple[float, float]:
    """Decode a file in segments, as a pool does; time the symbols and the copies."""
    data, first = source.read(0, source.size), first_bit(source)
    step, out = segment_step(source.size, content.size), content.copy()
    symbols, inflater = Symbols(LITERALS, MATCHES), Inflater()
    best = (float("inf"), float("inf"))
    for _ in range(ROUNDS):
        inflater.reset()
        bit, position, stop = first, 0, PAUSE
        decoding, copying = 0.0, 0.0
        while stop != END:
            symbols.clear()
            last = bit + 8 * step
            begin = perf_counter()
            stop, bit, reason = inflater.decode_symbols(data, bit, symbols, block_stop=last)
            assert reason is None, reason
            decoded = perf_counter()
            position = symbols.copy(out, position)
            copying += perf_counter() - decoded
            decoding += decoded - begin
        assert np.array_equal(out, content)
        best = min(best[0], decoding), min(best[1], copying)
    return best


def _search(source: Source) -> float:
    """Search from many places for the next block; return seconds per bit."""
    data = source.read(0, source.size)
    starts = range(8 * 1024, 8 * (source.size * 9 // 10), 8 * source.size // _SEARCHES)
    bits = sum(find_block(data, start, 8 * len(data)) - start for start in starts)
    best = float("inf")
    for _ in range(ROUNDS):
        begin = perf_counter()
        for start in starts:
            find_block(data, start, 8 * len(data))
        best = min(best, perf_counter() - begin)
    return best / bits


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
