# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
"""Find where DEFLATE blocks start in a bit stream (RFC 1951, section 3.2).

A block may start at any bit, and nothing marks the place. But the header of a dynamic block
describes two Huffman codes, each of which has to be complete, and a stored block gives its length
twice: what passes that test is all but surely a block. The search is a guess all the same; whoever
uses it verifies what it decodes.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from .words cimport load, lowest_bit

# The longest header of a dynamic block: 17 bits of counts, 19 lengths of 3 bits, and 286 + 30
# lengths coded in at most 7 + 7 bits each, 4,498 bits. With what one load of 8 bytes reads beyond
# its first bit, a header that starts this many bytes before the end is read without checks.
cdef enum:
    MAX_HEADER = 576

HEADER_SPACE = MAX_HEADER


cdef extern from "precode.h" nogil:
    const uint8_t[19] precode_order
    const uint8_t[19] precode_repeats
    const uint8_t[19] precode_extra_bits
    const uint8_t[4096] precode_shares


cdef inline uint64_t bits(const uint8_t *data, size_t position) noexcept nogil:
    """The 57 or more bits that start at a bit position."""
    return load(data + (position >> 3)) >> (position & 7)


cdef bint is_dynamic_header(const uint8_t *data, size_t position) noexcept nogil:
    """Whether the codes of a dynamic block header, whose precode is complete, are valid."""
    cdef uint8_t[19] precode
    cdef uint8_t[128] table
    cdef uint64_t word = bits(data, position)
    cdef int literals = 257 + <int>(word >> 3 & 31)
    cdef int total = literals + 1 + <int>(word >> 8 & 31)
    cdef int given = 4 + <int>(word >> 13 & 15)
    cdef uint8_t[9] count
    cdef uint8_t[19] sorted_symbols
    cdef int i, length, symbol, bit, code, entry, end

    position += 17
    word = bits(data, position)
    memset(precode, 0, sizeof(precode))
    for i in range(given):
        precode[precode_order[i]] = word & 7
        word >>= 3
    position += 3 * given

    # The symbols by length, then their canonical codes, shortest first. Codes are kept with their
    # bits reversed, as the stream has them, and written wherever they lead.
    memset(count, 0, sizeof(count))
    for symbol in range(19):
        count[precode[symbol] + 1] += 1
    for length in range(1, 8):
        count[length + 1] += count[length]
    for symbol in range(19):
        sorted_symbols[count[precode[symbol]]] = symbol
        count[precode[symbol]] += 1
    code = 0
    for i in range(count[0], 19):
        symbol = sorted_symbols[i]
        length = precode[symbol]
        entry = code
        while entry < 128:
            table[entry] = symbol << 3 | length
            entry += 1 << length
        bit = 1 << length - 1
        while code & bit:
            bit >>= 1
        code = code & bit - 1 | bit

    # Of the lengths only their sums are kept: how many of 32,768 places a code's words take up,
    # and how many words there are.
    cdef int last = 0
    cdef uint32_t used = 0, share, codewords = 0
    if table[bits(data, position) & 127] >> 3 == 16:
        return False
    i = 0
    while i < total:
        word = bits(data, position)
        entry = table[word & 127]
        symbol = entry >> 3
        word >>= entry & 7
        end = i + precode_repeats[symbol] + <int>(word & (1 << precode_extra_bits[symbol]) - 1)
        position += (entry & 7) + precode_extra_bits[symbol]
        if symbol < 16:
            last = symbol
        elif symbol > 16:
            last = 0
        if end > total or (i <= 256 < end and last == 0):
            return False
        share = <uint32_t>32768 >> last if last else 0
        if i < literals <= end:
            # The literal code ends here, and has to be complete.
            if used + (literals - i) * share != 32768:
                return False
            i = literals
            used = codewords = 0
        used += (end - i) * share
        codewords += end - i if last else 0
        # Too much already. Most headers that are none end here or above, early.
        if used > 32768:
            return False
        i = end
    # A distance code may also have a single codeword, or none.
    return used == 32768 or codewords == 0 or (codewords == 1 and used == 16384)


cdef inline uint64_t stored_headers(uint64_t word) noexcept nogil:
    """The bytes of a word, of its first four, where a stored block may start: 0x80 for each.

    It is a byte 0 (not the final block, type 0, padding), a length and the length's complement.
    That the block before ends with the byte before is part of the guess.
    """
    word |= ~((word ^ word >> 16) & (word ^ word >> 16) >> 8) >> 8
    # The bytes that are 0. The shorter (word - 0x01010101) & ~word takes the 1 behind a 0 for one.
    return ~((word & <uint64_t>0x7F7F7F7F) + <uint64_t>0x7F7F7F7F | word) & <uint64_t>0x80808080


cdef inline bint has_zero(uint64_t word) noexcept nogil:
    """Whether one of the bytes of a word is 0."""
    return (word - <uint64_t>0x0101010101010101 & ~word & <uint64_t>0x8080808080808080) != 0


cdef size_t search(const uint8_t *data, size_t start, size_t stop) noexcept nogil:
    """The first bit in start .. stop - 1 where a block may start, or else stop."""
    cdef uint64_t word, found, lengths, stored
    cdef size_t byte = start >> 3, position
    cdef int bit

    while byte * 8 < stop:
        # The 13 bits that fix the counts, tested at 48 positions at once: not the final block,
        # type 2, at most 286 literal and length codes and 30 distance codes.
        word = load(data + byte)
        found = ~word & ~(word >> 1) & word >> 2
        found &= ~(word >> 4 & word >> 5 & word >> 6 & word >> 7)
        found &= ~(word >> 9 & word >> 10 & word >> 11 & word >> 12)
        stored = 0
        if has_zero(word):
            stored = stored_headers(word) | stored_headers(load(data + byte + 2)) << 16
        found = (found | stored >> 7) & (<uint64_t>1 << 48) - 1
        if byte * 8 < start:
            found &= ~<uint64_t>0 << (start - byte * 8)
        while found:
            bit = lowest_bit(found)
            found &= found - 1
            position = byte * 8 + bit
            if stored >> 7 >> bit & 1:
                return min(position, stop)
            # The precode has to be complete, then the two codes that it describes.
            lengths = bits(data, position + 17)
            lengths &= (<uint64_t>1 << 3 * (4 + (word >> bit + 13 & 15))) - 1
            if (
                precode_shares[lengths & 4095] + precode_shares[lengths >> 12 & 4095]
                + precode_shares[lengths >> 24 & 4095] + precode_shares[lengths >> 36 & 4095]
                + precode_shares[lengths >> 48 & 4095] == 128
                and is_dynamic_header(data, position)
            ):
                return min(position, stop)
        byte += 6
    return stop


def find_block(data, Py_ssize_t start, Py_ssize_t stop):
    """Find the first place where a dynamic or stored block that is not the last one seems to start.

    Parameters
    ----------
    data : bytes-like
        The DEFLATE stream, or any piece of one.
    start, stop : int
        Bit positions: the search covers ``start`` to ``stop - 1``, and of these only headers that
        are surely inside `data` (at least 576 bytes before its end).

    Returns
    -------
    int
        The bit position, or -1 when there is none.
    """
    cdef Py_buffer view
    cdef size_t found, limit
    if start < 0:
        raise ValueError("start is negative")
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        if view.len < MAX_HEADER:
            return -1
        limit = <size_t>(view.len - MAX_HEADER) * 8
        if stop < 0 or <size_t>stop < limit:
            limit = 0 if stop < 0 else <size_t>stop
        if <size_t>start >= limit:
            return -1
        with nogil:
            found = search(<const uint8_t *>view.buf, start, limit)
        return -1 if found == limit else <Py_ssize_t>found
    finally:
        PyBuffer_Release(&view)
