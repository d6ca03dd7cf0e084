/* Unaligned little-endian words in memory, and hints to the compiler. */
#ifndef IDXFAST_DECODER_WORDS_H
#define IDXFAST_DECODER_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))
#define PREFETCH_TO_WRITE(address) __builtin_prefetch((const void *)(address), 1)
/* Keep the compiler from moving a load past a branch. */
#define LOAD_NOW(value) __asm__ volatile("" : "+r"(value))
#elif defined(_MSC_VER)
#include <intrin.h>
#define LIKELY(condition) (condition)
#define UNLIKELY(condition) (condition)
#define ALWAYS_INLINE __forceinline
#define NEVER_INLINE __declspec(noinline)
#define PREFETCH_TO_WRITE(address) ((void)0)
#define LOAD_NOW(value) ((void)0)
#else
#define LIKELY(condition) (condition)
#define UNLIKELY(condition) (condition)
#define ALWAYS_INLINE inline
#define NEVER_INLINE
#define PREFETCH_TO_WRITE(address) ((void)0)
#define LOAD_NOW(value) ((void)0)
#endif

/* gcc and clang define the byte order. All platforms of MSVC are little-endian. */
#if defined(_MSC_VER) || \
    (defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
#define IS_LITTLE_ENDIAN 1
#else
#define IS_LITTLE_ENDIAN 0
#endif

static ALWAYS_INLINE uint64_t load_64(const uint8_t *from) {
#if IS_LITTLE_ENDIAN
    uint64_t word;
    memcpy(&word, from, sizeof(word));
    return word;
#else
    uint64_t word = 0;
    for (int i = 0; i < 8; i++) word |= (uint64_t)from[i] << 8 * i;
    return word;
#endif
}

/* The bytes of a word in reverse order. */
static ALWAYS_INLINE uint64_t reversed_64(uint64_t word) {
#if defined(__GNUC__)
    return __builtin_bswap64(word);
#else
    word = (word & 0x00ff00ff00ff00ff) << 8 | (word >> 8 & 0x00ff00ff00ff00ff);
    word = (word & 0x0000ffff0000ffff) << 16 | (word >> 16 & 0x0000ffff0000ffff);
    return word << 32 | word >> 32;
#endif
}

/* How many zeros a word begins with. */
static ALWAYS_INLINE unsigned leading_zeros(uint64_t word) {
#if defined(__GNUC__)
    return word ? (unsigned)__builtin_clzll(word) : 64;
#elif defined(_M_X64) || defined(_M_ARM64)
    unsigned long highest;
    return _BitScanReverse64(&highest, word) ? 63 - (unsigned)highest : 64;
#else
    unsigned count = 0;
    if (!word) return 64;
    for (unsigned bits = 32; bits; bits /= 2) {
        if (word >> (64 - bits)) continue;
        word <<= bits;
        count += bits;
    }
    return count;
#endif
}

/* The lowest `count` bits of a word; count is below 64. */
static ALWAYS_INLINE uint64_t lowest(uint64_t word, unsigned count) {
    return word & (((uint64_t)1 << count) - 1);
}

#define REVERSED_1(i)                                                                   \
    (uint8_t)(((i) & 1) << 7 | ((i) & 2) << 5 | ((i) & 4) << 3 | ((i) & 8) << 1 | ((i) & 16) >> 1 | \
              ((i) & 32) >> 3 | ((i) & 64) >> 5 | ((i) & 128) >> 7)
#define REVERSED_4(i) REVERSED_1(i), REVERSED_1((i) + 1), REVERSED_1((i) + 2), REVERSED_1((i) + 3)
#define REVERSED_16(i) REVERSED_4(i), REVERSED_4((i) + 4), REVERSED_4((i) + 8), REVERSED_4((i) + 12)
#define REVERSED_64(i) \
    REVERSED_16(i), REVERSED_16((i) + 16), REVERSED_16((i) + 32), REVERSED_16((i) + 48)

static const uint8_t reversed_bytes[256] = {
    REVERSED_64(0), REVERSED_64(64), REVERSED_64(128), REVERSED_64(192),
};

/* The lowest 16 bits in reverse order. */
static ALWAYS_INLINE uint32_t reversed_16(uint32_t bits) {
    return (uint32_t)reversed_bytes[bits & 255] << 8 | reversed_bytes[bits >> 8 & 255];
}

#endif
