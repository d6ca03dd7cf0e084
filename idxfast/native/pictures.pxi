# Arithmetic on the levels of pictures, which are arrays of shape (height, width, 3).
#
# Levels are bytes or doubles, and buffers have exactly the size of their picture. A function raises
# ValueError for a buffer of another size, one that is not aligned, or a picture without pixels. The
# room for a result may not overlap with other buffers.

cdef extern from "pictures.h" nogil:
    enum:
        CHANNELS
        REACH

    ctypedef struct edges:
        ptrdiff_t left, top, right, bottom

    ctypedef struct resampling:
        const double *weights
        const ptrdiff_t *spans
        ptrdiff_t longest, old_count, new_count

    ctypedef struct sharpening:
        double blur[3]

    edges find_edges_of_bytes(const uint8_t *, ptrdiff_t, ptrdiff_t, int32_t)
    edges find_edges_of_doubles(const double *, ptrdiff_t, ptrdiff_t, double)
    void resample_picture(
        double *, const void *, int, const resampling *, const resampling *, double *)
    void sharpen_picture(
        double *, const double *, const sharpening *, double *, ptrdiff_t, ptrdiff_t)
    void round_levels(uint8_t *, const double *, ptrdiff_t)
    void make_grey(uint8_t *, const uint8_t *, ptrdiff_t)

# At least as many bytes as any array here has for each pixel: its size does not overflow.
cdef enum:
    MAX_PIXEL_BYTES = 256


@cython.final
@cython.auto_pickle(False)
cdef class View:
    """A buffer, held until this object goes.

    Parameters
    ----------
    buffer : buffer
    flags : int
        How the buffer is asked for.
    count, itemsize : int
        How many elements it has, and the bytes of each.
    """
    cdef Py_buffer view

    def __cinit__(self, buffer, int flags, Py_ssize_t count, Py_ssize_t itemsize):
        PyObject_GetBuffer(buffer, &self.view, flags)
        if self.view.len != count * itemsize:
            raise ValueError(f"a buffer of {self.view.len} bytes, not {count * itemsize}")
        if <uintptr_t>self.view.buf % itemsize:
            raise ValueError("a buffer that is not aligned")

    def __dealloc__(self):
        PyBuffer_Release(&self.view)

    def __reduce__(self):
        raise TypeError(f"{type(self).__name__} cannot be copied or pickled")


cdef Py_ssize_t area(Py_ssize_t height, Py_ssize_t width) except -1:
    """The product of two numbers that are at least 1."""
    if height < 1 or width < 1 or height > PY_SSIZE_T_MAX // MAX_PIXEL_BYTES // width:
        raise ValueError(f"a size of {width} x {height}")
    return height * width


cdef int check_itemsize(Py_ssize_t itemsize) except -1:
    if itemsize not in (1, 8):
        raise ValueError(f"itemsize is {itemsize}, not 1 or 8")
    return 0


def find_edges(picture, Py_ssize_t itemsize, Py_ssize_t height, Py_ssize_t width, int32_t limit):
    """Find where a picture begins and ends to differ from its corners.

    Two colours differ if the squares of the differences of their levels sum to more than a limit.

    Parameters
    ----------
    picture : buffer
    itemsize : {1, 8}
        Whether the levels are bytes or doubles.
    height, width, limit : int

    Returns
    -------
    left, top, right, bottom : int
        The first column and row with a pixel unlike the top-left one: `width` and -1 if there is
        none. The last column with a pixel unlike the top-right one, and the last row with one
        unlike the bottom-left one: -1 if there is none.
    """
    cdef edges found
    check_itemsize(itemsize)
    cdef View levels = View(picture, PyBUF_SIMPLE, CHANNELS * area(height, width), itemsize)
    with nogil:
        if itemsize == 1:
            found = find_edges_of_bytes(<const uint8_t *>levels.view.buf, height, width, limit)
        else:
            found = find_edges_of_doubles(<const double *>levels.view.buf, height, width, limit)
    return found.left, found.top, found.right, found.bottom


