"""The declarations of libdeflate that are used."""

from libc.stdint cimport uint32_t

cdef extern from "libdeflate.h" nogil:
    struct libdeflate_compressor:
        pass
    struct libdeflate_decompressor:
        pass

    enum libdeflate_result:
        LIBDEFLATE_SUCCESS
        LIBDEFLATE_BAD_DATA
        LIBDEFLATE_SHORT_OUTPUT
        LIBDEFLATE_INSUFFICIENT_SPACE

    libdeflate_compressor *libdeflate_alloc_compressor(int level)
    size_t libdeflate_deflate_compress_bound(libdeflate_compressor *compressor, size_t size)
    size_t libdeflate_deflate_compress(
        libdeflate_compressor *compressor,
        const void *data, size_t size, void *out, size_t space)
    void libdeflate_free_compressor(libdeflate_compressor *compressor)

    libdeflate_decompressor *libdeflate_alloc_decompressor()
    libdeflate_result libdeflate_deflate_decompress_ex(
        libdeflate_decompressor *decompressor,
        const void *data, size_t size, void *out, size_t space,
        size_t *consumed, size_t *produced)
    void libdeflate_free_decompressor(libdeflate_decompressor *decompressor)

    uint32_t libdeflate_crc32(uint32_t crc, const void *data, size_t size)


cdef inline void choose_code() noexcept nogil:
    """Have libdeflate choose its code for this processor.

    It does so at its first calls and notes the choice in variables without a lock, so each module
    that decodes or sums up makes those calls when it is imported, before there are threads. For
    encoding there is nothing to choose.
    """
    cdef unsigned char byte = 0
    cdef size_t consumed, produced
    cdef libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor()
    libdeflate_crc32(0, &byte, 1)
    if decompressor != NULL:
        libdeflate_deflate_decompress_ex(
            decompressor, &byte, 1, &byte, 0, &consumed, &produced)
        libdeflate_free_decompressor(decompressor)
