"""The code of a dynamic block, and the header that gives it (RFC 1951, section 3.2.7)."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from .bit_writer cimport Writer, flush, put

cdef extern from "huffman.h" nogil:
    void make_code(
        const uint32_t *frequencies, int symbols, int limit,
        uint8_t *lengths, uint16_t *codewords)

cdef extern from "precode.h" nogil:
    const uint8_t[19] precode_order
    const uint8_t[19] precode_extra_bits

cdef enum:
    END = 256               # the symbol of a block's end
    SYMBOLS = 286           # literals, the end, lengths of matches
    PRECODE = 19
    # Four codewords fit into 64 bits with 7 that are left over: they may have 15 at the most.
    LIMIT = 14
    PRECODE_LIMIT = 7

cdef struct Code:
    uint32_t[SYMBOLS] frequencies
    uint8_t[SYMBOLS + 1] lengths        # of codewords; the one for distances comes last
    uint16_t[SYMBOLS] codewords
    int literals                        # lengths that are not distances' (RFC 1951's HLIT + 257)
    uint8_t[SYMBOLS + 1] items          # the lengths as symbols of the precode
    uint8_t[SYMBOLS + 1] repeats        # and what their extra bits say
    int item_count
    uint32_t[PRECODE] precode_frequencies
    uint8_t[PRECODE] precode_lengths
    uint16_t[PRECODE] precode_codewords
    int given                           # lengths of the precode


cdef inline void add_item(Code *code, int symbol, int repeats) noexcept nogil:
    code.items[code.item_count] = symbol
    code.repeats[code.item_count] = repeats
    code.item_count += 1
    code.precode_frequencies[symbol] += 1


cdef inline void make_codes(Code *code) noexcept nogil:
    """Make the code of what was counted, and the one that its lengths are given in."""
    cdef int i = 0, total, length, left, part
    make_code(code.frequencies, SYMBOLS, LIMIT, code.lengths, code.codewords)
    code.literals = SYMBOLS
    while code.lengths[code.literals - 1] == 0:
        code.literals -= 1
    # There is one distance, with one bit as RFC 1951 demands, whether or not it occurs. It stands
    # where, if at all, an unused length has its 0.
    code.lengths[code.literals] = 1
    total = code.literals + 1

    code.item_count = 0
    memset(code.precode_frequencies, 0, sizeof(code.precode_frequencies))
    while i < total:
        length = code.lengths[i]
        left = 1
        while i + left < total and code.lengths[i + left] == length:
            left += 1
        i += left
        if length:
            add_item(code, length, 0)
            left -= 1
        while left >= 3:
            if length:
                part = min(left, 6)
                add_item(code, 16, part - 3)
            elif left < 11:
                part = left
                add_item(code, 17, part - 3)
            else:
                part = min(left, 138)
                add_item(code, 18, part - 11)
            left -= part
        while left:
            add_item(code, length, 0)
            left -= 1
    make_code(
        code.precode_frequencies, PRECODE, PRECODE_LIMIT,
        code.precode_lengths, code.precode_codewords)
    code.given = PRECODE
    while code.given > 4 and code.precode_lengths[precode_order[code.given - 1]] == 0:
        code.given -= 1


cdef inline uint64_t header_bits(const Code *code) noexcept nogil:
    """How many bits `put_header` writes."""
    cdef uint64_t count = 3 + 14 + 3 * code.given
    cdef int i
    for i in range(PRECODE):
        count += code.precode_frequencies[i] * (
            code.precode_lengths[i] + precode_extra_bits[i])
    return count


cdef inline void put_header(Writer *writer, const Code *code, bint final) noexcept nogil:
    """Write the header of a dynamic block, with its code."""
    cdef int i, symbol
    put(writer, final | 2 << 1, 3)
    put(writer, code.literals - 257, 5)
    put(writer, 0, 5)
    put(writer, code.given - 4, 4)
    flush(writer)
    for i in range(code.given):
        put(writer, code.precode_lengths[precode_order[i]], 3)
        flush(writer)
    for i in range(code.item_count):
        symbol = code.items[i]
        put(writer, code.precode_codewords[symbol], code.precode_lengths[symbol])
        put(writer, code.repeats[i], precode_extra_bits[symbol])
        flush(writer)
