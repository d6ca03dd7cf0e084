/* What libdeflate makes of a DEFLATE stream: a second oracle, compared with zlib. */
#ifndef IDXFAST_FUZZ_LIBDEFLATE_REFERENCE_H
#define IDXFAST_FUZZ_LIBDEFLATE_REFERENCE_H

#ifdef WITH_LIBDEFLATE
#include <libdeflate.h>
#include <stdlib.h>

/* Whether libdeflate, given as much space as zlib filled, says the same: it takes a stream that zlib
 * takes, with the same bytes and end. It also takes some streams that zlib refuses, but only those
 * whose codes or symbols are wrong, never one whose distances, lengths or repeats are. */
static int libdeflate_agrees(const uint8_t *stream, size_t size, struct outcome outcome,
                             const uint8_t *expected) {
    static const char *const lenient[] = {
        "too many length or distance symbols", "invalid code lengths set",
        "invalid code -- missing end-of-block", "invalid literal/lengths set",
        "invalid distances set", "invalid literal/length code", "invalid distance code",
    };
    static struct libdeflate_decompressor *decompressor;
    static uint8_t out[1 << 21];
    size_t consumed, produced;
    if (decompressor == NULL) decompressor = libdeflate_alloc_decompressor();
    if (decompressor == NULL) abort();
    enum libdeflate_result result = libdeflate_deflate_decompress_ex(
        decompressor, stream, size, out, sizeof(out), &consumed, &produced);
    if (outcome.verdict == DONE)
        return result == LIBDEFLATE_SUCCESS && consumed == outcome.consumed &&
               produced == outcome.produced && memcmp(out, expected, produced) == 0;
    if (outcome.verdict == ENDS_EARLY) return result != LIBDEFLATE_SUCCESS;
    if (outcome.verdict == REFUSED && result == LIBDEFLATE_SUCCESS) {
        for (size_t i = 0; i < sizeof(lenient) / sizeof(*lenient); i++)
            if (!strcmp(outcome.reason, lenient[i])) return 1;
        return 0;
    }
    return 1;
}
#else
#define libdeflate_agrees(stream, size, outcome, expected) 1
#endif

#endif
