"""The cost of each part of loading a .gz file on this machine, measured part by part."""

from __future__ import annotations

import mmap
import threading
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import NamedTuple

import numpy as np
from idx import Array
from measure import in_turn

from idxfast.gzip.decoder import PIECE
from idxfast.gzip.input_buffer import CHUNK, InputBuffer
from idxfast.gzip.members import read_member_header
from idxfast.gzip.pool import MAX_STEP, MIN_STEP, UNPACKED_STEP
from idxfast.gzip.segments import LITERALS, MATCHES
from idxfast.native.deflate import crc32
from idxfast.native.inflate import END, PAUSE, Inflater, Symbols, find_block
from idxfast.storage.source import Source
from idxfast.threads.thread import JoinableThread

# Measurements of each part. The best counts, as the cost when nothing disturbs it.
ROUNDS = 25
_SEARCHES = 200
_SWITCHES = 500


class Costs(NamedTuple):
    """Costs in seconds."""

    decode: float  # per packed byte, both phases block by block, into warm memory
    symbols: float  # per packed byte, the first phase of a segment
    copies: float  # per unpacked byte, the second phase of a segment, into warm memory
    crc: float  # per unpacked byte, in the second-level cache
    fresh: float  # per unpacked byte, for the first access to memory
    read: float  # per packed byte, from the system's cache
    search: float  # per bit that is searched for the start of a block
    start: float  # per thread, until it runs
    hand_over: float  # per hand-over, until a waiting thread continues


def measure_costs(source: Source, content: Array) -> Costs:
    """Measure all costs on one file.

    Parameters
    ----------
    source : Source
        The .gz file, which has one member.
    content : ndarray of uint8
        The unpacked content.
    """
    samples = in_turn(parts(source, content), rounds=ROUNDS)
    best = {name: min(times) / 1e9 for name, times in samples.items()}
    symbols, copies = _two_phases(source, content)
    return Costs(
        decode=best["decoding"] / source.size,
        symbols=symbols / source.size,
        copies=copies / content.size,
        crc=best["CRC-32"] / content.size,
        fresh=best["fresh pages"] / content.size,
        read=best["reading"] / source.size,
        search=_search(source),
        start=min(_start() for _ in range(4 * ROUNDS)),
        hand_over=min(_hand_over() for _ in range(ROUNDS)),
    )


def parts(source: Source, content: Array) -> dict[str, Callable[[], object]]:
    """Name the parts of a load on one thread."""
    out = content.copy()
    buffer = memoryview(np.zeros(CHUNK, np.uint8))
    return {
        "decoding": partial(_decode, source.read(source.size, 0), first_bit(source), out),
        "reading": partial(_read, source, buffer),
        "CRC-32": partial(_check, out[:PIECE], len(out)),
        "fresh pages": partial(_touch, len(out)),
    }


def first_bit(source: Source) -> int:
    """Return the bit at which the DEFLATE stream of a .gz file begins."""
    input = InputBuffer(source)
    read_member_header(input, 1, 0)
    return input.source_bit


def segment_step(size: int, total: int) -> int:
    """Return the packed bytes of a segment, for a file of `size` bytes that unpacks to `total`."""
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


def _touch(size: int) -> Array:
    """Write to each page of fresh memory: the system provides, and clears, a page at that moment.

    The difference between filling fresh and warm memory would be less than this cost. Warm memory
    has to be read first, whereas a part of a page that has just been cleared is still in the cache.
    """
    memory = np.empty(size, np.uint8)
    memory[:: mmap.PAGESIZE] = 1
    return memory


def _two_phases(source: Source, content: Array) -> tuple[float, float]:
    """Decode a file in segments as the pool does; return the seconds for symbols and for copies."""
    data, first = source.read(source.size, 0), first_bit(source)
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
    """Search for the next block from many positions; return the seconds per bit."""
    data = source.read(source.size, 0)
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
    """Start one thread; return the seconds until it runs."""
    running = []
    begin = perf_counter()
    started = JoinableThread(lambda: running.append(perf_counter()))
    started.start()
    started.join()
    return running[0] - begin


def _hand_over() -> float:
    """Have two threads wait for each other in turn; return the seconds per hand-over."""
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

    other = JoinableThread(lambda: wait(1))
    other.start()
    begin = perf_counter()
    wait(0)
    seconds = perf_counter() - begin
    other.join()
    return seconds / (2 * _SWITCHES)
