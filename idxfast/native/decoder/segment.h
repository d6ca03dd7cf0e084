/* The symbols of a segment: what the first phase passes to the second when the two run on different
 * threads. Literals are contiguous. A match holds its length and distance and needs no table. */
#ifndef IDXFAST_DECODER_SEGMENT_H
#define IDXFAST_DECODER_SEGMENT_H

#include "state.h"

#include <stdlib.h>

enum {
    SLACK = 64,             /* how many bytes past its end a copy may read or write */
    WINDOW_SIZE = 32768,
    MOST_LITERALS = 1 << 30, /* so that a match can count them in 32 bits */
    MOST_MATCHES = MOST_LITERALS / 8,
};

struct match {
    uint32_t literals; /* how many of the segment's literals precede the match */
    uint16_t length, distance;
};

struct symbols {
    int has_bmi2;
    struct match *matches; /* in one allocation with the literals, which follow */
    size_t match_room, match_count;
    uint8_t *literals; /* with SLACK bytes after the room */
    size_t literal_room, literal_count;
    uint64_t copied; /* how many bytes the matches unpack to */
};

static void clear_symbols(struct symbols *symbols) {
    symbols->match_count = symbols->literal_count = 0;
    symbols->copied = 0;
}

/* Allocate room for symbols, up to MOST_LITERALS and MOST_MATCHES; false if there is no memory. */
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

/* Append a match that follows the first `literals` literals. The caller has checked the room. */
static ALWAYS_INLINE void append_match(struct symbols *symbols, size_t literals, size_t length,
                                       size_t distance) {
    const struct match match = {(uint32_t)literals, (uint16_t)length, (uint16_t)distance};
    symbols->matches[symbols->match_count++] = match;
    symbols->copied += length;
}

/* Set to 1 the bytes of the window that matches copy. The window ends just before the segment. */
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
