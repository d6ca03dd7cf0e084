# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
"""Decode DEFLATE streams (RFC 1951), piece by piece, from any bit on and with any window.

What zlib refuses is refused here, at the same place and with the same words; and where zlib would
ask for more input, so does this decoder.
"""

cimport cython
from cpython.buffer cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer)
from cpython.pythread cimport (
    NOWAIT_LOCK, PyThread_acquire_lock, PyThread_allocate_lock, PyThread_free_lock,
    PyThread_release_lock, PyThread_type_lock)
from libc.stdint cimport uint8_t, uint64_t
from libc.stdlib cimport calloc, free


cdef extern from "decoder/inflate.h" nogil:
    ctypedef enum stop "enum stop":
        AT_END
        AT_BLOCK
        AT_PAUSE
        AT_INPUT
        AT_SPACE
        AT_ERROR
    ctypedef enum block_type "enum block_type":
        STORED
    ctypedef struct inflater "struct inflater":
        block_type type
        const char *reason
        void *scratch
    ctypedef struct work "struct work":
        const uint8_t *start_of_input "in"
        size_t size
        uint64_t bit
        uint8_t *out
        size_t space
        size_t at
        size_t start
        const uint8_t *history
        size_t history_size
        uint64_t wrong_bit
    void begin_stream(inflater *)
    stop inflate_stream(inflater *, work *, int, uint64_t, size_t)

# Why a call of `Inflater.decode` ends.
END = AT_END        # the stream's final block has ended
BLOCK = AT_BLOCK    # another block has ended
PAUSE = AT_PAUSE    # the budget is used up
INPUT = AT_INPUT    # more input is needed
SPACE = AT_SPACE    # the next symbol's bytes do not fit
BAD = AT_ERROR      # the stream is not one that zlib takes


@cython.final
@cython.auto_pickle(False)
cdef class Inflater:
    """A DEFLATE stream that is being decoded.

    An Inflater keeps what a stream needs between two calls of `decode`: its tables, and where in a
    block it is. The caller keeps the input that has not been read, and the window. Several threads
    may each have an Inflater of their own; one alone is for one thread at a time.
    """

    cdef inflater *state
    cdef PyThread_type_lock lock

    def __cinit__(self):
        self.lock = PyThread_allocate_lock()
        self.state = <inflater *>calloc(1, sizeof(inflater))
        if self.lock == NULL or self.state == NULL:
            raise MemoryError("no memory for a decoder")
        begin_stream(self.state)

    def __dealloc__(self):
        if self.lock != NULL:
            PyThread_free_lock(self.lock)
        if self.state != NULL:
            free(self.state.scratch)
        free(self.state)

    cdef int acquire(self) except -1:
        if not PyThread_acquire_lock(self.lock, NOWAIT_LOCK):
            raise RuntimeError("another thread uses this Inflater")
        return 0

    def __reduce__(self):
        raise TypeError("an Inflater cannot be copied or pickled")

    def reset(self):
        """Begin another stream.

        Raises
        ------
        RuntimeError
            If another thread is in `decode`.
        """
        self.acquire()
        begin_stream(self.state)
        PyThread_release_lock(self.lock)

    def decode(
        self, data, uint64_t bit, out, Py_ssize_t position, *, Py_ssize_t start=0, history=b"",
        bint stop_at_block=False, uint64_t max_bits=0xFFFFFFFFFFFFFFFF,
        Py_ssize_t max_bytes=0x7FFFFFFF,
    ):
        """Decode as much of the stream as there is input and space for.

        Parameters
        ----------
        data : bytes-like
            Compressed bytes, from anywhere before the next bit on.
        bit : int
            The next bit of the stream, counted from the start of `data`, each byte's lowest bit
            first.
        out : writable buffer
            The destination. Bytes after those that the call has decoded may be overwritten.
        position : int
            Where in `out` the next byte goes.
        start : int
            Where in `out` the window begins: the stream copies nothing from before it.
        history : bytes-like
            What the stream has decoded just before ``out[start]``, where that stands elsewhere; of
            this, too, it may copy. 32 KiB are enough.
        stop_at_block : bool
            Whether to return after each block.
        max_bits, max_bytes : int
            Budgets: the call returns soon after it has read or written as much. At least one step
            is made.

        Returns
        -------
        stop : int
            `END`, `BLOCK`, `PAUSE`, `INPUT`, `SPACE` or `BAD`. After `INPUT` and `SPACE` the call
            can be repeated with more of either: no symbol has been decoded in part. `END` and
            `BAD` are for good, until `reset`.
        bit : int
            The bit after what has been decoded. After `BAD`, where that begins which is wrong.
        position : int
            Where in `out` the decoded bytes end.
        reason : str or None
            After `BAD`, what is wrong, in zlib's words.

        Raises
        ------
        ValueError
            If a position lies outside of its buffer.
        RuntimeError
            If another thread uses this Inflater.
        """
        cdef Py_buffer source, target, before
        cdef work job
        cdef stop stop
        PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
        try:
            PyObject_GetBuffer(history, &before, PyBUF_SIMPLE)
            try:
                PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
                try:
                    if bit > 8 * <uint64_t>source.len:
                        raise ValueError("the bit is outside of the data")
                    if not 0 <= start <= position <= target.len:
                        raise ValueError("start or position is outside of the destination")
                    if max_bytes < 0:
                        raise ValueError("max_bytes is negative")
                    job.start_of_input = <const uint8_t *>source.buf
                    job.size = source.len
                    job.bit = bit
                    job.out = <uint8_t *>target.buf
                    job.space = target.len
                    job.at = position
                    job.start = start
                    job.history = <const uint8_t *>before.buf
                    job.history_size = before.len
                    job.wrong_bit = 0
                    self.acquire()
                    try:
                        if self.state.type == STORED and bit & 7:
                            raise ValueError("in a stored block, a bit that does not begin a byte")
                        with nogil:
                            stop = inflate_stream(
                                self.state, &job, stop_at_block, max_bits, max_bytes)
                        if stop == AT_ERROR:
                            place, reason = job.wrong_bit, self.state.reason.decode()
                        else:
                            place, reason = job.bit, None
                    finally:
                        PyThread_release_lock(self.lock)
                    return <int>stop, place, <Py_ssize_t>job.at, reason
                finally:
                    PyBuffer_Release(&target)
            finally:
                PyBuffer_Release(&before)
        finally:
            PyBuffer_Release(&source)
