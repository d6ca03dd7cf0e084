# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""Open a file, read it by position or, if it is small, whole; change it in place; hold a folder.

These are the system's calls and no more. No descriptor that is opened here is ever a mere int in
Python: Ctrl-C could come before an object owns it.
"""

from io import FileIO
from sys import audit

cimport cython

from cpython.buffer cimport (
    PyBUF_FORMAT, PyBUF_ND, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer)
from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize
from cpython.exc cimport (
    PyErr_CheckSignals, PyErr_SetFromErrno, PyErr_SetFromErrnoWithFilenameObject)
from libc.errno cimport EINTR, errno
from libc.stddef cimport ptrdiff_t
from libc.stdint cimport INT64_MAX, UINT32_MAX, int64_t, uint64_t
from libc.string cimport memcpy, strcmp

cdef extern from "Python.h":
    bytes PyUnicode_EncodeFSDefault(object text)
    const Py_ssize_t PY_SSIZE_T_MAX

cdef extern from "files.h" nogil:
    const bint HAS_FILES, HAS_ENTRIES
    const int OPEN_FLAGS
    int open_with_size(const char *path, int64_t *size)
    ptrdiff_t read_and_close(int descriptor, char *out, size_t count)
    ptrdiff_t read_from(int descriptor, char *out, size_t count, int64_t offset)
    ptrdiff_t read_rows_from(
        int descriptor, char *out, size_t size, int64_t offset, const int64_t *rows, size_t count)
    int get_state(
        int descriptor, int64_t *size, int64_t *written, uint64_t *device, uint64_t *inode)
    const Py_ssize_t MAX_COMPARED
    int is_unchanged(int descriptor, const char *start, size_t count, int64_t size)
    int write_to(int descriptor, const char *data, size_t count, int64_t offset, int wait)
    int begin_write_out "start_write_out"(int descriptor, int64_t offset, int64_t count)
    int append_unchanged(
        int descriptor, const char *start, size_t start_size, int64_t size,
        const char *marked, const char *data, size_t count, const char *committed)
    int lock_descriptor(int descriptor, int is_locked)
    void close_descriptor(int descriptor)
    int open_folder_at(int within, const char *path, int follow)
    int open_entry_at(int within, const char *name)
    void sync_folder(int folder)

AVAILABLE = bool(HAS_FILES)     # not on Windows
HOLDS_ENTRIES = bool(HAS_ENTRIES)       # on Linux


cdef bytes encode(path):
    """A path in the encoding of the file system."""
    cdef bytes encoded = PyUnicode_EncodeFSDefault(path)
    if b"\0" in encoded:
        raise ValueError("embedded null byte")
    return encoded


def open_file(path, Py_ssize_t limit):
    """Open a file for reading; if it is small, read it and close it.

    Parameters
    ----------
    path : str
    limit : int
        The size, in bytes, of the largest file that is read at once.

    Returns
    -------
    file : bytes or FileIO
        The content of a regular file that is not empty and not larger than `limit`; any other
        file, open.
    size : int
        Its size in bytes; 0 if it is not regular.

    Raises
    ------
    OSError
        As `open` does.
    """
    cdef bytes encoded = encode(path)
    cdef const char *name = encoded
    cdef int descriptor = -1
    cdef int64_t size = -1
    cdef ptrdiff_t count
    cdef char *out
    audit("open", path, "rb", OPEN_FLAGS)   # as `open` does, for those who watch
    try:
        while descriptor < 0:
            with nogil:
                descriptor = open_with_size(name, &size)
            if descriptor < 0 and errno != EINTR:
                PyErr_SetFromErrnoWithFilenameObject(OSError, path)
            PyErr_CheckSignals()
        if not 0 < size <= limit:
            file = FileIO(descriptor)
            descriptor = -1     # the file closes it
            return file, size
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
    return (data if count == size else data[:count]), size


def state(int descriptor):
    """The size of an open file, when it was last written to, in nanoseconds, and the numbers of its
    device and of its inode.

    Raises
    ------
    OSError
        As `os.fstat` does.
    """
    cdef int64_t size = 0, written = 0
    cdef uint64_t device = 0, inode = 0
    cdef int result
    # A file system on the network may take long.
    with nogil:
        result = get_state(descriptor, &size, &written, &device, &inode)
    if result < 0:
        PyErr_SetFromErrno(OSError)
    return size, written, device, inode


def read_at(int descriptor, out, int64_t offset):
    """Fill a buffer from an offset of a file; return how many bytes there were.

    Raises
    ------
    ValueError
        If the offset is negative.
    OSError
        As `os.pread` does.
    """
    cdef Py_buffer target
    cdef ptrdiff_t done
    if offset < 0:
        raise ValueError("the offset is negative")
    PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
    try:
        with nogil:
            done = read_from(descriptor, <char *>target.buf, target.len, offset)
        if done < 0:
            PyErr_SetFromErrno(OSError)
        return done
    finally:
        PyBuffer_Release(&target)


def read_rows(int descriptor, out, Py_ssize_t size, int64_t offset, rows):
    """Read rows of a table in a file, one after another, into a buffer.

    Parameters
    ----------
    descriptor : int
    out : writable buffer
        Exactly as many bytes as these rows have together.
    size : int
        Bytes of a row.
    offset : int
        Where in the file the table starts.
    rows : buffer of int64
        The numbers of the rows, from 0.

    Returns
    -------
    int
        How many bytes were read before the first that the file does not have.

    Raises
    ------
    ValueError
        If the buffers do not fit together, or a row is negative or beyond any file.
    OSError
        As `os.pread` does.
    """
    cdef Py_buffer target, numbers
    cdef Py_ssize_t count, i
    cdef const int64_t *row
    cdef int64_t last
    cdef ptrdiff_t done
    PyObject_GetBuffer(rows, &numbers, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
        try:
            row = <const int64_t *>numbers.buf
            count = numbers.len // 8
            if numbers.len % 8 or size < 0 or offset < 0:
                raise ValueError("rows takes int64, and neither size nor offset may be negative")
            if (size and count > PY_SSIZE_T_MAX // size) or target.len != count * size:
                raise ValueError("the buffer does not have the size of the rows")
            last = (INT64_MAX - offset) // size - 1 if size else INT64_MAX - 1
            with nogil:
                for i in range(count):
                    if not 0 <= row[i] <= last:
                        break
                else:
                    i = count
            if i < count:
                raise ValueError("a row is negative or beyond any file")
            with nogil:
                done = read_rows_from(descriptor, <char *>target.buf, size, offset, row, count)
            if done < 0:
                PyErr_SetFromErrno(OSError)
            return done
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&numbers)


include "in_place.pxi"


@cython.final
@cython.auto_pickle(False)
cdef class Held:
    """The descriptor of a folder, closed when garbage-collected, if not before.

    Parameters
    ----------
    path : str
    within : Held, optional
        The folder that a relative path starts from, instead of the working directory.
    is_followed : bool
        Whether a symbolic link at the end of the path is followed.
    is_entry : bool
        Whether to hold the entry of this name in the folder `within`, of whatever kind, without
        opening it; of a symbolic link, the link itself. Only where `HOLDS_ENTRIES` is true.

    Raises
    ------
    OSError
        As `os.open` does.
    """
    cdef int descriptor

    def __cinit__(self, path, Held within=None, bint is_followed=True, bint is_entry=False):
        cdef bytes encoded
        cdef const char *name
        cdef int start
        self.descriptor = -1
        encoded = encode(path)
        name = encoded
        start = -1 if within is None else within.fileno()
        if is_entry and (start < 0 or not HAS_ENTRIES):
            raise ValueError("an entry can be held only within a folder, and only on Linux")
        while self.descriptor < 0:
            with nogil:
                if is_entry:
                    self.descriptor = open_entry_at(start, name)
                else:
                    self.descriptor = open_folder_at(start, name, is_followed)
            if self.descriptor < 0 and errno != EINTR:
                PyErr_SetFromErrnoWithFilenameObject(OSError, path)
            PyErr_CheckSignals()

    def __dealloc__(self):
        if self.descriptor >= 0:
            close_descriptor(self.descriptor)

    def __reduce__(self):
        raise TypeError("what is held cannot be copied or pickled")

    def fileno(self):
        """The descriptor, for calls of `os`."""
        if self.descriptor < 0:
            raise ValueError("the folder is closed")
        return self.descriptor

    def sync(self):
        """Write the names in the folder to the disk, if the system can do that."""
        cdef int descriptor = self.fileno()
        with nogil:
            sync_folder(descriptor)

    def close(self):
        """Close the descriptor. Further calls do nothing."""
        cdef int descriptor = self.descriptor
        self.descriptor = -1
        if descriptor >= 0:
            close_descriptor(descriptor)
