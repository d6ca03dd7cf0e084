/* The symbols of a segment: what the first phase hands to the second when they run on different
 * threads. Literals are contiguous. Each match holds its length and distance, so no table is needed. */
#ifndef IDXFAST_DECODER_SEGMENT_H
#define IDXFAST_DECODER_SEGMENT_H

#include "state.h"

#include <stdlib.h>

enum {
    SLACK = 64,             /* bytes beyond its end that a copy may read or write */
    WINDOW_SIZE = 32768,
    MOST_LITERALS = 1 << 30, /* so that a match can count them in 32 bits */
    MOST_MATCHES = MOST_LITERALS / 8,
};

struct match {
    uint32_t literals; /* the number of the segment's literals before it */
    uint16_t length, distance;
};

struct symbols {
    int has_bmi2;
    struct match *matches; /* one allocation with the literals, which begin after them */
    size_t match_room, match_count;
    uint8_t *literals; /* SLACK bytes more than there is room for */
    size_t literal_room, literal_count;
    uint64_t copied; /* how many bytes the matches stand for */
};

static void clear_symbols(struct symbols *symbols) {
    symbols->match_count = symbols->literal_count = 0;
    symbols->copied = 0;
}

/* Make room for at most MOST_LITERALS and MOST_MATCHES; false if there is no memory. */
static int make_symbols(struct symbols *symbols, size_t literals, size_t matches, int has_bmi2) {
    symbols->matches = malloc(matches * sizeof(struct match) + literals + SLACK);
    if (symbols->matches == NULL) return 0;
    symbols->literals = (uint8_t *)(symbols->matches + matches);
    symbols->match_room = matches;
    symbols->literal_room = literals;
    symbols->has_bmi2 = has_bmi2;
    clear_symbols(symbols);
    return 1;
}

/* Append a match that follows the segment's first `literals` literals; there is room for it. */
static ALWAYS_INLINE void append_match(struct symbols *symbols, size_t literals, size_t length,
                                       size_t distance) {
    const struct match match = {(uint32_t)literals, (uint16_t)length, (uint16_t)distance};
    symbols->matches[symbols->match_count++] = match;
    symbols->copied += length;
}

/* Set to 1 each of the window's bytes that the matches copy; the last is just before the segment. */
static void mark_window(const struct symbols *symbols, uint8_t window[WINDOW_SIZE]) {
    size_t at = 0, literals = 0;
    for (size_t i = 0; i < symbols->match_count && at < WINDOW_SIZE; i++) {
        const struct match *match = &symbols->matches[i];
        at += match->literals - literals;
        literals = match->literals;
        if (match->distance > at) {
            const size_t before = match->distance - at;
            const size_t count = match->length < before ? match->length : before;
            memset(window + (WINDOW_SIZE - before), 1, count);
        }
        at += match->length;
    }
}

#endif
