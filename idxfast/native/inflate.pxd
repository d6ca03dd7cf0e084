"""What other modules call: decode a whole stream, with a decoder from the pool."""

from libc.stdint cimport uint8_t

cdef extern from *:
    """
    struct inflater;
    """
    ctypedef struct inflater "struct inflater":
        int type
        const char *reason

cdef inflater *take_decoder() noexcept nogil
cdef void give_back(inflater *decoder) noexcept nogil
cdef bint decode_stream(
    inflater *decoder, const uint8_t *data, size_t size, uint8_t *out, size_t space,
    size_t *consumed, size_t *produced) noexcept nogil
