# cython: language_level=3, boundscheck=False, wraparound=False
# cython: freethreading_compatible=True, autotestdict=False
# cython: binding=False, embedsignature=True, embedsignature.format=clinic
"""Decode DEFLATE streams (RFC 1951), piece by piece, from any bit on and with any window.

A stream that zlib refuses is refused here, at the same place and with the same words. Where zlib
would ask for more input, this decoder does, too.

Members of gzip files (RFC 1952) are decoded here if they are small, or many at once.
"""

cimport cython
from cpython.buffer cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer)
from cpython.bytearray cimport PyByteArray_AsString
from cpython.bytes cimport PyBytes_AsString, PyBytes_FromStringAndSize
from cpython.pythread cimport (
    NOWAIT_LOCK, PyThread_acquire_lock, PyThread_allocate_lock, PyThread_free_lock,
    PyThread_release_lock, PyThread_type_lock)
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memchr, memcmp, memset

from .deflate cimport update_crc32


cdef extern from "decoder/pool.h" nogil:
    ctypedef struct inflater "struct inflater":
        int type
        const char *reason
    ctypedef enum stop "enum stop":
        AT_END
        AT_BLOCK
        AT_PAUSE
        AT_INPUT
        AT_SPACE
        AT_ERROR
    ctypedef enum block_type "enum block_type":
        STORED
    ctypedef struct symbols "struct symbols":
        int has_bmi2
        void *matches
        size_t literal_count
        uint64_t copied
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
    uint64_t UINT64_MAX
    size_t SIZE_MAX
    Py_ssize_t MOST_LITERALS, MOST_MATCHES, WINDOW_SIZE
    int has_bmi2()
    inflater *take_inflater()
    void give_back_inflater(inflater *)
    void begin_stream(inflater *)
    stop inflate_stream(inflater *, work *, uint64_t, uint64_t, size_t)
    stop inflate_symbols(inflater *, work *, symbols *, uint64_t, uint64_t)
    int make_symbols(symbols *, size_t, size_t, int)
    void clear_symbols(symbols *)
    int copy_symbols(symbols *, work *)
    void mark_window(symbols *, uint8_t *)

# Why a call of `Inflater.decode` or `Inflater.decode_symbols` ends.
END = AT_END        # the stream's final block has ended
BLOCK = AT_BLOCK    # another block has ended
PAUSE = AT_PAUSE    # the budget is used up
INPUT = AT_INPUT    # more input is needed
SPACE = AT_SPACE    # the next symbol's bytes do not fit, or there is no room for the symbol
BAD = AT_ERROR      # zlib would refuse the stream


cdef int take(
    Py_buffer *views, work *job, out, Py_ssize_t position, Py_ssize_t start, history,
) except -1:
    """Take the destination and the window; the caller releases both views in any case."""
    PyObject_GetBuffer(history, &views[1], PyBUF_SIMPLE)
    PyObject_GetBuffer(out, &views[0], PyBUF_WRITABLE)
    if not 0 <= start <= position <= views[0].len:
        raise ValueError("start or position is outside of the destination")
    job.out = <uint8_t *>views[0].buf
    job.space = views[0].len
    job.at = position
    job.start = start
    job.history = <const uint8_t *>views[1].buf
    job.history_size = views[1].len
    return 0


include "symbols.pxi"
include "block_search.pxi"


