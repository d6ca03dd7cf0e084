/* The decoder on another processor, compared with zlib on this one.
 *
 * It is the fuzz target `inflate` with streams by a generator of random numbers: INPUTS FIRST on the
 * command line say how many and from which seed on. Built with RECORD, it asks zlib and writes what
 * zlib says to the standard output; built without, it needs no zlib and reads that from its
 * standard input. So it also serves sanitizers that want all code to be compiled for them.
 */
#include <stdio.h>
#include <stdlib.h>

#ifdef RECORD
#include "../fuzz/reference.h"

static struct outcome expect(int format, const uint8_t *data, size_t size, int bit, uint8_t *out,
                             size_t space, size_t window) {
    struct outcome outcome = inflate_into(format, data, size, bit, out, space, window);
    char reason[64] = {0};
    uint32_t fields[3] = {outcome.verdict, (uint32_t)outcome.consumed, (uint32_t)outcome.produced};
    uint8_t bytes[sizeof(fields)];
    if (outcome.reason) strncpy(reason, outcome.reason, sizeof(reason) - 1);
    for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (uint8_t)(fields[i / 4] >> i % 4 * 8);
    fwrite(bytes, 1, sizeof(bytes), stdout);
    fwrite(reason, 1, sizeof(reason), stdout);
    fwrite(out, 1, outcome.produced, stdout);
    return outcome;
}
#else
#define IDXFAST_FUZZ_REFERENCE_H
#include <stddef.h>
#include <stdint.h>

enum { RAW };

struct outcome {
    enum { DONE, ENDS_EARLY, TOO_LARGE, REFUSED } verdict;
    const char *reason;
    size_t consumed, produced;
};

static void read_exactly(void *out, size_t size) {
    if (size && fread(out, size, 1, stdin) != 1) {
        fprintf(stderr, "the records end early\n");
        exit(1);
    }
}

static struct outcome expect(int format, const uint8_t *data, size_t size, int bit, uint8_t *out,
                             size_t space, size_t window) {
    static char reason[64];
    uint8_t bytes[12];
    uint32_t fields[3] = {0};
    (void)format, (void)data, (void)size, (void)bit, (void)window;
    read_exactly(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) fields[i / 4] |= (uint32_t)bytes[i] << i % 4 * 8;
    if (fields[2] > space) exit(1);
    read_exactly(reason, sizeof(reason));
    read_exactly(out, fields[2]);
    struct outcome outcome = {.consumed = fields[1], .produced = fields[2]};
    outcome.verdict = fields[0];
    outcome.reason = reason[0] ? reason : NULL;
    return outcome;
}
#endif

#define inflate_into expect
#include "../fuzz/fuzz_inflate.c"

enum { SHORTEST = 20, LONGEST = 420 };

int main(int count, char **arguments) {
    if (count != 3) return 2;
    const long inputs = atol(arguments[1]), first = atol(arguments[2]);
    for (long i = first; i < first + inputs; i++) {
        uint64_t seed = (uint64_t)i * 0x9e3779b97f4a7c15;
        uint8_t data[LONGEST];
        size_t size = SHORTEST + (size_t)((seed >> 20) % (LONGEST - SHORTEST));
        for (size_t k = 0; k < sizeof(data); k++) {
            seed = seed * 6364136223846793005 + 1442695040888963407;
            data[k] = (uint8_t)(seed >> 56);
            /* Three bytes of four get no highest bit, which can mean a fault. So half of the
             * streams are valid. */
            if (k < size - 8 && seed >> 54 & 3) data[k] &= 0x7f;
        }
        /* Mostly whole, and without a bit that is changed. */
        if (i & 7) data[0] = (data[0] & 0xdf) | 0x10;
        /* All but one in 32 are streams that streams.h makes of the numbers. */
        if (i & 31) data[size - 8] |= 4;
        /* What assembly stores, MemorySanitizer does not see. */
#if defined(ONLY_PORTABLE)
        data[size - 8] |= 1;
#endif
        LLVMFuzzerTestOneInput(data, size);
    }
#ifndef RECORD
    printf("%ld streams: as zlib has it\n", inputs);
#endif
    return 0;
}
