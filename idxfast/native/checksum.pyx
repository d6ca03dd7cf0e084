# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
"""CRC-32 (RFC 1952, section 8): of bytes, and of two pieces from the CRC-32 of each."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint32_t, uint64_t

from .libdeflate cimport choose_code, libdeflate_crc32

choose_code()


cdef uint32_t multiply(uint32_t a, uint32_t b) noexcept nogil:
    """The product of two polynomials over two elements, modulo that of CRC-32.

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
    """CRC-32 of bytes; `crc` is that of the bytes before them."""
    cdef Py_buffer view
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        with nogil:
            crc = libdeflate_crc32(crc, view.buf, view.len)
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
    CRC-32 is linear: `size` bytes more multiply the first piece's by x^(8 size), and then the
    second piece's is added. So from the CRC-32 of the whole and of its first piece it also gives
    that of the second.
    """
    cdef uint32_t power = <uint32_t>1 << 23     # x^8
    while size:
        if size & 1:
            first = multiply(power, first)
        power = multiply(power, power)
        size >>= 1
    return first ^ second
