/* The code for the code lengths in the header of a dynamic block (RFC 1951, section 3.2.7). */
#ifndef IDXFAST_PRECODE_H
#define IDXFAST_PRECODE_H

#include <stdint.h>

/* The order in which the header states the lengths of its codewords. */
static const uint8_t precode_order[19] = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
};

/* How many lengths each symbol stands for at least, and how many extra bits say how many more. */
static const uint8_t precode_repeats[19] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 11,
};
static const uint8_t precode_extra_bits[19] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 7,
};

/* A codeword of n bits takes up 2^(7 - n) of the 128 places of a complete code (section 3.2.2).
 * precode_shares says how many places four lengths, of 3 bits each, take up together. 256 does not
 * fit and is stated as 255: both are too many.
 */
#define SHARE(length) ((length) ? 128 >> (length) : 0)
#define SHARES(i) (SHARE((i) & 7) + SHARE((i) >> 3 & 7) + SHARE((i) >> 6 & 7) + SHARE((i) >> 9 & 7))
#define ENTRIES_1(i) ((uint8_t)(SHARES(i) > 255 ? 255 : SHARES(i)))
#define ENTRIES_8(i)                                                                           \
    ENTRIES_1(i), ENTRIES_1((i) + 1), ENTRIES_1((i) + 2), ENTRIES_1((i) + 3), ENTRIES_1((i) + 4), \
        ENTRIES_1((i) + 5), ENTRIES_1((i) + 6), ENTRIES_1((i) + 7)
#define ENTRIES_64(i)                                                                       \
    ENTRIES_8(i), ENTRIES_8((i) + 8), ENTRIES_8((i) + 16), ENTRIES_8((i) + 24),             \
        ENTRIES_8((i) + 32), ENTRIES_8((i) + 40), ENTRIES_8((i) + 48), ENTRIES_8((i) + 56)
#define ENTRIES_512(i)                                                                      \
    ENTRIES_64(i), ENTRIES_64((i) + 64), ENTRIES_64((i) + 128), ENTRIES_64((i) + 192),      \
        ENTRIES_64((i) + 256), ENTRIES_64((i) + 320), ENTRIES_64((i) + 384), ENTRIES_64((i) + 448)

static const uint8_t precode_shares[4096] = {
    ENTRIES_512(0),    ENTRIES_512(512),  ENTRIES_512(1024), ENTRIES_512(1536),
    ENTRIES_512(2048), ENTRIES_512(2560), ENTRIES_512(3072), ENTRIES_512(3584),
};

#endif
