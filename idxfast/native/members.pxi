# gzip members (RFC 1952) in memory: read a header, or decode a small file or many members at once.
#
# Each member that is decoded here is verified: header, exact length, CRC-32. If a member is wrong,
# it is not decoded and no reason is given: the general reader finds the reason.

cdef enum:
    HEADER = 10
    TRAILER = 8
    DEFLATE = 8
    FHCRC = 2
    FEXTRA = 4
    FNAME = 8
    FCOMMENT = 16
    RESERVED = 0xE0
    # BGZF (the SAM/BAM specification, section 4.1): the extra field of each member holds its size.
    # Packed and unpacked, a member has at most 64 KiB.
    BLOCK_HEADER = 18
    MAX_BLOCK = 65536

# The fault of a member header.
cdef enum fault:
    IS_RIGHT
    IS_CUT
    IS_NO_GZIP
    HAS_METHOD
    HAS_FLAGS
    HAS_CHECKSUM

NONE = IS_RIGHT             # there is none
NEEDS_MORE = IS_CUT         # the header continues past the data
NOT_GZIP = IS_NO_GZIP       # the data do not start with the magic number
METHOD = HAS_METHOD         # byte 2, the compression method, is not DEFLATE
FLAGS = HAS_FLAGS           # a reserved flag is set in byte 3
CHECKSUM = HAS_CHECKSUM     # the header does not match its checksum (FHCRC)


cdef inline uint32_t little_endian(const uint8_t *data, int count) noexcept nogil:
    cdef uint32_t number = 0
    cdef int i
    for i in range(count):
        number |= <uint32_t>data[i] << 8 * i
    return number


cdef fault parse_header(
    const uint8_t *data, Py_ssize_t space, Py_ssize_t *end,
) noexcept nogil:
    """read_header on C types."""
    cdef Py_ssize_t size = HEADER
    cdef const uint8_t *zero
    cdef int text
    end[0] = 0
    if memcmp(data, b"\x1f\x8b", min(space, 2)):
        return IS_NO_GZIP
    if space < 4:
        return IS_CUT
    if data[2] != DEFLATE:
        return HAS_METHOD
    if data[3] & RESERVED:
        return HAS_FLAGS
    if data[3] & FEXTRA:
        if space < size + 2:
            return IS_CUT
        size += 2 + little_endian(data + size, 2)
    for text in range(2):
        if data[3] & (FCOMMENT if text else FNAME):
            if size >= space:
                return IS_CUT
            zero = <const uint8_t *>memchr(data + size, 0, space - size)
            if zero == NULL:
                return IS_CUT
            size = zero - data + 1
    if data[3] & FHCRC:
        if space < size + 2:
            return IS_CUT
        if little_endian(data + size, 2) != (update_crc32(0, data, size) & 0xFFFF):
            end[0] = size
            return HAS_CHECKSUM
        size += 2
    if space < size:
        return IS_CUT
    end[0] = size
    return IS_RIGHT


def read_header(data, Py_ssize_t start):
    """Read the header of a gzip member.

    Parameters
    ----------
    data : bytes-like
    start : int
        Where in `data` the header starts.

    Returns
    -------
    size : int
        The size of the header in bytes. After `CHECKSUM`, the number of bytes before the checksum;
        after any other fault, 0.
    fault : int
        `NONE`, `NEEDS_MORE`, `NOT_GZIP`, `METHOD`, `FLAGS` or `CHECKSUM`: the first fault in the
        order of the bytes.

    Raises
    ------
    ValueError
        If the start lies outside of `data`.
    """
    cdef Py_buffer view
    cdef Py_ssize_t size
    cdef fault fault
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        if not 0 <= start <= view.len:
            raise ValueError("start is outside of the data")
        with nogil:
            fault = parse_header(<const uint8_t *>view.buf + start, view.len - start, &size)
        return size, <int>fault
    finally:
        PyBuffer_Release(&view)


include "bgzf.pxi"


cdef bint decode_stream(
    inflater *decoder, const uint8_t *data, size_t size, uint8_t *out, size_t space,
    size_t *consumed, size_t *produced,
) noexcept nogil:
    """Decode the stream that `data` starts with; return whether it is right, whole, and fits.

    Nothing is written from ``out + space`` on, where another thread may write.
    """
    cdef work job
    memset(&job, 0, sizeof(job))
    job.start_of_input = data
    job.size = size
    job.out = out
    job.space = space
    begin_stream(decoder)
    if inflate_stream(decoder, &job, UINT64_MAX, UINT64_MAX, SIZE_MAX) != AT_END:
        return False
    consumed[0] = (job.bit + 7) // 8
    produced[0] = job.at
    return True


