cdef extern from "block_search.h" nogil:
    Py_ssize_t MAX_BLOCK_HEADER
    size_t search_block(const uint8_t *data, size_t start, size_t stop)

HEADER_SPACE = MAX_BLOCK_HEADER


def find_block(data, Py_ssize_t start, Py_ssize_t stop):
    """Find the first place where a dynamic or stored block that is not the last one seems to start.

    Parameters
    ----------
    data : bytes-like
        The DEFLATE stream, or any piece of one.
    start, stop : int
        Bit positions: the search covers ``start`` to ``stop - 1``, and of these only headers that
        are surely inside `data` (at least 576 bytes before its end).

    Returns
    -------
    int
        The bit position, or -1 if there is none.

    Raises
    ------
    ValueError
        If the start is negative.
    """
    cdef Py_buffer view
    cdef size_t found, limit
    if start < 0:
        raise ValueError("start is negative")
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        if view.len < MAX_BLOCK_HEADER:
            return -1
        limit = <size_t>(view.len - MAX_BLOCK_HEADER) * 8
        if stop < 0 or <size_t>stop < limit:
            limit = 0 if stop < 0 else <size_t>stop
        if <size_t>start >= limit:
            return -1
        with nogil:
            found = search_block(<const uint8_t *>view.buf, start, limit)
        return -1 if found == limit else <Py_ssize_t>found
    finally:
        PyBuffer_Release(&view)
