"""Limits of a load: libdeflate, on one thread and on several; and what block search costs."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import process_time_ns, thread_time_ns
from unittest import mock

import numpy as np
from savers import LEVEL

import idxfast
from idxfast.gzip import segments
from idxfast.native.inflate import find_block
from idxfast.typing import Memory

Call = Callable[[], object]


def libdeflate_call(data: bytes, size: int) -> Call:
    """Return a call of libdeflate, from memory into warm memory, through imagecodecs.

    Raises
    ------
    ImportError
        If imagecodecs is missing.
    """
    from imagecodecs import gzip_decode

    # NumPy asks for huge pages; a bytearray does not.
    warm = np.zeros(size, np.uint8).data
    return lambda: gzip_decode(data, out=warm)


def ideal(content: bytes, threads: int) -> Call:
    """Return a call in which each of `threads` threads unpacks an equal part of the content.

    Each part is a gzip file of its own, compressed as the data sets were (gzip -6), so that no
    thread depends on another one. The threads start with the first call, which is never timed, and
    then wait for the next one.
    """
    size = -(-len(content) // threads)
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    calls = [libdeflate_call(gzip.compress(part, LEVEL), len(part)) for part in parts]
    pool = ThreadPoolExecutor(threads)

    def run() -> None:
        for done in [pool.submit(call) for call in calls]:
            done.result()

    return run


def search_share(path: Path, threads: int, rounds: int) -> tuple[list[float], list[float], int]:
    """Load a file several times, and time each search for a block.

    Returns
    -------
    searches : list of float
        Nanoseconds of processor time that all threads spent on searches, for each load.
    loads : list of float
        Nanoseconds of processor time of all threads, for each load.
    count : int
        The number of searches in the last load.
    """
    times: list[int] = []

    def timed(data: Memory, start: int, stop: int) -> int:
        begin = thread_time_ns()
        found = find_block(data, start, stop)
        times.append(thread_time_ns() - begin)
        return found

    searches, loads = [], []
    with mock.patch.object(segments, "find_block", timed):
        for _ in range(rounds):
            times.clear()
            begin = process_time_ns()
            idxfast.load(path, threads=threads)
            loads.append(float(process_time_ns() - begin))
            searches.append(float(sum(times)))
    return searches, loads, len(times)