cdef Py_ssize_t decode(
    inflater *decoder, const uint8_t *data, Py_ssize_t size,
    uint8_t *out, Py_ssize_t space, Py_ssize_t *unpacked,
) noexcept nogil:
    """Decode the member that `data` starts with; return its size, or 0 if it cannot be decoded."""
    cdef Py_ssize_t header
    cdef size_t consumed = 0, produced = 0
    cdef const uint8_t *trailer
    if parse_header(data, size, &header) != IS_RIGHT or not decode_stream(
        decoder, data + header, size - header, out, space, &consumed, &produced
    ):
        return 0
    if size - header - <Py_ssize_t>consumed < TRAILER:
        return 0
    trailer = data + header + consumed
    if (
        little_endian(trailer, 4) != update_crc32(0, out, produced)
        or little_endian(trailer + 4, 4) != <uint32_t>produced
    ):
        return 0
    unpacked[0] = produced
    return trailer + TRAILER - data


def decode_member(data, Py_ssize_t limit):
    """Decode a file that is one gzip member.

    Parameters
    ----------
    data : bytes-like
        The file.
    limit : int
        The most bytes to unpack.

    Returns
    -------
    bytes or None
        The unpacked bytes. None if the file is anything else, is damaged, or unpacks to more.
    """
    cdef Py_buffer view
    cdef inflater *decoder
    cdef Py_ssize_t size, unpacked = 0, decoded = 0
    cdef uint8_t *out
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        if view.len < HEADER + TRAILER:
            return None
        size = little_endian(<const uint8_t *>view.buf + view.len - 4, 4)
        if not 0 <= size <= limit:
            return None
        content = PyBytes_FromStringAndSize(NULL, size)
        out = <uint8_t *>PyBytes_AsString(content)
        with nogil:
            decoder = take_inflater()
            if decoder != NULL:
                decoded = decode(
                    decoder, <const uint8_t *>view.buf, view.len, out, size, &unpacked)
            give_back_inflater(decoder)
        # A member that ends with the file has the trailer whose size was allocated above.
        return content if decoded == view.len else None
    finally:
        PyBuffer_Release(&view)


cdef Py_ssize_t decode_all(
    const uint8_t *data, Py_ssize_t *start, Py_ssize_t stop,
    uint8_t *out, Py_ssize_t *position, Py_ssize_t space,
) noexcept nogil:
    """decode_members on C types; return the number of members, or -1 if there is no memory."""
    cdef inflater *decoder = take_inflater()
    cdef Py_ssize_t member = start[0], size, left, unpacked = 0, count = 0
    if decoder == NULL:
        return -1
    while True:
        while member < stop and data[member] == 0:
            member += 1
        left = space - position[0]
        size = block_size(data + member, stop - member)
        if size:
            # Exactly the block's own space. The decoder may overwrite bytes after those that it
            # decodes, and after this block's, another thread may have written the next one's.
            left = min(left, <Py_ssize_t>little_endian(data + member + size - 4, 4))
        size = decode(
            decoder, data + member, size if size else stop - member,
            out + position[0], left, &unpacked)
        if size == 0:
            break
        # `start` stays before zeros that follow the last member: the general reader decides what
        # may come after them.
        member += size
        start[0] = member
        position[0] += unpacked
        count += 1
    give_back_inflater(decoder)
    return count


def decode_members(data, Py_ssize_t start, Py_ssize_t stop, out, Py_ssize_t position):
    """Decode members into a buffer, one after another, while they are whole and undamaged.

    Zero padding before a member is skipped.

    Parameters
    ----------
    data : bytes-like
    start, stop : int
        Where the first member, or the padding before it, starts; and where the last one has to end.
    out : writable buffer
    position : int
        Where in `out` the bytes of the first member go.

    Returns
    -------
    count : int
        The number of members that were decoded.
    start : int
        Where the last of them ends.
    position : int
        Where in `out` their bytes end. The bytes after that are undefined.

    Raises
    ------
    ValueError
        If a position lies outside of its buffer.
    MemoryError
        If there is no memory for a decoder.
    """
    cdef Py_buffer source, target
    cdef Py_ssize_t count
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
        try:
            if not 0 <= start <= stop <= source.len or not 0 <= position <= target.len:
                raise ValueError("start, stop or position is outside of its buffer")
            with nogil:
                count = decode_all(
                    <const uint8_t *>source.buf, &start, stop,
                    <uint8_t *>target.buf, &position, target.len)
            if count < 0:
                raise MemoryError("no memory for a decoder")
            return count, start, position
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
