/* Copies of 16 bytes at a time. Included once for each kind of processor (variants.h). */

/* Write a byte `length` times; up to SLACK more bytes may be written. */
static ALWAYS_INLINE TARGET void VARIANT(copy_byte)(uint8_t *to, int byte, size_t length) {
    memset(to, byte, 16);
    memset(to + 16, byte, 16);
    for (size_t i = 32; UNLIKELY(i < length); i += 32) {
        memset(to + i, byte, 16);
        memset(to + i + 16, byte, 16);
    }
}

/* Copy `length` bytes; up to SLACK more bytes may be read and written. The two may overlap if `to`
 * follows `from` by at least 16 bytes: what has been written is then read again. */
static ALWAYS_INLINE TARGET void VARIANT(copy_bytes)(uint8_t *to, const uint8_t *from,
                                                     size_t length) {
    memcpy(to, from, 16);
    memcpy(to + 16, from + 16, 16);
    for (size_t i = 32; UNLIKELY(i < length); i += 32) {
        memcpy(to + i, from + i, 16);
        memcpy(to + i + 16, from + i + 16, 16);
    }
}

/* Write `length` bytes at `to` that repeat the bytes `distance` before them; up to SLACK more bytes
 * may be written. */
static ALWAYS_INLINE TARGET void VARIANT(copy_match)(uint8_t *to, size_t distance, size_t length) {
    const uint8_t *from = to - distance;
    if (LIKELY(distance >= 16)) {
        VARIANT(copy_bytes)(to, from, length);
    } else if (distance == 1) {
        /* The store that has just written the byte is forwarded to a load of that byte alone. */
        VARIANT(copy_byte)(to, *from, length);
    } else {
#ifdef HAS_SHUFFLES
        /* Advance by as many whole periods as 16 bytes hold, so that the next 16 are the same. */
        const size_t step = repetition_sizes[distance];
        const __m128i order = _mm_load_si128((const __m128i *)repetitions[distance]);
        const __m128i bytes = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)from), order);
        _mm_storeu_si128((__m128i *)to, bytes);
        _mm_storeu_si128((__m128i *)(to + step), bytes);
        _mm_storeu_si128((__m128i *)(to + 2 * step), bytes);
        for (size_t i = 3 * step; UNLIKELY(i < length); i += 2 * step) {
            _mm_storeu_si128((__m128i *)(to + i), bytes);
            _mm_storeu_si128((__m128i *)(to + i + step), bytes);
        }
#else
        /* At least the first period of each 8 bytes is right. */
        const size_t step = distance < 8 ? distance : 8;
        for (size_t i = 0; i < length; i += step) memcpy(to + i, from + i, 8);
#endif
    }
}

/* Write `count` literals at `to`. They are stored downwards: the first is at `from`, the others
 * are before it. 32 bytes are written at a time. */
static ALWAYS_INLINE TARGET void VARIANT(copy_literals)(uint8_t *to, const uint8_t *from,
                                                        size_t count) {
    size_t i = 0;
    do {
#ifdef HAS_SHUFFLES
        const __m128i order = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        __m128i first = _mm_loadu_si128((const __m128i *)(from - i - 15));
        __m128i second = _mm_loadu_si128((const __m128i *)(from - i - 31));
        _mm_storeu_si128((__m128i *)(to + i), _mm_shuffle_epi8(first, order));
        _mm_storeu_si128((__m128i *)(to + i + 16), _mm_shuffle_epi8(second, order));
#else
        for (size_t j = i; j < i + 32; j += 8) {
            uint64_t word;
            memcpy(&word, from - j - 7, 8);
            word = reversed_64(word);
            memcpy(to + j, &word, 8);
        }
#endif
        i += 32;
    } while (UNLIKELY(i < count));
}

/* The second phase of a segment: write its bytes at `work->at`. False if they do not fit, or if a
 * match begins before the window. */
static TARGET int VARIANT(copy_symbols)(const struct symbols *symbols, struct work *work) {
    const struct match *match = symbols->matches, *end = match + symbols->match_count;
    const uint8_t *window = work->out + work->start, *last = work->out + work->space;
    uint8_t *to = work->out + work->at;
    size_t done = 0; /* how many literals have been written */
    for (; match < end; match++) {
        const uint8_t *literal = symbols->literals + done;
        const size_t count = match->literals - done;
        const size_t length = match->length, distance = match->distance;
        const size_t behind = (size_t)(to - window) + count, space = (size_t)(last - to);
        if (LIKELY(count + length + SLACK <= space && distance <= behind)) {
            VARIANT(copy_bytes)(to, literal, count);
            to += count;
            PREFETCH_TO_WRITE((uintptr_t)to + PREFETCH_DISTANCE);
            VARIANT(copy_match)(to, distance, length);
            to += length;
        } else {
            if (count + length > space || distance > behind + work->history_size) return 0;
            memcpy(to, literal, count);
            work->at = (size_t)(to - work->out) + count;
            copy_exactly(work, distance, length);
            to = work->out + work->at;
        }
        done += count;
    }
    const size_t count = symbols->literal_count - done;
    if (count > (size_t)(last - to)) return 0;
    if (count) memcpy(to, symbols->literals + done, count);
    work->at = (size_t)(to - work->out) + count;
    return 1;
}
