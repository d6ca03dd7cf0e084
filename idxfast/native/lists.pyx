# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
"""Bytes as lists of Python ints."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.list cimport PyList_New
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t

cdef extern from "Python.h":
    void Py_INCREF(PyObject *)
    PyObject *PyList_GetItem(PyObject *, Py_ssize_t)
    int PyList_SetItem(PyObject *, Py_ssize_t, PyObject *)
    void PyObject_GC_Track(PyObject *)
    void PyObject_GC_UnTrack(PyObject *)

cdef extern from "pages.h":
    void ask_for_huge_pages(size_t)

# How many bytes of lists are to be in huge pages at a time; from 32 MB on, glibc maps each block
# apart. 60,000 rows of 784 took 96 ms; 105 by 16 MB, 150 by 4 MB, and 215 in small pages, of which
# the first touch alone took 125. On a virtual machine that gives free memory back to its host, the
# first call in huge pages is slow: 360 to 770 ms, as for any large array of numpy.
cdef enum:
    BLOCK = 31 << 20


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

    Raises
    ------
    ValueError
        If it cannot be cut into so many.
    """
    cdef list ints = list(range(256))
    cdef PyObject *values[256]
    cdef Py_buffer view
    cdef const uint8_t *data
    cdef Py_ssize_t width, rows_in_block, i, j
    cdef list made
    cdef PyObject *row
    cdef PyObject *value
    for i in range(256):
        values[i] = <PyObject *>ints[i]
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    try:
        if count < 0 or (view.len % count if count else view.len):
            raise ValueError(f"{view.len} bytes do not make {count} equal rows")
        width = view.len // count if count else 0
        # Of a list, its items count, and two words that malloc adds.
        rows_in_block = BLOCK // sizeof(PyObject *) // (width + 2) + 1
        data = <const uint8_t *>view.buf
        made = PyList_New(count)
        # The garbage collector would come a hundred times meanwhile, and look at every int each
        # time: half of all the time, and there is no garbage in these lists. Nor can what it calls
        # reach them, and change them before they are full.
        PyObject_GC_UnTrack(<PyObject *>made)
        for i in range(count):
            if i % rows_in_block == 0 and count > rows_in_block:
                ask_for_huge_pages(BLOCK)
            # The list is in its place, and can be freed, before it is full.
            row = _put_list(made, i, width)
            for j in range(width):
                value = values[data[j]]
                Py_INCREF(value)
                PyList_SetItem(row, j, value)
            data += width
        for i in range(count):
            PyObject_GC_Track(PyList_GetItem(<PyObject *>made, i))
        PyObject_GC_Track(<PyObject *>made)
        return made
    finally:
        PyBuffer_Release(&view)


cdef PyObject *_put_list(list made, Py_ssize_t i, Py_ssize_t width) except NULL:
    """Put a new list, that the garbage collector does not see, into another one."""
    row = PyList_New(width)
    PyObject_GC_UnTrack(<PyObject *>row)
    Py_INCREF(<PyObject *>row)
    PyList_SetItem(<PyObject *>made, i, <PyObject *>row)
    return <PyObject *>row
