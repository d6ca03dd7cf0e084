# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
"""Open a file, and read a small one whole, at the cost of the system's calls alone."""

from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize
from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrnoWithFilenameObject
from libc.errno cimport EINTR, errno
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t

cdef extern from "Python.h":
    bytes PyUnicode_EncodeFSDefault(object text)

cdef extern from "files.h" nogil:
    const bint HAS_FILES
    int open_with_size(const char *path, int64_t *size)
    ptrdiff_t read_and_close(int descriptor, char *out, size_t count)
    void close_descriptor(int descriptor)

AVAILABLE = bool(HAS_FILES)     # not on Windows


def open_file(path, Py_ssize_t limit):
    """Open a file for reading; if it is small, read it and close it.

    Parameters
    ----------
    path : str
    limit : int
        The size, in bytes, of the largest file that is read at once.

    Returns
    -------
    data : bytes or None
        All of a regular file that is not empty and not larger than `limit`.
    descriptor : int
        Of any other file, for the caller to close.
    size : int
        Of a regular file, in bytes; -1 for anything else.

    Raises
    ------
    OSError
        As `os.open` does.
    """
    cdef bytes encoded = PyUnicode_EncodeFSDefault(path)
    cdef const char *name = encoded
    cdef int descriptor = -1
    cdef int64_t size = -1
    cdef ptrdiff_t count
    cdef char *out
    if len(encoded) != <Py_ssize_t>len(name):
        raise ValueError("embedded null byte")
    try:
        while descriptor < 0:
            with nogil:
                descriptor = open_with_size(name, &size)
            if descriptor < 0 and errno != EINTR:
                PyErr_SetFromErrnoWithFilenameObject(OSError, path)
            PyErr_CheckSignals()
        if not 0 < size <= limit:
            return None, descriptor, size
        data = PyBytes_FromStringAndSize(NULL, size)
    except BaseException:
        if descriptor >= 0:
            close_descriptor(descriptor)
        raise
    out = PyBytes_AsString(data)
    with nogil:
        count = read_and_close(descriptor, out, size)
    if count < 0:
        PyErr_SetFromErrnoWithFilenameObject(OSError, path)
    return data if count == size else data[:count], -1, size
