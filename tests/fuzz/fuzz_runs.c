/* The encoder of runs against zlib: the same bytes come back, from one piece or from two.
 *
 * Input: bytes; then whether they are repeated until they make several blocks, how many are left out
 * at the end, and where the second piece starts.
 */
#include "embedding.h"
#include "reference.h"

enum { MAX_REPEATS = 64, BLOCK = 65535, STORED = 6 };

static PyObject *encode_runs;

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    encode_runs = import_function("deflate", "encode_runs");
    return 0;
}

/* Append what comes of the data to the stream; return how many bytes it has then. */
static size_t encode(const uint8_t *data, size_t size, int final, uint8_t *stream, size_t position) {
    struct buffer source = copy_of(data, size);
    PyObject *repeats = PyList_New(0);
    REQUIRE(repeats != NULL);
    PyObject *result = call(encode_runs, "(OiO)", source.view, final, repeats);
    REQUIRE(result != NULL);
    REQUIRE((size_t)PyList_Size(repeats) == (size + BLOCK - 1) / BLOCK);
    Py_DECREF(repeats);
    Py_buffer view;
    REQUIRE(PyObject_GetBuffer(result, &view, PyBUF_SIMPLE) == 0);
    /* A block that would be larger is stored; one that is empty may follow. */
    REQUIRE((size_t)view.len <= size + STORED * (size / BLOCK + 2));
    memcpy(stream + position, view.buf, view.len);
    position += view.len;
    PyBuffer_Release(&view);
    Py_DECREF(result);
    free_buffer(&source);
    return position;
}

static void check(const uint8_t *stream, size_t size, const uint8_t *expected, size_t length) {
    static uint8_t out[MAX_REPEATS * 4096 + 1];
    struct outcome outcome = inflate_into(RAW, stream, size, 0, out, sizeof(out), 0);
    REQUIRE(outcome.verdict == DONE && outcome.consumed == size && outcome.produced == length);
    REQUIRE(memcmp(out, expected, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t content[MAX_REPEATS * 4096], stream[2 * sizeof(content)];
    /* Seldom more than a block, which takes long. */
    size_t repeats = take_from_end(data, &size, 1) == 255 ? MAX_REPEATS : 1;
    size_t left_out = take_from_end(data, &size, 2), length = 0, split;
    for (size_t i = 0; i < repeats; i++) {
        memcpy(content + length, data, size);
        length += size;
    }
    length -= left_out < length ? left_out : length;
    split = take_from_end(data, &size, 3) % (length + 1);
    size_t first = split ? encode(content, split, 0, stream, 0) : 0;
    check(stream, encode(content + split, length - split, 1, stream, first), content, length);
    return 0;
}
