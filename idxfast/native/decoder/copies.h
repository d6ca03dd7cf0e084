/* Copies of a match, 16 bytes at a time. Included once for each kind of processor (variants.h). */

/* Write `length` bytes at `to` that repeat those `distance` before; SLACK bytes more may be written
 * there. */
static ALWAYS_INLINE TARGET void VARIANT(copy_match)(uint8_t *to, size_t distance, size_t length) {
    const uint8_t *from = to - distance;
    if (LIKELY(distance >= 16)) {
        memcpy(to, from, 16);
        memcpy(to + 16, from + 16, 16);
        for (size_t i = 32; UNLIKELY(i < length); i += 32) {
            memcpy(to + i, from + i, 16);
            memcpy(to + i + 16, from + i + 16, 16);
        }
    } else if (distance == 1) {
        const int byte = *from;
        memset(to, byte, 32);
        for (size_t i = 32; UNLIKELY(i < length); i += 32) memset(to + i, byte, 32);
    } else {
#ifdef HAS_SHUFFLES
        /* As many whole periods as 16 bytes hold, so that the next 16 are the same. */
        const size_t step = 16 - 16 % distance;
        const __m128i order = _mm_load_si128((const __m128i *)repetitions[distance]);
        const __m128i bytes = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)from), order);
        for (size_t i = 0; i < length; i += step) _mm_storeu_si128((__m128i *)(to + i), bytes);
#else
        /* Each 8 bytes are right in their first period, at least. */
        const size_t step = distance < 8 ? distance : 8;
        for (size_t i = 0; i < length; i += step) memcpy(to + i, from + i, 8);
#endif
    }
}
