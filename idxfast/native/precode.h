/* The sum over a precode's lengths that makes it complete (RFC 1951, sections 3.2.2 and 3.2.7).
 *
 * A codeword of n bits takes up 2^(7 - n) of 128 places. precode_shares says how many places four
 * lengths of 3 bits take up together: 255 stands for 256, which is as much too many.
 */
#ifndef IDXFAST_PRECODE_H
#define IDXFAST_PRECODE_H

#include <stdint.h>

#define SHARE(length) ((length) ? 128 >> (length) : 0)
#define SHARES(i) (SHARE((i) & 7) + SHARE((i) >> 3 & 7) + SHARE((i) >> 6 & 7) + SHARE((i) >> 9 & 7))
#define ENTRIES_1(i) (SHARES(i) > 255 ? 255 : SHARES(i))
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
