# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
"""Encode a whole DEFLATE stream (RFC 1951) by libdeflate."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize

from .libdeflate cimport *


def encode(data, int level):
    """Encode bytes as one DEFLATE stream.

    Parameters
    ----------
    data : bytes-like
        What to encode.
    level : int
        0 (stored) to 12 (smallest), as libdeflate has it.

    Returns
    -------
    memoryview
        The stream.

    Raises
    ------
    ValueError
        If there is no such level.
    MemoryError
        If there is no room for the result or for libdeflate's own tables.
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
            raise AssertionError("libdeflate passed its own bound")
        return memoryview(stream)[:size]
    finally:
        PyBuffer_Release(&view)
