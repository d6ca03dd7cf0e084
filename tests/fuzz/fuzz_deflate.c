/* A whole DEFLATE stream, decoded by Inflater: it has to give zlib's verdict, bytes and reason. The
 * same holds inside a gzip member, where a wrong trailer has to be refused whatever the stream is.
 *
 * Input: the stream.
 */
#include "embedding.h"
#include "reference.h"

enum { SPACE = 1 << 14, HEADER = 10, TRAILER = 8 };

static PyObject *inflater, *reset, *decode, *decode_member;
static long at_end, at_input, at_space, is_bad;

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    decode_member = import_function("inflate", "decode_member");
    decode = import_method("inflate", "Inflater", "decode");
    reset = import_method("inflate", "Inflater", "reset");
    inflater = call(import_function("inflate", "Inflater"), "()");
    at_end = import_number("inflate", "END");
    at_input = import_number("inflate", "INPUT");
    at_space = import_number("inflate", "SPACE");
    is_bad = import_number("inflate", "BAD");
    return 0;
}

static void put_number(uint8_t *out, uint32_t number) {
    for (int i = 0; i < 4; i++) {
        out[i] = number >> 8 * i;
    }
}

/* Whether decode_member takes the stream in a member with that trailer; then it has to give these
 * bytes. */
static int is_member(const uint8_t *data, size_t size, uint32_t crc, uint32_t length, const uint8_t *expected) {
    struct buffer file = new_buffer(HEADER + size + TRAILER, PyBUF_READ);
    memcpy(file.data, "\x1f\x8b\x08\0\0\0\0\0\0\xff", HEADER);
    memcpy(file.data + HEADER, data, size);
    put_number(file.data + HEADER + size, crc);
    put_number(file.data + HEADER + size + 4, length);
    PyObject *content = call(decode_member, "(On)", file.view, (Py_ssize_t)SPACE);
    REQUIRE(content != NULL);
    int is_decoded = content != Py_None;
    if (is_decoded) {
        REQUIRE(expected != NULL && PyBytes_GET_SIZE(content) == length);
        REQUIRE(memcmp(PyBytes_AS_STRING(content), expected, length) == 0);
    }
    Py_DECREF(content);
    free_buffer(&file);
    return is_decoded;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t expected[SPACE];
    struct outcome outcome = inflate_into(RAW, data, size, 0, expected, SPACE, 0);
    struct buffer stream = copy_of(data, size), out = new_buffer(SPACE, PyBUF_WRITE);
    Py_DECREF(call(reset, "(O)", inflater));
    PyObject *result = call(decode, "(OOiOi)", inflater, stream.view, 0, out.view, 0);
    REQUIRE(result != NULL);
    long stop = item(result, 0);
    size_t end = (item(result, 1) + 7) / 8, produced = item(result, 2);
    int is_complete = stop == at_end;
    if (outcome.verdict == DONE) {
        REQUIRE(is_complete && end == outcome.consumed);
    } else if (outcome.verdict == REFUSED) {
        REQUIRE(stop == is_bad);
        PyObject *reason = PyUnicode_AsUTF8String(PyTuple_GetItem(result, 3));
        REQUIRE(reason != NULL && strcmp(PyBytes_AsString(reason), outcome.reason) == 0);
        Py_DECREF(reason);
    } else {
        REQUIRE(stop == (outcome.verdict == TOO_LARGE ? at_space : at_input));
    }
    /* Of a match that does not fit, zlib gives a part. */
    REQUIRE(outcome.verdict == TOO_LARGE ? produced + 258 > SPACE : produced == outcome.produced);
    REQUIRE(memcmp(out.data, expected, produced) == 0);
    uint32_t crc = crc32(0, expected, produced);
    if (is_complete) {
        REQUIRE(is_member(data, end, crc, produced, expected));
        /* One wrong member for each stream, to be fast. */
        switch (crc & 3) {
        case 0:
            REQUIRE(!is_member(data, end, crc ^ 1u << (crc >> 2 & 31), produced, NULL));
            break;
        case 1:
            REQUIRE(!is_member(data, end, crc, produced + 1, NULL));
            break;
        case 2:
            REQUIRE(produced == 0 || !is_member(data, end, crc, produced - 1, NULL));
            break;
        default:
            REQUIRE(end == size || !is_member(data, end + 1, crc, produced, NULL));
        }
    } else {
        REQUIRE(!is_member(data, size, crc, produced, NULL));
    }
    Py_DECREF(result);
    free_buffer(&stream);
    free_buffer(&out);
    return 0;
}
