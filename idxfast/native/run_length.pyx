# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
# cython: freethreading_compatible=True, autotestdict=False
"""Encode a DEFLATE stream (RFC 1951) that copies nothing but the byte before.

What compresses an image are its runs of equal bytes and the code for the rest: the search for
longer repeats, where other encoders spend their time, hardly makes it smaller. Each 65,535
bytes get a block and a code of their own, unless going on with the code before takes no more bits,
as for zeros; what would not become smaller is stored.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from .bit_writer cimport *
from .dynamic_code cimport *
from .words cimport load, lowest_bit

cdef extern from "repeats.h" nogil:
    ctypedef struct Words:
        pass
    uint64_t saved_by_search(
        Words *words, const uint8_t *data, size_t size, const uint8_t *lengths, uint64_t coded)

cdef enum:
    MAX_BLOCK = 65535       # what a stored block can hold
    # A run is a literal and three or more bytes that repeat it.
    MIN_RUN = 3
    MAX_MATCH = 258
    MAX_RUNS = 16384        # one begins every four bytes at the most
    # A block that is stored has 3 bits, up to 7 to the next byte, and 4 bytes more than its data.
    STORED = 6
    PLAIN = 64              # a bit for so many bytes; a block of zeros has one for 104
    IMPOSSIBLE = 1 << 30    # more bits than a block has by any code

cdef struct Run:
    uint16_t start
    uint16_t size

cdef struct Block:
    uint8_t[MAX_BLOCK] data             # a copy: what is counted is what is written
    size_t size
    Run[MAX_RUNS] runs
    int count                           # of the runs
    Code[2] codes                       # its own, and that of the block before
    Words words

# The symbol of each match length, less 257; its first length, and how many bits say which.
cdef uint8_t[MAX_MATCH + 1] length_symbols
cdef uint16_t[29] first_lengths
cdef uint8_t[29] length_extra_bits


cdef void put_length_symbols() noexcept nogil:
    """Keep RFC 1951's table of lengths (section 3.2.5)."""
    cdef int symbol, _, length = MIN_RUN
    for symbol in range(28):
        length_extra_bits[symbol] = 0 if symbol < 8 else symbol // 4 - 1
        first_lengths[symbol] = length
        for _ in range(1 << length_extra_bits[symbol]):
            length_symbols[length] = symbol
            length += 1
    # The longest has a symbol to itself.
    length_symbols[MAX_MATCH] = 28
    first_lengths[28] = MAX_MATCH
    length_extra_bits[28] = 0


put_length_symbols()


cdef void find_runs(Block *block, Code *code) noexcept nogil:
    """List the runs, and count what is to be coded."""
    cdef const uint8_t *data = block.data
    cdef size_t i = 0, size = block.size, start, left
    cdef uint32_t four
    cdef uint64_t other, repeated
    cdef uint8_t byte
    block.count = 0
    memset(code.frequencies, 0, sizeof(code.frequencies))
    code.frequencies[END] = 1
    while i < size:
        byte = data[i]
        code.frequencies[byte] += 1
        i += 1
        if i + MIN_RUN > size:
            continue
        memcpy(&four, data + i - 1, 4)
        if four != byte * <uint32_t>0x01010101:
            continue
        start = i
        i += MIN_RUN
        repeated = byte * <uint64_t>0x0101010101010101
        other = 0
        while other == 0 and i + 8 <= size:
            other = load(data + i) ^ repeated
            i += lowest_bit(other) >> 3 if other else 8
        while other == 0 and i < size and data[i] == byte:
            i += 1
        block.runs[block.count].start = start
        block.runs[block.count].size = i - start
        block.count += 1
        left = i - start
        code.frequencies[257 + 28] += left // MAX_MATCH
        left %= MAX_MATCH
        if left >= MIN_RUN:
            code.frequencies[257 + length_symbols[left]] += 1
        else:
            code.frequencies[byte] += left


cdef uint64_t coded_bits(const uint32_t *frequencies, const Code *code) noexcept nogil:
    """How many bits symbols take up by a code, or `IMPOSSIBLE` if it has no codeword for one."""
    cdef uint64_t count = 0
    cdef int i
    for i in range(SYMBOLS):
        if frequencies[i]:
            if i >= code.literals or code.lengths[i] == 0:
                return IMPOSSIBLE
            count += <uint64_t>frequencies[i] * (
                code.lengths[i] + (length_extra_bits[i - 257] + 1 if i > END else 0))
    return count