@cython.final
@cython.auto_pickle(False)
cdef class Inflater(_Owned):
    """A DEFLATE stream that is being decoded.

    An Inflater keeps what a stream needs between two calls of `decode` or `decode_symbols`: its
    tables, and where in a block it is. The caller keeps the input that has not been read, and the
    window. Only one thread may use an Inflater at a time; several threads may each have their own.
    """

    cdef inflater *state

    def __cinit__(self):
        self.state = take_inflater()
        if self.state == NULL:
            raise MemoryError("no memory for a decoder")

    def __dealloc__(self):
        give_back_inflater(self.state)

    def reset(self):
        """Begin another stream.

        Raises
        ------
        RuntimeError
            If another thread uses this Inflater.
        """
        self.acquire()
        begin_stream(self.state)
        PyThread_release_lock(self.lock)

    def decode(
        self, data, uint64_t bit, out, Py_ssize_t position, *, Py_ssize_t start=0, history=b"",
        uint64_t block_stop=0xFFFFFFFFFFFFFFFF, uint64_t max_bits=0xFFFFFFFFFFFFFFFF,
        Py_ssize_t max_bytes=0x7FFFFFFF,
    ):
        """Decode as much of the stream as there is input and space for.

        Parameters
        ----------
        data : bytes-like
            Compressed bytes; they start anywhere before the next bit.
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
            The bytes before ``out[start]``, if they are stored elsewhere: the rest of the window.
            32 KiB are enough.
        block_stop : int
            A bit: the call returns after the first block that ends there or later.
        max_bits, max_bytes : int
            Budgets: the call returns soon after it has read or written this much, but it always
            makes a step.

        Returns
        -------
        stop : int
            `END`, `BLOCK`, `PAUSE`, `INPUT`, `SPACE` or `BAD`. After `INPUT` and `SPACE` the call
            can be repeated with more input or space: no symbol has been decoded in part. After
            `END` and `BAD`, the Inflater has to be reset.
        bit : int
            The bit after the last symbol that was decoded. After `BAD`, where the fault begins.
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
        cdef Py_buffer[2] views
        cdef work job
        if max_bytes < 0:
            raise ValueError("max_bytes is negative")
        memset(&job, 0, sizeof(job))
        memset(views, 0, sizeof(views))
        try:
            take(views, &job, out, position, start, history)
            stop, end, reason = self.run(data, bit, &job, NULL, block_stop, max_bits, max_bytes)
            return stop, end, <Py_ssize_t>job.at, reason
        finally:
            PyBuffer_Release(&views[0])
            PyBuffer_Release(&views[1])

    def decode_symbols(
        self, data, uint64_t bit, Symbols symbols not None, *,
        uint64_t block_stop=0xFFFFFFFFFFFFFFFF, uint64_t max_bits=0xFFFFFFFFFFFFFFFF,
    ):
        """Decode as many of the stream's symbols as there is input and room for.

        No byte of the stream before `bit` is needed. So this call cannot tell whether a match goes
        back too far; `Symbols.copy` will. `decode` can go on where this call ends, even within a
        block.

        Parameters
        ----------
        data, bit, block_stop, max_bits
            As for `decode`.
        symbols : Symbols
            The symbols are appended to these.

        Returns
        -------
        stop, bit, reason
            As from `decode`. `SPACE` means that there is no room for the next symbol.

        Raises
        ------
        ValueError
            If the bit lies outside of the data.
        RuntimeError
            If another thread uses this Inflater, or the symbols.
        """
        cdef work job
        memset(&job, 0, sizeof(job))
        symbols.acquire()
        try:
            return self.run(data, bit, &job, &symbols.held, block_stop, max_bits, 0)
        finally:
            PyThread_release_lock(symbols.lock)

    cdef tuple run(
        self, data, uint64_t bit, work *job, symbols *held, uint64_t block_stop,
        uint64_t max_bits, size_t max_bytes,
    ):
        """Decode into symbols, if there are any, or where the job says."""
        cdef Py_buffer source
        cdef stop stop
        PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
        try:
            if bit > 8 * <uint64_t>source.len:
                raise ValueError("the bit is outside of the data")
            job.start_of_input = <const uint8_t *>source.buf
            job.size = source.len
            job.bit = bit
            self.acquire()
            try:
                if self.state.type == STORED and bit & 7:
                    raise ValueError("in a stored block, the bit has to be the first of a byte")
                with nogil:
                    if held == NULL:
                        stop = inflate_stream(self.state, job, block_stop, max_bits, max_bytes)
                    else:
                        stop = inflate_symbols(self.state, job, held, block_stop, max_bits)
                if stop == AT_ERROR:
                    return <int>stop, job.wrong_bit, self.state.reason.decode()
                return <int>stop, job.bit, None
            finally:
                PyThread_release_lock(self.lock)
        finally:
            PyBuffer_Release(&source)


include "members.pxi"
