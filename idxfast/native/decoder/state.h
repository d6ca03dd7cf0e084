/* What the decoder keeps of a stream between calls, and what it works on during a call. */
#ifndef IDXFAST_DECODER_STATE_H
#define IDXFAST_DECODER_STATE_H

#include "codes.h"

/* Why a call ends. */
enum stop {
    GOES_ON,  /* none: decoding goes on. inflate_stream never returns this */
    AT_END,   /* the final block has ended */
    AT_BLOCK, /* a block that is not the last has ended where the caller asked to stop */
    AT_PAUSE, /* the call's budget is used up */
    AT_INPUT, /* the next symbol, block header or stored byte needs more input than there is */
    AT_SPACE, /* the next symbol does not fit into the output */
    AT_ERROR, /* the stream is not a DEFLATE stream */
};

enum block_type { NO_BLOCK, STORED, CODED };

struct scratch;
struct symbols;

/* A stream that is being decoded. */
struct inflater {
    uint32_t table[2 * TABLE_SIZE]; /* literals and lengths; distances */
    uint32_t small_table[SMALL_SIZE]; /* of distances */
    struct code literals, distances;
    int is_fixed; /* whether the tables are those of the fixed codes */
    /* 1 if the only distance is 1, with a codeword of one bit. Lengths in the table then include
     * that bit, and are followed by a literal or length. */
    uint32_t has_one_distance;
    /* How many of a code's 2^15 places belong to lengths. If the encoder has made the code for
     * these symbols, this is the share of matches among them. */
    int match_share;
    struct scratch *scratch; /* for cursors (cursors.h); NULL until needed */
    enum block_type type; /* of the current block */
    int has_bmi2; /* whether the processor has BMI2, SSSE3 and, for some compilers, LZCNT */
    int is_final;
    const char *reason;    /* why the stream is wrong, once that is known */
    uint32_t stored_left;  /* how many bytes of a stored block are still to come */
    uint64_t block_bits;    /* how many bits of the current block's symbols are done */
    /* The bits that a block's symbols are expected to take: a moving average, to which the last
     * block contributes a quarter. With the last block's size alone, files whose blocks vary in
     * size take 1.03 times as long. */
    uint64_t expected_bits;
    /* What rounds (rounds.h) have shown: how many groups a cursor needs to synchronise, how many
     * bits a group has, and whether a cursor of the last round was not synchronised. */
    size_t warm_groups;
    uint64_t group_bits;
    int missed;
    uint64_t plain_bits; /* how many bits to decode on the plain path before the next round */
};

/* The memory that a call reads and writes, and how far it has come. */
struct work {
    const uint8_t *in;
    size_t size;
    uint64_t bit; /* the next bit of the input, at most 8 * size */
    uint8_t *out;
    size_t space;
    size_t at;             /* how many bytes of out have been written, at most space */
    size_t start;          /* where in out the window begins, at most `at` */
    const uint8_t *history; /* the bytes of the window before out[start] */
    size_t history_size;
    uint64_t wrong_bit; /* after AT_ERROR: where the invalid bits begin */
    /* If not NULL, matches are appended to this (segment.h), and only literals written to out. */
    struct symbols *symbols;
};

/* Refuse the stream, for a reason in zlib's words. */
static enum stop refuse(struct inflater *inflater, struct work *work, uint64_t bit,
                        const char *reason) {
    inflater->reason = reason;
    work->wrong_bit = bit;
    return AT_ERROR;
}

/* At least 57 bits from `bit` on, with zeros after the end of the input. */
static ALWAYS_INLINE uint64_t peek(const struct work *work, uint64_t bit) {
    size_t byte = (size_t)(bit >> 3);
    uint64_t word = 0;
    if (LIKELY(work->size - byte >= 8)) return load_64(work->in + byte) >> (bit & 7);
    for (int i = 0; byte < work->size; byte++, i += 8) word |= (uint64_t)work->in[byte] << i;
    return word >> (bit & 7);
}

static ALWAYS_INLINE uint64_t bits_left(const struct work *work, uint64_t bit) {
    return 8 * (uint64_t)work->size - bit;
}

#endif
