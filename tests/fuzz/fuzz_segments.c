/* decode_segment, anywhere in a stream, closed or not, against zlib with the same window and bits.
 *
 * Nothing outside of the destination and of the prefix may change, the verdict has to be zlib's, and
 * so have the bytes.
 *
 * Input: a DEFLATE stream, or any piece of one, then 11 bytes of numbers.
 */
#include "embedding.h"
#include "reference.h"

enum { MAX_WINDOW = 32768, MAX_PREFIX = 5 + MAX_WINDOW + 16 };

static uint8_t pattern[1 << 16];  /* what stands before the segment's bytes */

static PyObject *decode_segment;
static long COMPLETE, CUT, BAD_DATA, NO_SPACE, CLOSING_SPACE;

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    decode_segment = import_function("codec", "decode_segment");
    COMPLETE = import_number("codec", "COMPLETE");
    CUT = import_number("codec", "CUT");
    BAD_DATA = import_number("codec", "BAD_DATA");
    NO_SPACE = import_number("codec", "NO_SPACE");
    CLOSING_SPACE = import_number("codec", "CLOSING_SPACE");
    REQUIRE(import_number("codec", "WINDOW") == MAX_WINDOW);
    REQUIRE(import_number("codec", "PREFIX_SPACE") == MAX_PREFIX);
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = i * 7 + (i >> 8);
    }
    return 0;
}

static size_t put(uint8_t *out, size_t bit, unsigned value, int count) {
    for (int i = 0; i < count; i++, bit++) {
        out[bit >> 3] &= ~(1 << (bit & 7));
        out[bit >> 3] |= (value >> i & 1) << (bit & 7);
    }
    return bit;
}

/* End a stream at a bit with a final block, in a code of the letters a to o and the end of block;
 * codec.pyx has other bytes, which are random. Return the size of all in bytes.
 */
static const char closing[] = "blockend";

static size_t close_at(uint8_t *stream, size_t bit) {
    bit = put(stream, bit, 1 | 2 << 1 | 8 << 13, 17);
    for (int i = 0; i < 12; i++) {
        bit = put(stream, bit, i == 3 || i == 11, 3);
    }
    for (int symbol = 0; symbol <= 256; symbol++) {
        bit = put(stream, bit, (symbol >= 'a' && symbol <= 'o') || symbol == 256, 1);
    }
    bit = put(stream, bit, 0, 1);
    for (int i = 0; i <= 8; i++) {
        int code = i < 8 ? closing[i] - 'a' : 15;
        bit = put(stream, bit, (code & 1) << 3 | (code & 2) << 1 | (code & 4) >> 1 | code >> 3, 4);
    }
    bit = put(stream, bit, 0, -bit & 7);
    return bit >> 3;
}

static int is_closed(const uint8_t *out, size_t size) {
    return size >= 8 && memcmp(out + size - 8, closing, 8) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    unsigned flags = take_from_end(data, &size, 1);
    size_t space = take_from_end(data, &size, 2) & 0x3FFF, before = take_from_end(data, &size, 2);
    size_t window = take_from_end(data, &size, 2);
    size_t first = take_from_end(data, &size, 2), last = take_from_end(data, &size, 2);
    int cut = flags & 1;
    /* The most useful places are the ends of what is there. */
    first = flags & 2 ? 0 : first % (8 * size + 9);
    last = flags & 4 ? 8 * size : last;
    last -= cut ? 0 : last & 7;  /* an open end stands between bytes */
    before = flags & 8 ? 0 : flags & 64 ? before : before & 0xFFF;
    window = flags & 16 ? (before < MAX_WINDOW ? before : MAX_WINDOW) : window;

    /* In front there is as much room as the prefix needs, or a byte less. */
    size_t needed = (window ? 5 + window : 0) + (first & 7 ? 16 : 0);
    size_t head = needed > first >> 3 ? needed - (first >> 3) : 0;
    head -= head && flags & 32;
    struct buffer stream = new_buffer(head + size, PyBUF_WRITE);
    memset(stream.data, 0xA5, head);
    if (size) {
        memcpy(stream.data + head, data, size);
    }
    struct buffer out = new_buffer(before + space, PyBUF_WRITE);
    memcpy(out.data, pattern, before);
    long start = 8 * head + first, stop = 8 * head + last;
    int is_valid = window <= before && window <= MAX_WINDOW && first <= last && last <= 8 * size &&
                   (!cut || (last >> 3) + CLOSING_SPACE <= size) && needed <= (size_t)start >> 3;

    PyObject *result = call(decode_segment, "(OlliOnn)", stream.view, start, stop, cut, out.view,
                            (Py_ssize_t)before, (Py_ssize_t)window);
    REQUIRE((result != NULL) == is_valid);
    if (is_valid) {
        long verdict = item(result, 0), end = item(result, 1), position = item(result, 2);
        REQUIRE(verdict == COMPLETE || verdict == CUT || verdict == BAD_DATA || verdict == NO_SPACE);
        REQUIRE(memcmp(out.data, pattern, before) == 0);
        size_t behind = last >> 3;
        REQUIRE(behind == size || memcmp(stream.data + head + behind, data + behind, size - behind) == 0);
        for (size_t i = 0; i + needed < head; i++) {
            REQUIRE(stream.data[i] == 0xA5);
        }

        /* The same bits, window and closing, for zlib. */
        uint8_t *copy = malloc(size + 64), *expected = malloc(before + space + 1);
        memcpy(copy, data, size);
        memcpy(expected, out.data, before);
        size_t closed = cut ? close_at(copy, last) : last >> 3;
        struct outcome outcome = inflate_into(RAW, copy + (first >> 3), closed - (first >> 3), first & 7,
                                              expected + before, space, window);
        size_t consumed = (first >> 3) + outcome.consumed, produced = outcome.produced;
        if (outcome.verdict == DONE && (!cut || 8 * consumed <= last)) {
            REQUIRE(verdict == COMPLETE);
            REQUIRE((size_t)end == head + consumed);
            REQUIRE((size_t)position == before + produced);
            REQUIRE(memcmp(expected, out.data, position) == 0);
        } else if (outcome.verdict == DONE && consumed == closed &&
                   is_closed(expected + before, produced)) {
            REQUIRE(verdict == CUT);
            REQUIRE((size_t)position == before + produced - 8);
            REQUIRE(memcmp(expected, out.data, position) == 0);
        } else if (!is_known_limit(&outcome)) {
            REQUIRE(verdict == BAD_DATA || verdict == NO_SPACE);
        }
        free(copy);
        free(expected);
    }
    Py_XDECREF(result);
    free_buffer(&stream);
    free_buffer(&out);
    return 0;
}
