cdef Py_ssize_t block_size(const uint8_t *data, Py_ssize_t space) noexcept nogil:
    """The size of the BGZF block, in bgzip's form, that starts here; 0 if there is no whole one."""
    cdef Py_ssize_t size
    if (
        space < BLOCK_HEADER
        or memcmp(data, b"\x1f\x8b\x08\x04", 4)
        or memcmp(data + HEADER, b"\x06\x00BC\x02\x00", 6)
    ):
        return 0
    size = little_endian(data + BLOCK_HEADER - 2, 2) + 1
    if size < BLOCK_HEADER + TRAILER or size > space:
        return 0
    return size if little_endian(data + size - 4, 4) <= MAX_BLOCK else 0


def find_bgzf_blocks(
    data, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t step, Py_ssize_t unpacked_step,
):
    """Find whole BGZF blocks, one after another.

    Parameters
    ----------
    data : bytes-like
    start, stop : int
        Where the first block starts, and where the last one has to end.
    step, unpacked_step : int
        A group ends once it has this many bytes, packed or unpacked.

    Returns
    -------
    list of (int, int)
        For each group, where its last block ends, and how many bytes its blocks claim to unpack to.

    Raises
    ------
    ValueError
        If a position lies outside of `data`.
    """
    cdef Py_buffer view
    cdef const uint8_t *file
    cdef Py_ssize_t size, first = start, unpacked = 0
    groups = []
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        file = <const uint8_t *>view.buf
        if not 0 <= start <= stop <= view.len:
            raise ValueError("start or stop is outside of the data")
        while True:
            size = block_size(file + start, stop - start)
            if start > first and (
                size == 0 or start - first >= step or unpacked >= unpacked_step
            ):
                groups.append((start, unpacked))
                first, unpacked = start, 0
            if size == 0:
                return groups
            start += size
            unpacked += little_endian(file + start - 4, 4)
    finally:
        PyBuffer_Release(&view)
