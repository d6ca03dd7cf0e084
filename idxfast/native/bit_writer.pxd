"""Write a DEFLATE stream (RFC 1951, section 3.1.1) bit by bit."""

from libc.stdint cimport uint8_t, uint64_t

from .words cimport store

cdef enum:
    SPILL = 8       # `flush` writes so many bytes, whatever the number of bits

cdef struct Writer:
    uint8_t *out
    uint64_t bits
    int count       # of bits that are not written yet: below 8 after `flush`


cdef inline void put(Writer *writer, uint64_t bits, int count) noexcept nogil:
    """Add bits; with those that are not written yet they have to be at most 63."""
    writer.bits |= bits << writer.count
    writer.count += count


cdef inline void flush(Writer *writer) noexcept nogil:
    """Write the bits that make whole bytes; the bytes behind them are overwritten, too."""
    store(writer.out, writer.bits)
    writer.out += writer.count >> 3
    writer.bits >>= writer.count & ~7
    writer.count &= 7


cdef inline void align(Writer *writer) noexcept nogil:
    """Fill the last byte with zeros."""
    writer.count = (writer.count + 7) & ~7
    flush(writer)
