# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
"""Decode a segment of a DEFLATE stream (RFC 1951) by libdeflate.

libdeflate decodes whole streams only. A segment, a piece of a stream from one block start to
another, is made whole for it on both sides: in front goes a stored block that holds the bytes
before the segment (its window), then empty blocks that lead to the bit where the segment starts;
behind goes a final block of a few random bytes, in a code for random bytes alone. Only if these
come out at the end is it sure that a block of the stream ended at the cut: whatever else may be
under way there, a stored block or a code that the file has chosen, makes other bytes of that block,
for whoever made the file cannot know them.
"""

from cpython.buffer cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer)
from cpython.bytes cimport PyBytes_AsString
from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from .libdeflate cimport *

import random

choose_code()

cdef enum:
    MAX_WINDOW = 32768
    STORED_HEADER = 5
    PHASE_SPACE = 16        # an odd block of 91 bits and three of 10 at the most
    MARKER = 8
    CLOSING = 347           # bits
    MAX_CLOSING = (7 + CLOSING + 7) >> 3

cdef enum Result:
    IS_COMPLETE
    IS_CUT
    IS_BAD_DATA
    IS_NO_SPACE
    IS_NO_MEMORY

WINDOW = MAX_WINDOW         # how far back a DEFLATE stream may copy from, in bytes
PREFIX_SPACE = STORED_HEADER + MAX_WINDOW + PHASE_SPACE
CLOSING_SPACE = MAX_CLOSING

# What decode_segment returns first.
COMPLETE = IS_COMPLETE      # the final block ended inside the segment
CUT = IS_CUT                # the segment was decoded to its cut
BAD_DATA = IS_BAD_DATA      # not a DEFLATE stream, or not all of one
NO_SPACE = IS_NO_SPACE      # more bytes than the destination can hold


cdef uint8_t[MARKER] marker
cdef uint8_t[8][MAX_CLOSING] closings     # the closing block from each bit of a byte on


def make_closing():
    """Make the final block that closes a segment, and the bytes in it.

    Returns
    -------
    block : str
        Zeros and ones, as they stand in the stream.
    content : bytes
    """
    dice = random.SystemRandom()
    # With the end of block these are 16 codewords of 4 bits, a complete code.
    used = [*sorted(dice.sample(range(256), 15)), 256]
    chosen = [dice.randrange(15) for _ in range(MARKER)]
    # A final dynamic block of 257 + 0 literal and length codes, 1 + 0 distance codes, 4 + 8 precode
    # lengths, of which those of the symbols 0 and 4 (fourth and last in RFC 1951's order) are 1.
    fields = [(1, 1), (2, 2), (0, 5), (0, 5), (8, 4), *((i in (3, 11), 3) for i in range(12))]
    # So a bit says whether a codeword has 4 bits or none; there is none for a distance.
    fields += [*((symbol in used, 1) for symbol in range(257)), (0, 1)]
    block = "".join(f"{value:0{count}b}"[::-1] for value, count in fields)
    return block + "".join(f"{i:04b}" for i in [*chosen, 15]), bytes([used[i] for i in chosen])


cdef int put_closing() except -1:
    """Keep a closing block where `decode` finds it."""
    cdef int bit
    block, content = make_closing()
    memcpy(marker, PyBytes_AsString(content), MARKER)
    for bit in range(8):
        shifted = (int(block[::-1], 2) << bit).to_bytes(MAX_CLOSING, "little")
        memcpy(closings[bit], PyBytes_AsString(shifted), MAX_CLOSING)
    return 0


put_closing()


cdef inline size_t put_bits(
    uint8_t *out, size_t position, uint64_t value, int count,
) noexcept nogil:
    """Write bits, the lowest first, over zeros; return the position behind them."""
    cdef int i
    for i in range(count):
        out[position >> 3] |= (value >> i & 1) << (position & 7)
        position += 1
    return position


cdef size_t put_phase(uint8_t *out, int phase) noexcept nogil:
    """Write empty blocks over zeros until the bit position modulo 8 is `phase`."""
    cdef size_t position = 0
    cdef int i
    if phase & 1:
        # An empty dynamic block of 91 bits, an odd number: 257 + 0 literal and length codes,
        # 1 + 0 distance codes, 4 + 14 precode lengths, of which those of the symbols 18 and 1
        # (third and last in RFC 1951's order) are 1.
        position = put_bits(out, position, 2 << 1, 3)
        position = put_bits(out, position, 0, 10)
        position = put_bits(out, position, 18 - 4, 4)
        for i in range(18):
            position = put_bits(out, position, i == 2 or i == 17, 3)
        # Zeros for the symbols 0 to 254, in runs of 138 and 117; length 1 for 255, for the end of
        # block and for one distance code, as complete codes need; then the end of block.
        position = put_bits(out, position, 1 | 138 - 11 << 1, 8)
        position = put_bits(out, position, 1 | 117 - 11 << 1, 8)
        position = put_bits(out, position, 1 << 3, 4)
    while position & 7 != <size_t>phase:
        position = put_bits(out, position, 1 << 1, 10)      # an empty block of fixed codes
    return position