cdef void put_coded(Writer *target, const Block *block, const Code *code) noexcept nogil:
    """Write the literals and the runs of a block."""
    cdef Writer writer = target[0]          # in registers
    cdef const uint8_t *data = block.data
    cdef uint8_t[MAX_MATCH + 1] lengths
    cdef uint64_t[MAX_MATCH + 1] matches
    cdef int k, symbol
    cdef size_t i = 0, stop, left
    for k in range(MIN_RUN, MAX_MATCH + 1):
        symbol = length_symbols[k]
        matches[k] = (
            code.codewords[257 + symbol]
            | <uint64_t>(k - first_lengths[symbol]) << code.lengths[257 + symbol])
        # The bit more is the distance.
        lengths[k] = code.lengths[257 + symbol] + length_extra_bits[symbol] + 1
    for k in range(block.count + 1):
        stop = block.runs[k].start if k < block.count else block.size
        while i + 4 <= stop:
            put(&writer, code.codewords[data[i]], code.lengths[data[i]])
            put(&writer, code.codewords[data[i + 1]], code.lengths[data[i + 1]])
            put(&writer, code.codewords[data[i + 2]], code.lengths[data[i + 2]])
            put(&writer, code.codewords[data[i + 3]], code.lengths[data[i + 3]])
            flush(&writer)
            i += 4
        while i < stop:
            put(&writer, code.codewords[data[i]], code.lengths[data[i]])
            flush(&writer)
            i += 1
        if k == block.count:
            break
        left = block.runs[k].size
        i += left
        while left >= MAX_MATCH:
            put(&writer, matches[MAX_MATCH], lengths[MAX_MATCH])
            flush(&writer)
            left -= MAX_MATCH
        if left >= MIN_RUN:
            put(&writer, matches[left], lengths[left])
        else:
            while left:
                put(&writer, code.codewords[data[i - 1]], code.lengths[data[i - 1]])
                left -= 1
        flush(&writer)
    target[0] = writer


cdef void put_end(Writer *writer, const Code *code) noexcept nogil:
    """End the block of a code, if there is one."""
    if code:
        put(writer, code.codewords[END], code.lengths[END])
        flush(writer)


cdef void put_stored(Writer *writer, const uint8_t *data, size_t size, bint final) noexcept nogil:
    put(writer, final, 3)
    align(writer)
    put(writer, size | (size ^ 0xFFFF) << 16, 32)
    flush(writer)
    memcpy(writer.out, data, size)
    writer.out += size


cdef size_t encode_blocks(
    Block *block, const uint8_t *data, size_t size, uint8_t *out, bint final, uint32_t *repeats,
) noexcept nogil:
    """Encode all of the data; return how many bytes that made.

    Unless it is NULL, there is a place in `repeats` for each block.
    """
    cdef Writer writer
    cdef Code *code = &block.codes[0]
    cdef Code *before = NULL                # that of the block that has not ended
    cdef size_t start = 0
    cdef bint last
    cdef uint64_t bits, stored
    writer.out = out
    writer.bits = 0
    writer.count = 0
    while start < size:
        block.size = min(size - start, <size_t>MAX_BLOCK)
        memcpy(block.data, data + start, block.size)
        start += block.size
        last = final and start == size
        find_runs(block, code)
        make_codes(code)
        bits = header_bits(code) + coded_bits(code.frequencies, code)
        stored = 8 * (block.size + 4)
        if repeats:
            # Where the longest runs cover nearly everything, a search saves next to nothing.
            repeats[0] = 0
            if bits >= block.size // PLAIN:
                repeats[0] = saved_by_search(
                    &block.words, block.data, block.size, code.lengths, bits) // 8
            repeats += 1
        # The last block needs a header of its own, because the header says that it is the last.
        if before and not last and coded_bits(code.frequencies, before) <= min(bits, stored - 1):
            put_coded(&writer, block, before)
            continue
        put_end(&writer, before)
        before = NULL
        if bits < stored:
            put_header(&writer, code, last)
            put_coded(&writer, block, code)
            before = code
            code = &block.codes[code == &block.codes[0]]
        else:
            put_stored(&writer, block.data, block.size, last)
    put_end(&writer, before)
    if not final or size == 0:
        put_stored(&writer, block.data, 0, final)
    align(&writer)
    return writer.out - out


def encode_runs(data, bint final, list repeats=None):
    """Encode bytes as a DEFLATE stream, or as a piece of one.

    Parameters
    ----------
    data : bytes-like
        What to encode.
    final : bool
        Whether the stream ends here. If not, an empty stored block leads to the next byte, where
        the next piece can follow.
    repeats : list, optional
        What gets a number for each block of 65,535 bytes: how many bytes of the stream a search
        for repeats would save, as an estimate (repeats.h).

    Returns
    -------
    memoryview

    Raises
    ------
    MemoryError
        If there is no room for the result, or for 160 KB of tables.
    """
    cdef Py_buffer view
    cdef Block *block
    cdef uint8_t *out
    cdef uint32_t *saved = NULL
    cdef size_t size, blocks, i
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        # No block is larger than stored, and one that is empty may follow.
        blocks = <size_t>view.len // MAX_BLOCK + 1
        size = view.len + (blocks + 1) * STORED + SPILL
        stream = PyBytes_FromStringAndSize(NULL, size)
        out = <uint8_t *>PyBytes_AsString(stream)
        block = <Block *>malloc(sizeof(Block) + blocks * sizeof(uint32_t))
        if block == NULL:
            raise MemoryError("no room for the tables of an encoder")
        try:
            if repeats is not None:
                saved = <uint32_t *>(block + 1)
            with nogil:
                size = encode_blocks(block, <const uint8_t *>view.buf, view.len, out, final, saved)
            if repeats is not None:
                for i in range((<size_t>view.len + MAX_BLOCK - 1) // MAX_BLOCK):
                    repeats.append(saved[i])
        finally:
            free(block)
        return memoryview(stream)[:size]
    finally:
        PyBuffer_Release(&view)
