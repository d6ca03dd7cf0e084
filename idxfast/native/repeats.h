/* Estimate what a search for repeats would save of what a block takes up as runs.
 *
 * Words of the block are looked up at a few places of each part of it, 1 byte in 31. Where one has
 * been before, the match around it is measured: the bits of its literals less those of the match are
 * what a search would save. Only some short matches are met; each one counts for those missed.
 * The estimate is exact for tiles of noise. Where the same words come again and again it is a
 * multiple of what can be saved, but then that is much. It is blind to matches shorter than a word,
 * as in ramps of numbers.
 */
#ifndef IDXFAST_REPEATS_H
#define IDXFAST_REPEATS_H

#include "decoder/words.h"

enum {
    /* A perfect difference set: two of its numbers are at any distance, modulo 993. So of a match
     * of any period, a pair of words is met once every 993 bytes. With the one modulo 307, MNIST's
     * images take 14% longer instead of 6%, and the estimate hardly varies less. */
    MARKS = 32,
    STRETCH = 993,
    MIN_WORD = 4,
    MAX_WORD = 16,
    /* A word holds about so much: shorter ones occur again by chance, 24 bits too often in images. */
    WORD_BITS = 32,
    /* About what a match takes up: a length and a distance with 12 extra bits. */
    MATCH_BITS = 20,
    /* What zlib searches; what is a whole window away, libdeflate does not find either. */
    WINDOW = 32768 - 262,
    SLOT_BITS = 12 /* for the 1,056 words of a window */
};

static const uint16_t marks[MARKS] = {
    0,   1,   3,   22,  37,  57,  69,  143, 231, 257, 303, 308, 347, 351, 358, 449,
    458, 529, 596, 621, 634, 674, 753, 782, 798, 840, 857, 863, 871, 881, 933, 966,
};

/* Where each word was last, by its hash: 16 other bits of that, and the place. */
typedef struct {
    uint32_t slots[1 << SLOT_BITS];
} Words;

/* Where the match ends that copies from `from` to `to`, which comes later. */
static size_t match_end(const uint8_t *data, size_t from, size_t to, size_t size) {
    while (to + 8 <= size && load_64(data + from) == load_64(data + to)) from += 8, to += 8;
    while (to < size && data[from] == data[to]) from++, to++;
    return to;
}

/* What bytes take up as literals; of a run, only its first four are counted. */
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

/* How many bits a search would save. The block is of at most 65,535 bytes, and takes up `coded`
 * bits as runs; `lengths` are those of its codewords. */
static uint64_t saved_by_search(
    Words *words, const uint8_t *data, size_t size, const uint8_t *lengths, uint64_t coded) {
    struct {
        size_t from, to;
    } hits[MARKS];
    uint64_t saved = 0, hash = 0, word = WORD_BITS * (uint64_t)size / coded;
    size_t covered = 0;
    word = word < MIN_WORD ? MIN_WORD : word > MAX_WORD ? MAX_WORD : word;
    /* It is loaded as its first eight bytes and its last eight, or the same four to eight twice. */
    const size_t second = word > 8 ? word - 8 : 0;
    const uint64_t mask = word < 8 ? lowest(~(uint64_t)0, 8 * (unsigned)word) : ~(uint64_t)0;
    memset(words, 0, sizeof(*words));
    /* Where the next stretch begins depends on the words of this one: whoever lays noise at the marks,
     * and repeats between them, has to follow them through all of the data. Runs can then take up 3
     * to 4 times what a search would make of it. */
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
            /* Eight equal bytes are a run's. */
            count += ((last ^ now) >> 16 == 0) & (head != (head << 8 | head >> 56));
        }
        for (int i = 0; i < count; i++) {
            size_t from = hits[i].from, to = hits[i].to;
            /* An empty slot has 0 for a place. */
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
