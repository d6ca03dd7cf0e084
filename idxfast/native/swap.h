/* Reverse the bytes of elements of 2, 4 or 8 bytes, in place.
 *
 * Elements are read and written by memcpy, because the payload of a file may start at any address.
 */
#ifndef IDXFAST_SWAP_H
#define IDXFAST_SWAP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wide_vectors.h"

static inline uint16_t swapped_16(uint16_t x) { return (uint16_t)(x << 8 | x >> 8); }

static inline uint32_t swapped_32(uint32_t x) {
    return x << 24 | (x & 0xff00) << 8 | (x >> 8 & 0xff00) | x >> 24;
}

static inline uint64_t swapped_64(uint64_t x) {
    return (uint64_t)swapped_32((uint32_t)x) << 32 | swapped_32((uint32_t)(x >> 32));
}

#define DEFINE_SWAP(bits)                                    \
    BUILD_FOR_WIDE_VECTORS                                   \
    static void swap_##bits(uint8_t *data, size_t count) {   \
        for (size_t i = 0; i < count; i++) {                 \
            uint##bits##_t x;                                \
            memcpy(&x, data + i * sizeof(x), sizeof(x));     \
            x = swapped_##bits(x);                           \
            memcpy(data + i * sizeof(x), &x, sizeof(x));     \
        }                                                    \
    }

DEFINE_SWAP(16)
DEFINE_SWAP(32)
DEFINE_SWAP(64)

#endif
