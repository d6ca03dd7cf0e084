/* What zlib makes of a DEFLATE stream or a gzip file: the native targets' oracle. */
#ifndef IDXFAST_FUZZ_REFERENCE_H
#define IDXFAST_FUZZ_REFERENCE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

enum { RAW = -15, GZIP = 31 };  /* zlib's numbers for a stream without a wrapper, and in a member */

struct outcome {
    enum { DONE, ENDS_EARLY, TOO_LARGE, REFUSED } verdict;
    const char *reason;  /* why zlib refused it */
    size_t consumed;     /* bytes, the last of them perhaps in part */
    size_t produced;
};

/* Decode one stream, which starts at a bit of the first byte, into at most `space` bytes. The
 * `window` bytes before them may be copied from. */
static struct outcome inflate_into(int format, const uint8_t *data, size_t size, int bit,
                                   uint8_t *out, size_t space, size_t window) {
    /* One state for all calls: to allocate it takes as long as to decode a small stream. */
    static z_stream stream;
    uint8_t more;
    size_t primed = bit && size;
    if (stream.state == NULL) inflateInit2(&stream, format);
    else inflateReset2(&stream, format);
    stream.next_in = (uint8_t *)data + primed;
    stream.avail_in = size - primed;
    stream.next_out = out;
    stream.avail_out = space;
    if (window) {
        inflateSetDictionary(&stream, out - window, window);
    }
    if (primed) {
        inflatePrime(&stream, 8 - bit, data[0] >> bit);
    }
    int status = inflate(&stream, Z_FINISH);
    size_t produced = stream.total_out;
    int is_full = stream.avail_out == 0;
    if (is_full && (status == Z_OK || status == Z_BUF_ERROR)) {
        stream.next_out = &more;
        stream.avail_out = 1;
        status = inflate(&stream, Z_FINISH);
    }
    struct outcome outcome = {
        .reason = stream.msg, .consumed = primed + stream.total_in, .produced = produced};
    if (stream.total_out > produced) {
        outcome.verdict = TOO_LARGE;
    } else if (status == Z_STREAM_END) {
        outcome.verdict = DONE;
    } else if (status == Z_DATA_ERROR || status == Z_NEED_DICT) {
        outcome.verdict = REFUSED;
    } else {
        outcome.verdict = ENDS_EARLY;
    }
    return outcome;
}

#endif
