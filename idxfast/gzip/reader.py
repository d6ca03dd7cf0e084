"""Decode a gzip file into the caller's memory, on as many threads as pay."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np

from ..native.codec import WINDOW
from ..source import Progress, Source
from ..threads import choose_threads
from ..typing import Memory
from ..workers import Workers
from .container import BGZF_HEADER_SIZE, is_bgzf
from .decoder import Damaged, Decoder, NoSpace
from .prefix import read_prefix
from .segments import STEP
from .team import SPARE, Team

# A match of 258 bytes takes 2 bits at the least: no DEFLATE stream unpacks to more.
MAX_RATIO = 1032

# The caller sees the head of the stream before it says where the stream goes. It is decoded into
# memory of its own: enough for any header and the window behind it, unless it does not fit.
PREFIX = 1028
HEAD_SIZE = PREFIX + WINDOW
HEAD_STEP = 32 << 10
HEAD_SPACE = 512 << 10

# About the most bytes that one thread unpacks at a time: Ctrl-C waits for them. 1 GiB of zeros in
# one call kept it waiting for 0.3 s.
UNPACKED_STEP = 32 << 20

# Compressed bytes from which on several threads are used.
MIN_SIZE = 2 << 20

Prepare = Callable[[bytes], tuple[Memory, int, int]]


def decode(
    source: Source,
    prepare: Prepare,
    threads: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Decode all of a gzip source.

    Parameters
    ----------
    source : Source
        Starts with a gzip member.
    prepare : callable
        Called with the first `PREFIX` bytes of the unpacked stream, or all there are. Returns the
        memory for the rest, the position in the stream where it starts, and the one where the
        stream has to end. With `spare` bytes more behind its end, less other memory is needed.
    threads : int, optional
        The most threads to use; as many as there are cores if not given.
    progress : callable, optional
        Called in this thread, every now and then, with the bytes unpacked so far and in all.

    Raises
    ------
    GzipError, TruncatedError, TrailingDataError
        If anything in the file is damaged, missing or too much; then the memory's content is
        undefined.
    """
    head = np.empty(min(HEAD_SPACE, MAX_RATIO * source.size), np.uint8)
    decoder = Decoder(source, head)
    try:
        _decode(decoder, source, prepare, threads, progress)
    except Damaged as found:
        raise decoder.damage(found) from None


def spare(source: Source, total: int) -> int:
    """How many bytes more of memory than the stream takes, in all, are of use."""
    return SPARE if min(source.size, total) >= MIN_SIZE else 0


def _decode(
    decoder: Decoder,
    source: Source,
    prepare: Prepare,
    threads: int | None,
    progress: Progress | None,
) -> None:
    more = True
    try:
        while more and decoder.position < HEAD_SIZE:
            more = decoder.advance(HEAD_STEP)
        prefix = decoder.start(PREFIX)
    except NoSpace:
        prefix = read_prefix(source, PREFIX)
    memory, origin, decoder.total = prepare(prefix)
    if decoder.position > decoder.total:
        raise decoder.trailing_data()

    target, base = memory, origin
    if more and decoder.position < origin + WINDOW and origin:
        # The window would lie before the caller's memory.
        target, base = np.empty(decoder.total, np.uint8), 0
    decoder.move_to(target, base)
    with contextlib.suppress(NoSpace):
        if more:
            _decode_rest(decoder, source, threads, progress)
        more = False
    if more:
        decoder.check_fit()
        _decode_rest(decoder, source, 1, progress)
    if decoder.position < decoder.total:
        raise decoder.truncated()
    if target is not memory:
        memory[: decoder.total - origin] = target[origin:]
    if progress is not None:
        progress(decoder.total, decoder.total)


def _decode_rest(
    decoder: Decoder, source: Source, threads: int | None, progress: Progress | None
) -> None:
    threads = choose_threads(threads) if source.size >= MIN_SIZE else 1
    if threads > 1 and decoder.total > MIN_SIZE and not is_bgzf(source.read(0, BGZF_HEADER_SIZE)):
        Team(decoder, source, threads, progress).decode()
        return
    # What announces little is not read far ahead, nor is much unpacked in one call.
    unpacked = UNPACKED_STEP * source.size // decoder.total
    step = min(STEP, HEAD_STEP + min(decoder.total, unpacked))
    with Workers(threads) as workers:
        while decoder.advance(step, map=workers.map):
            if progress is not None:
                progress(decoder.position, decoder.total)
