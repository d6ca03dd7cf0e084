@cython.auto_pickle(False)
cdef class _Owned:
    """An object that only one thread may use at a time."""

    cdef PyThread_type_lock lock

    def __cinit__(self):
        self.lock = PyThread_allocate_lock()
        if self.lock == NULL:
            raise MemoryError("no memory for a lock")

    def __dealloc__(self):
        if self.lock != NULL:
            PyThread_free_lock(self.lock)

    cdef int acquire(self) except -1:
        if not PyThread_acquire_lock(self.lock, NOWAIT_LOCK):
            raise RuntimeError(f"another thread uses this {type(self).__name__}")
        return 0

    def __reduce__(self):
        raise TypeError(f"{type(self).__name__} cannot be copied or pickled")


@cython.final
@cython.auto_pickle(False)
cdef class Symbols(_Owned):
    """The symbols of a segment of a stream: its literals, and matches that are still to be copied.

    `Inflater.decode_symbols` appends symbols, for which it needs no window; `copy` writes the bytes
    that they decode to. So several threads can decode a stream together: each decodes the symbols
    of another segment, and the copies follow in the order of the stream. The memory is not touched
    before it is used.

    Parameters
    ----------
    literals, matches : int
        How many of each there is room for: up to 2^30 of 1 byte, and up to 2^27 of 8 bytes.
    """

    cdef symbols held

    def __cinit__(self, Py_ssize_t literals, Py_ssize_t matches):
        if not (0 <= literals <= MOST_LITERALS and 0 <= matches <= MOST_MATCHES):
            raise ValueError("literals or matches are negative or too many")
        if not make_symbols(&self.held, literals, matches, has_bmi2()):
            raise MemoryError("no memory for symbols")

    def __dealloc__(self):
        free(self.held.matches)

    @property
    def size(self):
        """How many bytes the symbols decode to."""
        self.acquire()
        size = self.held.literal_count + self.held.copied
        PyThread_release_lock(self.lock)
        return size

    def clear(self):
        """Remove all symbols; the memory is kept.

        Raises
        ------
        RuntimeError
            If another thread uses them.
        """
        self.acquire()
        clear_symbols(&self.held)
        PyThread_release_lock(self.lock)

    def used_window(self):
        """Tell which bytes of the window before the segment are copied by its matches.

        Returns
        -------
        bytes
            32,768 of them: 1 for each byte of the window that is needed, 0 for each other one. The
            last is for the byte just before the segment.

        Raises
        ------
        RuntimeError
            If another thread uses these symbols.
        """
        window = bytearray(WINDOW_SIZE)
        self.acquire()
        mark_window(&self.held, <uint8_t *>PyByteArray_AsString(window))
        PyThread_release_lock(self.lock)
        return bytes(window)

    def copy(self, out, Py_ssize_t position, *, Py_ssize_t start=0, history=b""):
        """Write the bytes that the symbols decode to.

        Parameters
        ----------
        out : writable buffer
            The destination. Bytes after those that the symbols decode to may be overwritten, so
            pass a slice that ends where other threads write. If the call fails, all bytes from
            `position` on may have been overwritten.
        position : int
            Where in `out` the first byte goes.
        start, history
            The window, as for `Inflater.decode`.

        Returns
        -------
        int
            Where in `out` the bytes end; or -1 if they do not fit, or if a match goes back beyond
            the window. To learn what is wrong, and where, call `Inflater.decode` from the segment's
            first bit; an error from `decode_symbols` comes later in the stream than this one.

        Raises
        ------
        ValueError
            If a position lies outside of `out`.
        RuntimeError
            If another thread uses these symbols.
        """
        cdef Py_buffer[2] views
        cdef work job
        cdef bint is_whole
        memset(&job, 0, sizeof(job))
        memset(views, 0, sizeof(views))
        try:
            take(views, &job, out, position, start, history)
            self.acquire()
            with nogil:
                is_whole = copy_symbols(&self.held, &job)
            PyThread_release_lock(self.lock)
            return <Py_ssize_t>job.at if is_whole else -1
        finally:
            PyBuffer_Release(&views[0])
            PyBuffer_Release(&views[1])
