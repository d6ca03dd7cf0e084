# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""Compute with the elements of buffers: swap their bytes, copy them, make lists or pictures."""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals
from cpython.list cimport PyList_GetSlice, PyList_New
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int32_t, uint8_t, uintptr_t
from libc.string cimport memcpy

cdef enum:
    UNBROKEN = 1 << 20      # how many ints `rows` makes at once, in some 10 ms

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX
    void Py_INCREF(PyObject *)
    int PyList_SetItem(PyObject *, Py_ssize_t, PyObject *)
    void PyObject_GC_Track(PyObject *)
    void PyObject_GC_UnTrack(PyObject *)

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
        If the size is another one, or if the buffer ends inside an element.
    """
    cdef Py_buffer view
    cdef size_t count
    if itemsize not in (2, 4, 8):
        raise ValueError(f"itemsize is {itemsize}, not 2, 4 or 8")
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
    """The address of the first byte of a buffer."""
    cdef Py_buffer view
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    try:
        return <size_t>view.buf
    finally:
        PyBuffer_Release(&view)


def fill(buffer, data, Py_ssize_t start):
    """Fill a buffer with the bytes of another one, from its byte `start` on.

    For arrays of some KB this takes a quarter of the time of an assignment to a slice.

    Raises
    ------
    ValueError
        If the other one has too few bytes.
    """
    cdef Py_buffer target, source
    PyObject_GetBuffer(buffer, &target, PyBUF_WRITABLE)
    try:
        PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
        try:
            if start < 0 or source.len - start < target.len:
                raise ValueError("the other buffer has too few bytes")
            with nogil:
                memcpy(target.buf, <const uint8_t *>source.buf + start, target.len)
        finally:
            PyBuffer_Release(&source)
    finally:
        PyBuffer_Release(&target)


def rows(buffer, Py_ssize_t count):
    """Cut bytes into rows of equal length.

    Parameters
    ----------
    buffer : bytes-like
    count : int
        How many rows.

    Returns
    -------
    list of list of int
        The rows are not tracked by Python's garbage collector, because ints are never part of a
        cycle. A cycle through an object that is put into a row later is never freed.

    Raises
    ------
    ValueError
        If the buffer cannot be cut into `count` rows.
    """
    cdef list ints = list(range(256))
    cdef PyObject *values[256]
    cdef Py_buffer view
    cdef const uint8_t *data
    cdef Py_ssize_t width, i, j, unbroken = 0
    cdef list made, zeros
    cdef PyObject *row
    cdef PyObject *value
    for i in range(256):
        values[i] = <PyObject *>ints[i]
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    try:
        if count < 0 or (view.len % count if count else view.len):
            raise ValueError(f"{view.len} bytes do not make {count} equal rows")
        width = view.len // count if count else 0
        data = <const uint8_t *>view.buf
        # Rows stay untracked. The garbage collector visits every int of a tracked row in each of
        # its generations: after 60,000 rows of 784, the collections of the next call took 0.4 s,
        # and that call 0.04 s. `zeros` and `made` are untracked before anything else is allocated,
        # so that no callback of the collector can find and change them, or rows that are not full.
        # At least half of the bytes of most images are zeros. A copy of a list puts all of them
        # in place without a call for each.
        zeros = [0] * width
        PyObject_GC_UnTrack(<PyObject *>zeros)
        made = PyList_New(count)
        PyObject_GC_UnTrack(<PyObject *>made)
        for i in range(count):
            row = _put_copy(made, i, zeros)
            for j in range(width):
                if data[j]:
                    value = values[data[j]]
                    Py_INCREF(value)
                    PyList_SetItem(row, j, value)
            data += width
            unbroken += width
            if unbroken >= UNBROKEN:
                # Let other threads run, and Ctrl-C in.
                with nogil:
                    pass
                PyErr_CheckSignals()
                unbroken = 0
        PyObject_GC_Track(<PyObject *>made)
        return made
    finally:
        PyBuffer_Release(&view)


cdef PyObject *_put_copy(list made, Py_ssize_t i, list original) except NULL:
    """Put a copy of a list, untracked by the garbage collector, into another list."""
    row = PyList_GetSlice(original, 0, len(original))
    PyObject_GC_UnTrack(<PyObject *>row)
    Py_INCREF(<PyObject *>row)
    PyList_SetItem(<PyObject *>made, i, <PyObject *>row)
    return <PyObject *>row


include "pictures.pxi"
