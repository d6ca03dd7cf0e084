/* Estimate how much smaller a search for matches would make a block that is coded as runs.
 *
 * Words of the block are looked up at 1 byte in 31. Where a word has occurred before, the match
 * around it is measured: a search would save the bits of its literals less those of the match. Only
 * some of the short matches are found, and each of these counts for those that are missed. The
 * estimate is exact for tiles of noise. Where the same words occur again and again, the estimate
 * is a multiple of what can be saved, but much can be saved there. Matches shorter than a word are
 * not found, as in ramps of numbers.
 */
#ifndef IDXFAST_ENCODER_REPEATS_H
#define IDXFAST_ENCODER_REPEATS_H

#include "../decoder/words.h"

enum {
    /* A perfect difference set: for each distance modulo 993, two of its numbers differ by that
     * distance. So a match at any distance has a pair of its words looked up once every 993 bytes.
     * With the set modulo 307, MNIST's images take 14% longer instead of 6%, and the estimate
     * varies hardly less. */
    MARKS = 32,
    STRETCH = 993,
    MIN_WORD = 4,
    MAX_WORD = 16,
    /* About how many bits of information a word has. Shorter words recur by chance: those of 24
     * bits too often in images. */
    WORD_BITS = 32,
    /* About the size of a match: a length, and a distance with 12 extra bits. */
    MATCH_BITS = 20,
    /* The greatest distance that zlib searches. libdeflate, too, finds no match a whole window
     * away. */
    WINDOW = 32768 - 262,
    SLOT_BITS = 12 /* for the 1,056 words of a window */
};

static const uint16_t marks[MARKS] = {
    0,   1,   3,   22,  37,  57,  69,  143, 231, 257, 303, 308, 347, 351, 358, 449,
    458, 529, 596, 621, 634, 674, 753, 782, 798, 840, 857, 863, 871, 881, 933, 966,
};

/* Where each word was last, by its hash: 16 other bits of the hash, and the place. */
struct words {
    uint32_t slots[1 << SLOT_BITS];
};

/* The end of the match that copies from `from` to `to`, which comes later. */
static size_t match_end(const uint8_t *data, size_t from, size_t to, size_t size) {
    while (to + 8 <= size && load_64(data + from) == load_64(data + to)) from += 8, to += 8;
    while (to < size && data[from] == data[to]) from++, to++;
    return to;
}

/* The bits of bytes as literals. Of a run, only the first four bytes are counted. */
static uint64_t literal_bits(
    const uint8_t *data, size_t start, size_t stop, const uint8_t *lengths) {
    uint64_t bits = 0;
    int equal = 0;
    for (size_t i = start; i < stop; i++) {
        equal = i > start && data[i] == data[i - 1] ? equal + 1 : 0;
        if (equal < 4) bits += lengths[data[i]];
    }
    return bits;
}

/* How many bits a search would save. The block has at most 65,535 bytes, and `coded` bits as runs;
 * `lengths` are those of its codewords. */
static uint64_t saved_by_search(
    struct words *words, const uint8_t *data, size_t size, const uint8_t *lengths, uint64_t coded) {
    struct {
        size_t from, to;
    } hits[MARKS];
    uint64_t saved = 0, hash = 0, word = WORD_BITS * (uint64_t)size / coded;
    size_t covered = 0;
    word = word < MIN_WORD ? MIN_WORD : word > MAX_WORD ? MAX_WORD : word;
    /* A word is loaded as its first and its last eight bytes. A word of up to eight bytes is loaded
     * twice. */
    const size_t second = word > 8 ? word - 8 : 0;
    const uint64_t mask = word < 8 ? lowest(~(uint64_t)0, 8 * (unsigned)word) : ~(uint64_t)0;
    memset(words, 0, sizeof(*words));
    /* Where the next stretch begins depends on the words of this one. Data with noise at the marks
     * and matches between them mislead the estimate, but only if they follow the marks all the way.
     * Runs can then take up 3 to 4 times as much as a search would. */
    for (size_t base = 0; base + STRETCH + MAX_WORD <= size; base += STRETCH + (hash >> 61)) {
        int count = 0;
        for (int i = 0; i < MARKS; i++) {
            size_t at = base + marks[i];
            uint64_t head = load_64(data + at), tail = load_64(data + at + second);
            hash = ((head & mask) * 0x9E3779B97F4A7C15u + (tail & mask)) * 0xD6E8FEB86659FD93u;
            uint32_t *slot = &words->slots[hash >> (64 - SLOT_BITS)];
            uint32_t last = *slot, now = (uint32_t)(hash >> 32) << 16 | (uint32_t)at;
            *slot = now;
            hits[count].from = last & 0xffff;
            hits[count].to = at;
            /* Eight equal bytes belong to a run. */
            count += ((last ^ now) >> 16 == 0) & (head != (head << 8 | head >> 56));
        }
        for (int i = 0; i < count; i++) {
            size_t from = hits[i].from, to = hits[i].to;
            /* The place in an empty slot is 0. */
            if (to < covered || from == 0 || to - from > WINDOW) continue;
            size_t stop = match_end(data, from, to, size);
            if (stop - to < word) continue;
            while (to > covered && from > 0 && data[from - 1] == data[to - 1]) from--, to--;
            covered = stop;
            uint64_t bits = literal_bits(data, to, stop, lengths);
            if (bits <= MATCH_BITS) continue;
            bits -= MATCH_BITS;
            size_t places = stop - to - word + 1;
            saved += places < STRETCH ? bits * STRETCH / places : bits;
        }
    }
    return saved;
}

#endif
