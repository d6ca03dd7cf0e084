# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""Encode DEFLATE streams (RFC 1951), by libdeflate or by runs of equal bytes; and CRC-32."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

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

cdef extern from "encoder/run_length.h" nogil:
    struct block:
        pass
    size_t MAX_STORED, STORED_HEADER, SPILL
    size_t encode_blocks(
        block *tables, const uint8_t *data, size_t size, uint8_t *out, bint is_final,
        uint32_t *repeats)


cdef uint32_t update_crc32(uint32_t crc, const void *data, size_t size) noexcept nogil:
    """CRC-32 of bytes; `crc` is that of the bytes before them."""
    return libdeflate_crc32(crc, data, size)


# At its first call libdeflate chooses its code for this processor, and notes the choice without a
# lock. Make this call before there are threads.
update_crc32(0, b"", 1)


cdef uint32_t multiply(uint32_t a, uint32_t b) noexcept nogil:
    """The product of two polynomials over GF(2), modulo that of CRC-32.

    The highest bit of a number is the coefficient of x^0.
    """
    cdef uint32_t modulus = <uint32_t>0xEDB88320    # its coefficients below x^32
    cdef uint32_t product = 0
    while a:
        if a >> 31:
            product ^= b
        a <<= 1
        b = b >> 1 ^ (modulus if b & 1 else 0)
    return product


def crc32(data, uint32_t crc=0):
    """CRC-32 (RFC 1952, section 8) of bytes; `crc` is that of the bytes before them."""
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        with nogil:
            crc = update_crc32(crc, view.buf, view.len)
        return crc
    finally:
        PyBuffer_Release(&view)


def combine_crc32(uint32_t first, uint32_t second, uint64_t size):
    """CRC-32 of two pieces one after the other.

    Parameters
    ----------
    first, second : int
        The CRC-32 of each piece.
    size : int
        Bytes in the second piece.

    Notes
    -----
    CRC-32 is linear: `size` more bytes multiply the first piece's CRC-32 by x^(8 size), and the
    second piece's is added. So the CRC-32 of the second piece also follows from those of the first
    piece and of the whole.
    """
    cdef uint32_t power = <uint32_t>1 << 23     # x^8
    while size:
        if size & 1:
            first = multiply(power, first)
        power = multiply(power, power)
        size >>= 1
    return first ^ second


def encode(data, int level):
    """Encode bytes as one DEFLATE stream, by libdeflate.

    Parameters
    ----------
    data : bytes-like
        What to encode.
    level : int
        libdeflate's levels: 0 (stored) to 12 (smallest).

    Returns
    -------
    memoryview
        The stream.

    Raises
    ------
    ValueError
        If there is no such level.
    MemoryError
        If there is no memory for the result or for libdeflate's tables.
    """
    cdef Py_buffer view
    cdef libdeflate_compressor *compressor
    cdef size_t space, size
    cdef char *out
    if not 0 <= level <= 12:
        raise ValueError(f"compresslevel is {level}, not 0 to 12")
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        compressor = libdeflate_alloc_compressor(level)
        if compressor == NULL:
            raise MemoryError("libdeflate cannot allocate a compressor")
        try:
            space = libdeflate_deflate_compress_bound(compressor, view.len)
            stream = PyBytes_FromStringAndSize(NULL, space)
            out = PyBytes_AsString(stream)
            with nogil:
                size = libdeflate_deflate_compress(compressor, view.buf, view.len, out, space)
        finally:
            libdeflate_free_compressor(compressor)
        if size == 0:
            raise AssertionError("libdeflate exceeded its own bound")
        return memoryview(stream)[:size]
    finally:
        PyBuffer_Release(&view)


def encode_runs(data, bint final, list repeats=None):
    """Encode bytes as a DEFLATE stream, or a piece of one, that matches runs of equal bytes only.

    Parameters
    ----------
    data : bytes-like
        What to encode.
    final : bool
        Whether the stream ends here. If not, an empty stored block fills the last byte, so that the
        next piece can follow.
    repeats : list, optional
        Gets a number appended for each block of 65,535 bytes: an estimate of how many bytes of the
        stream a search for repeats would save (encoder/repeats.h).

    Returns
    -------
    memoryview
        The stream.

    Raises
    ------
    MemoryError
        If there is no memory for the result, or for 160 KB of tables.
    """
    cdef Py_buffer view
    cdef block *tables
    cdef uint8_t *out
    cdef uint32_t *saved = NULL
    cdef size_t size, blocks, i
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        # No block is larger than a stored one, and an empty one may follow.
        blocks = <size_t>view.len // MAX_STORED + 1
        size = view.len + (blocks + 1) * STORED_HEADER + SPILL
        stream = PyBytes_FromStringAndSize(NULL, size)
        out = <uint8_t *>PyBytes_AsString(stream)
        tables = <block *>malloc(sizeof(block) + blocks * sizeof(uint32_t))
        if tables == NULL:
            raise MemoryError("no memory for the tables of an encoder")
        try:
            if repeats is not None:
                saved = <uint32_t *>(tables + 1)
            with nogil:
                size = encode_blocks(
                    tables, <const uint8_t *>view.buf, view.len, out, final, saved)
            if repeats is not None:
                for i in range((<size_t>view.len + MAX_STORED - 1) // MAX_STORED):
                    repeats.append(saved[i])
        finally:
            free(tables)
        return memoryview(stream)[:size]
    finally:
        PyBuffer_Release(&view)
