# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
"""Memory: the byte order of its elements, and where it stands."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t

cdef extern from "swap.h" nogil:
    void swap_16(uint8_t *data, size_t count)
    void swap_32(uint8_t *data, size_t count)
    void swap_64(uint8_t *data, size_t count)


def swap(buffer, int itemsize):
    """Reverse the bytes of every element of a buffer.

    Parameters
    ----------
    buffer : writable buffer
        Elements at any address, aligned or not.
    itemsize : {2, 4, 8}
        Bytes in an element.

    Raises
    ------
    ValueError
        For another size, or when the buffer ends inside an element.
    """
    cdef Py_buffer view
    cdef size_t count
    if itemsize not in (2, 4, 8):
        raise ValueError(f"elements of {itemsize} bytes")
    PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
    try:
        if view.len % itemsize:
            raise ValueError("the buffer ends inside an element")
        count = view.len // itemsize
        with nogil:
            if itemsize == 2:
                swap_16(<uint8_t *>view.buf, count)
            elif itemsize == 4:
                swap_32(<uint8_t *>view.buf, count)
            else:
                swap_64(<uint8_t *>view.buf, count)
    finally:
        PyBuffer_Release(&view)


def address(buffer):
    """Where a buffer starts, as a number."""
    cdef Py_buffer view
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    try:
        return <size_t>view.buf
    finally:
        PyBuffer_Release(&view)
