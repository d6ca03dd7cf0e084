cdef enum:
    # How many bytes of items are added in one call at most: Ctrl-C waits until it is over.
    MOST = 1 << 20

MAX_APPENDED = MOST


cdef int check_interrupted() except -1:
    """Raise the error of a system call. If a signal has interrupted it, let Python handle that."""
    if errno != EINTR:
        PyErr_SetFromErrno(OSError)
    PyErr_CheckSignals()
    return 0


cdef Py_ssize_t check_comparable(bytes start) except -1:
    """The number of bytes; ValueError if there are more than `is_unchanged` compares."""
    if len(start) > MAX_COMPARED:
        raise ValueError("only the first 4,096 bytes of a file can be compared")
    return len(start)


def lock(int descriptor, bint is_locked):
    """Wait until no other process has a lock on an open file, and lock the file; or unlock it.

    Raises
    ------
    OSError
        As `fcntl.flock` does.
    """
    cdef int result = -1
    while result < 0:
        with nogil:
            result = lock_descriptor(descriptor, is_locked)
        if result < 0:
            check_interrupted()


def is_as_before(int descriptor, bytes start, int64_t size):
    """Whether an open file still has a name, begins with these bytes, and has this size.

    Raises
    ------
    ValueError
        If more than 4,096 bytes are given.
    OSError
        As `os.fstat` and `os.pread` do.
    """
    cdef const char *expected = start
    cdef Py_ssize_t count = check_comparable(start)
    cdef int result
    with nogil:
        result = is_unchanged(descriptor, expected, count, size)
    if result < 0:
        PyErr_SetFromErrno(OSError)
    return result == 1


def write_at(int descriptor, data, int64_t offset, bint is_awaited):
    """Write all of a buffer at an offset of a file; wait for the disk if `is_awaited`.

    Raises
    ------
    ValueError
        If the offset is negative.
    OSError
        As `os.pwrite` and `os.fdatasync` do.
    """
    cdef Py_buffer source
    cdef int result
    if offset < 0:
        raise ValueError("the offset is negative")
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        with nogil:
            result = write_to(
                descriptor, <const char *>source.buf, source.len, offset, is_awaited)
        if result < 0:
            PyErr_SetFromErrno(OSError)
    finally:
        PyBuffer_Release(&source)


def start_write_out(int descriptor, int64_t offset, int64_t count):
    """Have the system begin to write a part of a file to the disk; where it cannot, do nothing.

    This call does not wait for the disk.

    Raises
    ------
    OSError
        If the system cannot find room for the bytes. It drops them, and `os.fsync` does not tell.
        What fails later, `os.fsync` tells.
    """
    cdef int result
    with nogil:
        result = begin_write_out(descriptor, offset, count)
    if result < 0:
        PyErr_SetFromErrno(OSError)


def append_items(
    int descriptor, bytes header, int64_t size, bytes mark, bytes format, data,
):
    """Lock a raw IDX file, add items if the file is as before, and unlock it.

    A mark is written over the start of the file, then the items after its end, then the first eight
    bytes of the new header. Each of these writes begins when the one before is on the disk. After
    an error, the file is as before, or begins with the mark.

    Parameters
    ----------
    descriptor : int
    header : bytes
        What the file begins with.
    size : int
        The size of the file, in bytes.
    mark : bytes
        At most 4 bytes.
    format : bytes
        The format of an element, as buffers state it.
    data : buffer
        The items.

    Returns
    -------
    bytes or None
        The new header. None if nothing was written: the file is not as before, or the buffer holds
        no items of the file's type and shape, more than `MAX_APPENDED` bytes, or more items than a
        header can count.

    Raises
    ------
    ValueError
        If the header does not have the bytes of its dimensions, or the mark is too long.
    OSError
        As `fcntl.flock`, `os.fstat`, `os.pread`, `os.pwrite` and `os.fdatasync` do.
    """
    cdef Py_buffer source
    cdef Py_ssize_t header_size = check_comparable(header), mark_size = len(mark), i
    cdef const char *start = header
    cdef const char *expected = format
    cdef const char *sign = mark
    cdef char marked[8]
    cdef char *committed
    cdef int64_t count
    cdef int result = -1
    if header_size < 8 or header_size % 4 or mark_size > 4:
        raise ValueError("the header needs dimensions, and the mark has at most 4 bytes")
    try:
        PyObject_GetBuffer(data, &source, PyBUF_ND | PyBUF_FORMAT)
    except (BufferError, ValueError):
        return None     # not in C order, or without a format
    try:
        if (
            not 0 < source.len <= MOST
            or source.ndim != header_size // 4 - 1
            or source.format == NULL or strcmp(source.format, expected)
        ):
            return None
        for i in range(1, source.ndim):
            if source.shape[i] != big_endian(start + 4 + 4 * i):
                return None
        count = big_endian(start + 4) + source.shape[0]
        if count > UINT32_MAX:
            return None
        memcpy(marked, start, 8)
        memcpy(marked, sign, mark_size)
        new = PyBytes_FromStringAndSize(start, header_size)
        committed = PyBytes_AsString(new)
        for i in range(4):
            committed[4 + i] = <char>(count >> (24 - 8 * i) & 0xFF)
        while result < 0:
            with nogil:
                result = append_unchanged(
                    descriptor, start, header_size, size,
                    marked, <const char *>source.buf, source.len, committed)
            if result < 0:
                check_interrupted()
        return new if result else None
    finally:
        PyBuffer_Release(&source)


cdef int64_t big_endian(const char *number) noexcept nogil:
    """A number of 32 bits."""
    cdef const unsigned char *digits = <const unsigned char *>number
    return (
        <int64_t>digits[0] << 24 | <int64_t>digits[1] << 16 | <int64_t>digits[2] << 8 | digits[3])
