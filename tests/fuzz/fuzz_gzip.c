/* A gzip file decoded by the compiled functions as the reader does it, against zlib.
 *
 * Members are decoded in one call where that is possible, and otherwise block by block, with the
 * CRC-32 combined from those of pieces. Then the file is decoded once more, with segments: symbols
 * from each place where a block seems to start, appended if a block has ended there. Both times, zlib
 * and we accept the file, with the same bytes, or both refuse it.
 *
 * Input: the file.
 */
#include "embedding.h"
#include "gzip_mutator.h"
#include "reference.h"

/* Small enough that segments also end early. */
enum { SPACE = 1 << 14, LITERALS = 1 << 10, MATCHES = 1 << 8 };
enum { ACCEPTED, TOO_MUCH, DAMAGED };

static PyObject *find_block, *decode_members, *crc, *combine_crc;
static PyObject *decode_blocks, *decode_symbols, *copy, *reset, *clear;
/* One is where the decoded bytes end, the other where the symbols of a segment do. */
static PyObject *inflater, *other, *symbols;
static long at_end, at_block, at_space;

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    find_block = import_function("inflate", "find_block");
    decode_members = import_function("inflate", "decode_members");
    crc = import_function("deflate", "crc32");
    combine_crc = import_function("deflate", "combine_crc32");
    decode_blocks = import_method("inflate", "Inflater", "decode");
    decode_symbols = import_method("inflate", "Inflater", "decode_symbols");
    reset = import_method("inflate", "Inflater", "reset");
    copy = import_method("inflate", "Symbols", "copy");
    clear = import_method("inflate", "Symbols", "clear");
    inflater = call(import_function("inflate", "Inflater"), "()");
    other = call(import_function("inflate", "Inflater"), "()");
    symbols = call(import_function("inflate", "Symbols"), "(ii)", LITERALS, MATCHES);
    at_end = import_number("inflate", "END");
    at_block = import_number("inflate", "BLOCK");
    at_space = import_number("inflate", "SPACE");
    return 0;
}

static uint32_t crc_of(const uint8_t *data, size_t size) {
    struct buffer piece = copy_of(data, size);
    PyObject *number = call(crc, "(O)", piece.view);
    free_buffer(&piece);
    return take_number(number);
}

/* Append the segment that starts at a bit, up to the next block that the search finds; return what ended
 * it, or -1 if nothing has been appended. */
static long append_segment(struct buffer *chunk, size_t *bit, struct buffer *out, size_t first, size_t *position) {
    long next = take_number(call(find_block, "(Onn)", chunk->view, (Py_ssize_t)*bit + 1, (Py_ssize_t)(8 * chunk->size)));
    Py_DECREF(call(reset, "(O)", other));
    Py_DECREF(call(clear, "(O)", symbols));
    PyObject *result = call(decode_symbols, "((OOnO){s:K})", other, chunk->view, (Py_ssize_t)*bit, symbols,
                            "block_stop", next < 0 ? ULLONG_MAX : (unsigned long long)next);
    REQUIRE(result != NULL);
    long stop = item(result, 0), end = item(result, 1);
    Py_DECREF(result);
    if (stop != at_end && stop != at_block && stop != at_space) {
        return -1;
    }
    long after = take_number(call(copy, "((OOn){s:n})", symbols, out->view, (Py_ssize_t)*position,
                                  "start", (Py_ssize_t)first));
    if (after < 0) {
        return -1;
    }
    *position = after;
    *bit = end;
    PyObject *before = inflater;
    inflater = other;
    other = before;
    return stop;
}