cdef Result decode(
    uint8_t *stream, size_t start, size_t stop, bint cut,
    uint8_t *out, size_t space, size_t window, size_t *end, size_t *produced,
) noexcept nogil:
    """decode_segment on C types; `out` points at the window, `space` counts from there."""
    cdef libdeflate_decompressor *decompressor
    cdef libdeflate_result result
    cdef int phase = start & 7
    cdef uint8_t *head = stream + (start >> 3)
    cdef uint8_t *tail = stream + (stop >> 3)
    cdef uint8_t[PHASE_SPACE] blocks
    cdef uint8_t[MAX_CLOSING] saved
    cdef const uint8_t *closing
    cdef size_t size, consumed = 0

    if cut:
        memcpy(saved, tail, MAX_CLOSING)
        closing = closings[stop & 7]
        tail[0] = tail[0] & (1 << (stop & 7)) - 1 | closing[0]
        memcpy(tail + 1, closing + 1, MAX_CLOSING - 1)
        tail += ((stop & 7) + CLOSING + 7) >> 3

    if phase:
        memset(blocks, 0, PHASE_SPACE)
        size = put_phase(blocks, phase) >> 3
        head[0] = (head[0] & ~((1 << phase) - 1)) | blocks[size]
        head -= size
        memcpy(head, blocks, size)
    if window:
        head -= window
        memcpy(head, out, window)
        head -= STORED_HEADER
        head[0] = 0
        head[1] = window & 255
        head[2] = window >> 8
        head[3] = ~head[1]
        head[4] = ~head[2]

    size = tail - head
    decompressor = libdeflate_alloc_decompressor()
    if decompressor != NULL:
        result = libdeflate_deflate_decompress_ex(
            decompressor, head, size, out, space, &consumed, produced)
        libdeflate_free_decompressor(decompressor)

    if cut:
        memcpy(stream + (stop >> 3), saved, MAX_CLOSING)
    if decompressor == NULL:
        return IS_NO_MEMORY
    if result == LIBDEFLATE_INSUFFICIENT_SPACE:
        return IS_NO_SPACE
    if result != LIBDEFLATE_SUCCESS:
        return IS_BAD_DATA
    end[0] = (head - stream) + consumed
    if not cut or 8 * end[0] <= stop:
        return IS_COMPLETE
    if (
        consumed != size or produced[0] < MARKER
        or memcmp(out + produced[0] - MARKER, marker, MARKER)
    ):
        return IS_BAD_DATA
    produced[0] -= MARKER
    return IS_CUT


def decode_segment(
    stream, Py_ssize_t start, Py_ssize_t stop, bint cut,
    out, Py_ssize_t position, Py_ssize_t window,
):
    """Decode a segment of a DEFLATE stream straight into a buffer.

    Parameters
    ----------
    stream : buffer
        Holds the segment. Unless it is a whole stream, the buffer has to be writable: up to
        `PREFIX_SPACE` bytes before the segment are overwritten; those behind it are as they were
        when the call returns.
    start, stop : int
        Where the segment starts and stops, in bits from the start of `stream`.
    cut : bool
        Whether the segment is closed at `stop` because a block starts there. If not, the stream
        is expected to end by itself before `stop`. At a cut the `CLOSING_SPACE` bytes from
        `stop` on have to be inside `stream`.
    out : writable buffer
        The destination. What the segment leaves of it behind its bytes is undefined, and after a
        failure all from `position` on. A cut needs room for 8 bytes more than the segment's.
    position : int
        Where in `out` the segment's bytes go.
    window : int
        How many bytes before `position` the segment may copy from, at most `WINDOW`.

    Returns
    -------
    result : int
        `COMPLETE`, `CUT`, `BAD_DATA` or `NO_SPACE`.
    end : int
        After `COMPLETE`, where the DEFLATE stream ended, in bytes from the start of `stream`.
    position : int
        After `COMPLETE` and `CUT`, where in `out` the segment's bytes end.

    Raises
    ------
    ValueError
        If a position lies outside of its buffer.
    MemoryError
        If libdeflate cannot have its 11 KB.
    """
    cdef Py_buffer source, target
    cdef size_t needed, end = 0, produced = 0
    cdef Result result
    cdef bint written = cut or window != 0 or start & 7 != 0
    PyObject_GetBuffer(stream, &source, PyBUF_WRITABLE if written else PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
        try:
            if not 0 <= window <= position <= target.len or window > MAX_WINDOW:
                raise ValueError("position or window is outside of the destination")
            if not 0 <= start <= stop or (stop >> 3) + (stop & 7 != 0) > source.len:
                raise ValueError("the segment is outside of the stream's buffer")
            if cut and (stop >> 3) + MAX_CLOSING > source.len:
                raise ValueError("no room behind the segment")
            needed = (STORED_HEADER + window if window else 0) + (PHASE_SPACE if start & 7 else 0)
            if needed > <size_t>(start >> 3):
                raise ValueError("no room in front of the segment")
            with nogil:
                result = decode(
                    <uint8_t *>source.buf, start, stop, cut,
                    <uint8_t *>target.buf + position - window, target.len - position + window,
                    window, &end, &produced)
            if result == IS_NO_MEMORY:
                raise MemoryError("libdeflate cannot allocate a decompressor")
            return result, <Py_ssize_t>end, position - window + <Py_ssize_t>produced
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
