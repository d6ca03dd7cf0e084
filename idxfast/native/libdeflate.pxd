"""The declarations of libdeflate that are used."""

from libc.stdint cimport uint32_t

cdef extern from "libdeflate.h" nogil:
    struct libdeflate_compressor:
        pass

    libdeflate_compressor *libdeflate_alloc_compressor(int level)
    size_t libdeflate_deflate_compress_bound(libdeflate_compressor *compressor, size_t size)
    size_t libdeflate_deflate_compress(
        libdeflate_compressor *compressor,
        const void *data, size_t size, void *out, size_t space)
    void libdeflate_free_compressor(libdeflate_compressor *compressor)

    uint32_t libdeflate_crc32(uint32_t crc, const void *data, size_t size)


cdef inline void choose_code() noexcept nogil:
    """Have libdeflate choose its CRC-32 for this processor.

    It does so at its first call and notes the choice in variables without a lock, so each module
    that sums up makes that call when it is imported, before there are threads. For encoding there
    is nothing to choose.
    """
    libdeflate_crc32(0, b"", 1)
