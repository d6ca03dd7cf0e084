# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
"""Open a file, read a small one whole, synchronise a folder: the system's calls and no more.

No descriptor is ever a mere number in Python, where Ctrl-C could come before anybody owns it.
"""

from io import FileIO

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
    void sync_and_close(const char *path)

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
    bytes or FileIO
        All of a regular file that is not empty and not larger than `limit`; any other, open.

    Raises
    ------
    OSError
        As `open` does.
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
            return FileIO(descriptor)
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
    return data if count == size else data[:count]


def sync_folder(path):
    """Have the names in a folder reach the disk, if the system can do that."""
    cdef bytes encoded = PyUnicode_EncodeFSDefault(path)
    cdef const char *name = encoded
    with nogil:
        sync_and_close(name)
