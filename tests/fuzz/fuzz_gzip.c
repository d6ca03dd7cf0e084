/* A gzip file decoded by the compiled functions as the reader does it, against zlib.
 *
 * Members in one go where that is possible; else segment by segment, closed at every block that the
 * search finds, with the CRC-32 put together from the segments'. If that fails, once more without
 * cuts. In the end both accept, with the same bytes, or both refuse.
 *
 * Input: the file.
 */
#include "embedding.h"
#include "gzip_mutator.h"
#include "reference.h"

enum { SPACE = 1 << 14, MAX_WINDOW = 32768, PREFIX_SPACE = 5 + MAX_WINDOW + 16 };
enum { ACCEPTED, TOO_MUCH, DAMAGED };

static PyObject *find_block, *decode_segment, *decode_members, *crc, *combine_crc;
static long COMPLETE, CUT, NO_SPACE;

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    find_block = import_function("blocks", "find_block");
    decode_segment = import_function("codec", "decode_segment");
    decode_members = import_function("members", "decode_members");
    crc = import_function("checksum", "crc32");
    combine_crc = import_function("checksum", "combine_crc32");
    COMPLETE = import_number("codec", "COMPLETE");
    CUT = import_number("codec", "CUT");
    NO_SPACE = import_number("codec", "NO_SPACE");
    REQUIRE(import_number("codec", "PREFIX_SPACE") == PREFIX_SPACE);
    return 0;
}

static uint32_t crc_of(const uint8_t *data, size_t size) {
    struct buffer piece = copy_of(data, size);
    PyObject *number = call(crc, "(O)", piece.view);
    free_buffer(&piece);
    return take_number(number);
}

/* Decode the body of a member from `at` on; move `at` behind it and `position` behind its bytes. */
static int decode_body(struct buffer *chunk, size_t *at, struct buffer *out, size_t *position, int cuts) {
    size_t first = *position, bit = 8 * *at;
    uint32_t whole = 0;
    for (;;) {
        long found = -1, stop = 8 * chunk->size;
        if (cuts) {
            found = take_number(call(find_block, "(Onn)", chunk->view, (Py_ssize_t)bit + 1, (Py_ssize_t)stop));
        }
        stop = found < 0 ? stop : found;
        size_t window = *position - first < MAX_WINDOW ? *position - first : MAX_WINDOW;
        PyObject *result = call(decode_segment, "(OnniOnn)", chunk->view, (Py_ssize_t)bit, (Py_ssize_t)stop,
                                found >= 0, out->view, (Py_ssize_t)*position, (Py_ssize_t)window);
        REQUIRE(result != NULL);
        long verdict = item(result, 0);
        size_t end = item(result, 1), after = item(result, 2);
        Py_DECREF(result);
        if (verdict != COMPLETE && verdict != CUT) {
            return verdict == NO_SPACE ? TOO_MUCH : DAMAGED;
        }
        uint32_t piece = crc_of(out->data + *position, after - *position);
        whole = take_number(call(combine_crc, "(kkk)", (unsigned long)whole, (unsigned long)piece,
                                 (unsigned long)(after - *position)));
        *position = after;
        bit = stop;
        if (verdict == COMPLETE) {
            *at = end;
            break;
        }
    }
    REQUIRE(whole == crc_of(out->data + first, *position - first));
    const uint8_t *trailer = chunk->data + *at;
    if (chunk->size - *at < TRAILER || little_endian(trailer, 4) != whole ||
        little_endian(trailer + 4, 4) != *position - first) {
        return DAMAGED;
    }
    *at += TRAILER;
    return ACCEPTED;
}

static int decode(const uint8_t *data, size_t size, struct buffer *out, size_t *produced, int cuts) {
    struct buffer chunk = new_buffer(PREFIX_SPACE + size, PyBUF_WRITE);
    memcpy(chunk.data + PREFIX_SPACE, data, size);
    size_t at = PREFIX_SPACE, position = 0;
    int verdict = ACCEPTED, member = 0;
    while (verdict == ACCEPTED) {
        while (member && at < chunk.size && chunk.data[at] == 0) {
            at++;
        }
        if (member++ && at == chunk.size) {
            break;
        }
        /* With cuts, none: else nothing would be left for them. Nor where a file starts with zeros,
         * which are read over here: the reader looks for a member there first. */
        PyObject *result = NULL;
        if (!cuts && at < chunk.size && chunk.data[at]) {
            result = call(decode_members, "(OnnOn)", chunk.view, (Py_ssize_t)at, (Py_ssize_t)chunk.size,
                          out->view, (Py_ssize_t)position);
            REQUIRE(result != NULL);
        }
        if (result != NULL && item(result, 0) > 0) {
            at = item(result, 1);
            position = item(result, 2);
        } else {
            size_t crc_at, header = member_header(chunk.data + at, chunk.size - at, &crc_at);
            if (header == 0 || (crc_at && little_endian(chunk.data + at + crc_at, 2) !=
                                              (crc_of(chunk.data + at, crc_at) & 0xFFFF))) {
                verdict = DAMAGED;
            } else {
                at += header;
                verdict = decode_body(&chunk, &at, out, &position, cuts);
            }
        }
        Py_XDECREF(result);
    }
    *produced = position;
    free_buffer(&chunk);
    return verdict;
}

/* zlib's verdict on the file; `is_known` if a member has codes that libdeflate alone takes. */
static int reference(const uint8_t *data, size_t size, uint8_t *out, size_t *produced, int *is_known) {
    size_t at = 0;
    *produced = 0;
    do {
        struct outcome outcome =
            inflate_into(GZIP, data + at, size - at, 0, out + *produced, SPACE - *produced, 0);
        *is_known = is_known_limit(&outcome);
        if (outcome.verdict != DONE) {
            return outcome.verdict == TOO_LARGE ? TOO_MUCH : DAMAGED;
        }
        *produced += outcome.produced;
        at += outcome.consumed;
        while (at < size && data[at] == 0) {
            at++;
        }
    } while (at < size);
    return ACCEPTED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t expected[SPACE + 1];
    size_t produced, expected_size;
    int is_known;
    int verdict = reference(data, size, expected, &expected_size, &is_known);
    struct buffer out = new_buffer(SPACE, PyBUF_WRITE);
    for (int cuts = 1; cuts >= 0; cuts--) {
        int ours = decode(data, size, &out, &produced, cuts);
        if (ours == ACCEPTED) {
            REQUIRE(is_known || (verdict == ACCEPTED && produced == expected_size));
            REQUIRE(is_known || memcmp(out.data, expected, produced) == 0);
        } else {
            REQUIRE(cuts || verdict != ACCEPTED);
        }
    }
    free_buffer(&out);
    return 0;
}