/* Decode blocks up to a bit, or all there are; return what ended them. */
static long decode_to(long block_stop, struct buffer *chunk, size_t *bit, struct buffer *out, size_t first,
                      size_t *position) {
    PyObject *result = call(decode_blocks, "((OOnOn){s:n,s:K})", inflater, chunk->view, (Py_ssize_t)*bit,
                            out->view, (Py_ssize_t)*position, "start", (Py_ssize_t)first, "block_stop",
                            block_stop < 0 ? ULLONG_MAX : (unsigned long long)block_stop);
    REQUIRE(result != NULL);
    long stop = item(result, 0);
    *bit = item(result, 1);
    *position = item(result, 2);
    Py_DECREF(result);
    return stop;
}

/* Decode the body of a member from `at` on; move `at` after it and `position` after its bytes. */
static int decode_body(struct buffer *chunk, size_t *at, struct buffer *out, size_t *position, int in_segments) {
    size_t first = *position, bit = 8 * *at;
    uint32_t whole = 0;
    long stop;
    Py_DECREF(call(reset, "(O)", inflater));
    do {
        size_t before = *position;
        long found = !in_segments ? -1
                                  : take_number(call(find_block, "(Onn)", chunk->view, (Py_ssize_t)bit + 1,
                                                     (Py_ssize_t)(8 * chunk->size)));
        stop = decode_to(found, chunk, &bit, out, first, position);
        if (stop == at_block && bit == (size_t)found) {
            long end = append_segment(chunk, &bit, out, first, position);
            /* In the middle of a block it goes on from there. */
            stop = end == at_end ? at_end : at_block;
        }
        uint32_t piece = crc_of(out->data + before, *position - before);
        whole = take_number(call(combine_crc, "(kkk)", (unsigned long)whole, (unsigned long)piece,
                                 (unsigned long)(*position - before)));
    } while (stop == at_block);
    if (stop != at_end) {
        return stop == at_space ? TOO_MUCH : DAMAGED;
    }
    *at = (bit + 7) / 8;
    REQUIRE(whole == crc_of(out->data + first, *position - first));
    const uint8_t *trailer = chunk->data + *at;
    if (chunk->size - *at < TRAILER || little_endian(trailer, 4) != whole ||
        little_endian(trailer + 4, 4) != *position - first) {
        return DAMAGED;
    }
    *at += TRAILER;
    return ACCEPTED;
}

static int decode(const uint8_t *data, size_t size, struct buffer *out, size_t *produced, int in_segments) {
    struct buffer chunk = copy_of(data, size);
    size_t at = 0, position = 0;
    int verdict = ACCEPTED, member = 0;
    while (verdict == ACCEPTED) {
        while (member && at < chunk.size && chunk.data[at] == 0) {
            at++;
        }
        if (member++ && at == chunk.size) {
            break;
        }
        /* With segments, this call is not made, because it would leave nothing for them. Nor is it
         * made at a zero byte: it skips zeros, where the reader first looks for a member. */
        PyObject *result = NULL;
        if (!in_segments && at < chunk.size && chunk.data[at]) {
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
                verdict = decode_body(&chunk, &at, out, &position, in_segments);
            }
        }
        Py_XDECREF(result);
    }
    *produced = position;
    free_buffer(&chunk);
    return verdict;
}

/* zlib's verdict on the file. */
static int reference(const uint8_t *data, size_t size, uint8_t *out, size_t *produced) {
    size_t at = 0;
    *produced = 0;
    do {
        struct outcome outcome =
            inflate_into(GZIP, data + at, size - at, 0, out + *produced, SPACE - *produced, 0);
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
    int verdict = reference(data, size, expected, &expected_size);
    struct buffer out = new_buffer(SPACE, PyBUF_WRITE);
    for (int in_segments = 1; in_segments >= 0; in_segments--) {
        int ours = decode(data, size, &out, &produced, in_segments);
        REQUIRE((ours == ACCEPTED) == (verdict == ACCEPTED));
        REQUIRE(ours != TOO_MUCH || verdict == TOO_MUCH);
        if (ours == ACCEPTED) {
            REQUIRE(produced == expected_size && memcmp(out.data, expected, produced) == 0);
        }
    }
    free_buffer(&out);
    return 0;
}
