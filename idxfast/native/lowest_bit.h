#ifndef IDXFAST_LOWEST_BIT_H
#define IDXFAST_LOWEST_BIT_H

#include <stdint.h>

#if defined(_MSC_VER)
#include <intrin.h>
#endif

/* The number of the lowest bit that is set in a word other than 0. */
static inline int lowest_bit(uint64_t word) {
#if defined(__GNUC__)
    return __builtin_ctzll(word);
#elif defined(_MSC_VER) && defined(_WIN64)
    unsigned long bit;
    _BitScanForward64(&bit, word);
    return (int)bit;
#else
    int bit = 0;
    while (!(word >> bit & 1)) bit++;
    return bit;
#endif
}

#endif
