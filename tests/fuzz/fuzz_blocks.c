/* The block search against a slow one that reads RFC 1951 bit by bit: the same bit, always.
 *
 * Input: bytes, then where to start and to stop, 16 bits each, and whether zeros follow the bytes, so
 * that the search looks at all of them.
 */
#include "embedding.h"

static const int HEADER_SPACE = 576;  /* as find_block documents */

static PyObject *find_block;

static unsigned bits(const uint8_t *data, size_t *position, int count) {
    unsigned value = 0;
    for (int i = 0; i < count; i++, ++*position) {
        value |= (data[*position >> 3] >> (*position & 7) & 1u) << i;
    }
    return value;
}

/* How much of the code space the lengths take up, in units of 2^-15. */
static unsigned used_space(const uint8_t *lengths, int count) {
    unsigned used = 0;
    for (int i = 0; i < count; i++) {
        used += lengths[i] ? 1u << (15 - lengths[i]) : 0;
    }
    return used;
}

/* The next symbol of a canonical code (RFC 1951, section 3.2.2), found by trying all of them. */
static int symbol(const uint8_t *data, size_t *position, const uint8_t *lengths, int count) {
    unsigned code = 0, next = 0;
    for (int length = 1; length < 16; length++) {
        code = code << 1 | bits(data, position, 1);
        next <<= 1;
        for (int i = 0; i < count; i++) {
            if (lengths[i] == length && next++ == code) {
                return i;
            }
        }
    }
    return -1;
}

static int is_dynamic(const uint8_t *data, size_t position) {
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    unsigned word = data[position >> 3] | data[(position >> 3) + 1] << 8;
    if ((word >> (position & 7) & 7) != 4) {
        return 0;  /* at most positions, so at once */
    }
    uint8_t precode[19] = {0}, lengths[320];
    position += 3;
    int literals = 257 + bits(data, &position, 5);
    int distances = 1 + bits(data, &position, 5);
    int given = 4 + bits(data, &position, 4);
    if (literals > 286 || distances > 30) {
        return 0;
    }
    for (int i = 0; i < given; i++) {
        precode[order[i]] = bits(data, &position, 3);
    }
    if (used_space(precode, 19) != 1 << 15) {
        return 0;
    }
    for (int i = 0; i < literals + distances;) {
        int length = symbol(data, &position, precode, 19), repeat = 1;
        if (length == 16) {
            if (i == 0) {
                return 0;
            }
            length = lengths[i - 1];
            repeat = 3 + bits(data, &position, 2);
        } else if (length > 16) {
            repeat = length == 17 ? 3 + bits(data, &position, 3) : 11 + bits(data, &position, 7);
            length = 0;
        }
        if (i + repeat > literals + distances) {
            return 0;
        }
        while (repeat--) {
            lengths[i++] = length;
        }
    }
    unsigned used = used_space(lengths + literals, distances);
    int codes = 0, ones = 0;
    for (int i = literals; i < literals + distances; i++) {
        codes += lengths[i] != 0;
        ones += lengths[i] == 1;
    }
    return lengths[256] && used_space(lengths, literals) == 1 << 15 &&
           (used == 1 << 15 || codes == 0 || (codes == 1 && ones == 1));
}

static int is_stored(const uint8_t *data, size_t position) {
    const uint8_t *p = data + (position >> 3);
    return !(position & 7) && p[0] == 0 && (p[1] ^ p[3]) == 255 && (p[2] ^ p[4]) == 255;
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    find_block = import_function("inflate", "find_block");
    REQUIRE(import_number("inflate", "HEADER_SPACE") == HEADER_SPACE);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int zeros = take_from_end(data, &size, 1) & 3 ? HEADER_SPACE : 0;
    int start = (int16_t)take_from_end(data, &size, 2);
    int stop = (int16_t)take_from_end(data, &size, 2);
    struct buffer file = new_buffer(size + zeros, PyBUF_READ);
    memset(file.data, 0, file.size);
    memcpy(file.data, data, size);
    PyObject *result = call(find_block, "(Oii)", file.view, start, stop);
    if (start < 0) {
        REQUIRE(result == NULL);
    } else {
        long found = take_number(result);
        long limit = 8 * ((long)file.size - HEADER_SPACE), expected = start;
        limit = stop < limit ? stop : limit;
        while (expected < limit && !is_stored(file.data, expected) &&
               !is_dynamic(file.data, expected)) {
            expected++;
        }
        REQUIRE(found == (expected < limit ? expected : -1));
    }
    free_buffer(&file);
    return 0;
}
