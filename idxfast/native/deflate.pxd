"""What the other modules call: CRC-32, so that libdeflate is linked once."""

from libc.stdint cimport uint32_t

cdef uint32_t update_crc32(uint32_t crc, const void *data, size_t size) noexcept nogil
