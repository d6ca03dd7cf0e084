/* Headers, whole members and BGZF blocks in memory, against zlib's own gzip decoder, member by member,
 * and against a slow reading of headers.
 *
 * Input: a gzip file, then 13 bytes of numbers.
 */
#include "embedding.h"
#include "gzip_mutator.h"
#include "reference.h"

static PyObject *decode_member, *decode_members, *find_bgzf_blocks, *read_header;
static long none, needs_more, not_gzip, method, flags_fault, checksum;

/* Bytes of the whole BGZF block that starts here, or 0 (the SAM/BAM specification, section 4.1). */
static size_t block_size(const uint8_t *data, size_t size) {
    if (!is_bgzf(data, size)) {
        return 0;
    }
    size_t block = little_endian(data + 16, 2) + 1;
    return block >= 26 && block <= size && little_endian(data + block - 4, 4) <= 65536 ? block : 0;
}

/* Whether a member that zlib decodes by reading `consumed` bytes has to be decoded here, too. */
static int is_plain(const uint8_t *data, size_t size, size_t consumed) {
    size_t block = block_size(data, size);
    return block == 0 || block == consumed;
}

/* What is wrong with the header that starts here, and the size that goes with it. */
static long fault_of(const uint8_t *data, size_t size, size_t *end) {
    size_t crc_at;
    *end = 0;
    if ((size > 0 && data[0] != 0x1f) || (size > 1 && data[1] != 0x8b)) {
        return not_gzip;
    }
    if (size < 4) {
        return needs_more;
    }
    if (data[2] != 8) {
        return method;
    }
    if (data[3] & RESERVED) {
        return flags_fault;
    }
    size_t header = member_header(data, size, &crc_at);
    if (header && crc_at && little_endian(data + crc_at, 2) != (crc32(0, data, crc_at) & 0xFFFF)) {
        *end = crc_at;
        return checksum;
    }
    *end = header;
    return header ? none : needs_more;
}

static void check_read_header(struct buffer *file, size_t start) {
    PyObject *result = call(read_header, "(On)", file->view, (Py_ssize_t)start);
    REQUIRE((result != NULL) == (start <= file->size));
    if (result != NULL) {
        size_t end;
        long fault = fault_of(file->data + start, file->size - start, &end);
        REQUIRE((size_t)item(result, 0) == end && item(result, 1) == fault);
        Py_DECREF(result);
    }
}

static void check_find_bgzf_blocks(struct buffer *file, long start, long stop, long step, long unpacked_step) {
    PyObject *groups = call(find_bgzf_blocks, "(Ollll)", file->view, start, stop, step, unpacked_step);
    REQUIRE((groups != NULL) == (start <= stop && stop <= (long)file->size));
    if (groups == NULL) {
        return;
    }
    Py_ssize_t count = 0;
    long first = start, unpacked = 0;
    for (size_t block = 1; block;) {
        block = block_size(file->data + start, stop - start);
        if (start > first && (block == 0 || start - first >= step || unpacked >= unpacked_step)) {
            REQUIRE(count < PyList_GET_SIZE(groups));
            PyObject *group = PyList_GET_ITEM(groups, count++);
            REQUIRE(item(group, 0) == start && item(group, 1) == unpacked);
            first = start;
            unpacked = 0;
        }
        start += block;
        unpacked += block ? little_endian(file->data + start - 4, 4) : 0;
    }
    REQUIRE(count == PyList_GET_SIZE(groups));
    Py_DECREF(groups);
}

static void check_decode_members(struct buffer *file, size_t start, size_t stop, size_t before, size_t space) {
    struct buffer out = new_buffer(before + space, PyBUF_WRITE);
    memset(out.data, 0xA5, before);
    PyObject *result = call(decode_members, "(OnnOn)", file->view, (Py_ssize_t)start, (Py_ssize_t)stop,
                            out.view, (Py_ssize_t)before);
    REQUIRE((result != NULL) == (start <= stop && stop <= file->size));
    if (result != NULL) {
        for (size_t i = 0; i < before; i++) {
            REQUIRE(out.data[i] == 0xA5);
        }
        long count = item(result, 0);
        size_t end = item(result, 1), position = item(result, 2);
        uint8_t *expected = malloc(space + 1);
        for (;; count--) {
            size_t last_end = start;
            while (start < stop && file->data[start] == 0) {
                start++;
            }
            struct outcome outcome = inflate_into(GZIP, file->data + start, stop - start, 0, expected, space, 0);
            if (count == 0) {
                REQUIRE(last_end == end && before == position);
                REQUIRE(outcome.verdict != DONE || !is_plain(file->data + start, stop - start, outcome.consumed));
                break;
            }
            REQUIRE(outcome.verdict == DONE);
            REQUIRE(memcmp(expected, out.data + before, outcome.produced) == 0);
            start += outcome.consumed;
            before += outcome.produced;
            space -= outcome.produced;
        }
        free(expected);
        Py_DECREF(result);
    }
    free_buffer(&out);
}

static void check_decode_member(struct buffer *file, size_t limit) {
    PyObject *content = call(decode_member, "(On)", file->view, (Py_ssize_t)limit);
    uint8_t *expected = malloc(limit + 1);
    struct outcome outcome = inflate_into(GZIP, file->data, file->size, 0, expected, limit, 0);
    int is_whole = outcome.verdict == DONE && outcome.consumed == file->size;
    REQUIRE(content != NULL);
    REQUIRE((content != Py_None) == is_whole);
    if (content != Py_None) {
        REQUIRE((size_t)PyBytes_GET_SIZE(content) == outcome.produced);
        REQUIRE(memcmp(expected, PyBytes_AS_STRING(content), outcome.produced) == 0);
    }
    Py_DECREF(content);
    free(expected);
}

int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    decode_member = import_function("inflate", "decode_member");
    decode_members = import_function("inflate", "decode_members");
    find_bgzf_blocks = import_function("inflate", "find_bgzf_blocks");
    read_header = import_function("inflate", "read_header");
    none = import_number("inflate", "NONE");
    needs_more = import_number("inflate", "NEEDS_MORE");
    not_gzip = import_number("inflate", "NOT_GZIP");
    method = import_number("inflate", "METHOD");
    flags_fault = import_number("inflate", "FLAGS");
    checksum = import_number("inflate", "CHECKSUM");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    unsigned flags = take_from_end(data, &size, 1);
    size_t space = take_from_end(data, &size, 2) & 0x3FFF, before = take_from_end(data, &size, 2) & 0xFFF;
    size_t start = take_from_end(data, &size, 2), stop = take_from_end(data, &size, 2);
    long step = take_from_end(data, &size, 2), unpacked_step = take_from_end(data, &size, 2);
    /* The most useful places are the ends of what is there. */
    start = flags & 1 ? 0 : start;
    stop = flags & 2 ? size : stop;
    before = flags & 4 ? 0 : before;
    struct buffer file = copy_of(data, size);
    check_read_header(&file, start);
    check_find_bgzf_blocks(&file, start, stop, step, unpacked_step);
    check_decode_members(&file, start, stop, before, space);
    check_decode_member(&file, space);
    free_buffer(&file);
    return 0;
}