@cython.final
@cython.auto_pickle(False)
cdef class Resampling:
    """How a number of pixels in a line become another number.

    Parameters
    ----------
    weights : buffer of doubles, shape (new_count, longest)
        The weights in each new pixel, from the first old pixel of its span on.
    spans : buffer of intp, shape (new_count, 2)
        The first old pixel that has a weight in each new one, and the first after the last.
    longest : int
        The number of old pixels in the longest span, or more.
    old_count, new_count : int

    Raises
    ------
    ValueError
        If a buffer has another size, or the spans are not in order, too long, or not within the old
        pixels.
    """
    cdef View weights, spans
    cdef resampling how

    def __cinit__(self, weights, spans, Py_ssize_t longest,
                  Py_ssize_t old_count, Py_ssize_t new_count):
        cdef Py_ssize_t i
        cdef const ptrdiff_t *span
        area(old_count, new_count)
        self.weights = View(weights, PyBUF_SIMPLE, area(longest, new_count), sizeof(double))
        self.spans = View(spans, PyBUF_SIMPLE, 2 * new_count, sizeof(ptrdiff_t))
        self.how.weights = <const double *>self.weights.view.buf
        self.how.spans = span = <const ptrdiff_t *>self.spans.view.buf
        self.how.longest = longest
        self.how.old_count, self.how.new_count = old_count, new_count
        for i in range(2 * new_count):
            if not (span[i - 2] if i > 1 else 0) <= span[i] <= old_count:
                raise ValueError(f"the spans are not in order, or not within {old_count} pixels")
            if i % 2 and span[i] - span[i - 1] > longest:
                raise ValueError(f"a span of {span[i] - span[i - 1]} pixels, not at most {longest}")

    def __reduce__(self):
        raise TypeError(f"{type(self).__name__} cannot be copied or pickled")


def resample(target, source, Py_ssize_t itemsize, Resampling down not None,
             Resampling across not None):
    """Resize a picture.

    Parameters
    ----------
    target : writable buffer of doubles
    source : buffer
    itemsize : {1, 8}
        Whether the levels of the source are bytes or doubles.
    down, across : Resampling
        Of the columns, which lead down, and of the rows. They state both pictures' sizes. Nobody
        may change their weights and spans.
    """
    cdef Py_ssize_t old = area(down.how.old_count, across.how.old_count)
    cdef Py_ssize_t new = area(down.how.new_count, across.how.new_count)
    check_itemsize(itemsize)
    cdef View to = View(target, PyBUF_WRITABLE, CHANNELS * new, sizeof(double))
    cdef View origin = View(source, PyBUF_SIMPLE, CHANNELS * old, itemsize)
    cdef Py_ssize_t width = across.how.old_count + across.how.new_count
    cdef double *room = <double *>PyMem_Malloc(CHANNELS * sizeof(double) * (
        area(down.how.new_count, width) + max(across.how.old_count, down.how.new_count)))
    if room == NULL:
        raise MemoryError
    with nogil:
        resample_picture(
            <double *>to.view.buf, origin.view.buf, itemsize == 1, &down.how, &across.how, room)
    PyMem_Free(room)


def sharpen(target, source, Py_ssize_t height, Py_ssize_t width, parameters):
    """Sharpen a picture: see the function of this name in `idxfast.images`.

    Parameters
    ----------
    target : writable buffer of doubles
    source : buffer of doubles
    height, width : int
    parameters : buffer of 16 doubles
        The first three of five weights of the blur; the weights of red, green and blue in the
        difference of a pixel from its neighbours; then, for 3 x 3 neighbours and for 5 x 5, from
        which difference on a pixel is sharpened by them, its own weight, and the first three of the
        five weights that they have along each axis.
    """
    cdef Py_ssize_t count = area(height, width)
    cdef View to = View(target, PyBUF_WRITABLE, CHANNELS * count, sizeof(double))
    cdef View origin = View(source, PyBUF_SIMPLE, CHANNELS * count, sizeof(double))
    cdef View how = View(
        parameters, PyBUF_SIMPLE, sizeof(sharpening) // sizeof(double), sizeof(double))
    cdef double *room = <double *>PyMem_Malloc(
        CHANNELS * (3 * count + width + 2 * REACH) * sizeof(double))
    if room == NULL:
        raise MemoryError
    with nogil:
        sharpen_picture(<double *>to.view.buf, <const double *>origin.view.buf,
                        <const sharpening *>how.view.buf, room, height, width)
    PyMem_Free(room)


def round_to_bytes(target, source, Py_ssize_t count):
    """Round doubles to bytes, halves up, after limiting them to 0 to 255. NaN becomes 0.

    Parameters
    ----------
    target : writable buffer of bytes
    source : buffer of doubles
    count : int
    """
    cdef View to = View(target, PyBUF_WRITABLE, area(1, count), 1)
    cdef View origin = View(source, PyBUF_SIMPLE, count, sizeof(double))
    with nogil:
        round_levels(<uint8_t *>to.view.buf, <const double *>origin.view.buf, count)


def grey(target, source, Py_ssize_t count):
    """Make pixels grey: see the function of this name in `idxfast.images`.

    Parameters
    ----------
    target : writable buffer of bytes
    source : buffer of bytes, three for each pixel
    count : int
        Of pixels.
    """
    cdef View to = View(target, PyBUF_WRITABLE, area(1, count), 1)
    cdef View origin = View(source, PyBUF_SIMPLE, CHANNELS * count, 1)
    with nogil:
        make_grey(<uint8_t *>to.view.buf, <const uint8_t *>origin.view.buf, count)
