"""Eight bytes at a time."""

from libc.stdint cimport uint8_t, uint64_t

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define lowest_bit(word) __builtin_ctzll(word)
    #else
    static int lowest_bit(unsigned long long word) {
        int bit = 0;
        while (!(word >> bit & 1)) bit++;
        return bit;
    }
    #endif
    """
    int lowest_bit(uint64_t word) noexcept nogil


cdef inline uint64_t load(const uint8_t *p) noexcept nogil:
    """Eight bytes as a little-endian number; compilers make one load of it."""
    return (
        <uint64_t>p[0] | <uint64_t>p[1] << 8 | <uint64_t>p[2] << 16 | <uint64_t>p[3] << 24
        | <uint64_t>p[4] << 32 | <uint64_t>p[5] << 40 | <uint64_t>p[6] << 48
        | <uint64_t>p[7] << 56
    )


cdef inline void store(uint8_t *p, uint64_t word) noexcept nogil:
    """The reverse of `load`."""
    cdef int byte
    for byte in range(8):
        p[byte] = <uint8_t>(word >> 8 * byte)
