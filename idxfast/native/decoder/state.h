/* What the decoder keeps of a stream from call to call, and what it works on during one. */
#ifndef IDXFAST_DECODER_STATE_H
#define IDXFAST_DECODER_STATE_H

#include "codes.h"

/* Why a call ends. */
enum stop {
    GOES_ON,  /* it does not; never returned */
    AT_END,   /* the final block has ended */
    AT_BLOCK, /* another block has ended, and the caller asked to stop there */
    AT_PAUSE, /* the call's budget is used up */
    AT_INPUT, /* the next symbol, block header or stored byte needs more input than there is */
    AT_SPACE, /* the next symbol's bytes do not fit */
    AT_ERROR, /* the stream is no DEFLATE stream */
};

enum block_type { NO_BLOCK, STORED, CODED };

struct scratch;
struct symbols;

/* A stream. */
struct inflater {
    uint32_t table[2 * TABLE_SIZE]; /* literals and lengths; distances */
    uint32_t small_table[SMALL_SIZE]; /* of distances */
    struct code literals, distances;
    int is_fixed; /* whether the tables are those of the fixed codes */
    /* 1 where the only distance is 1, its codeword a bit: lengths in the table then take that bit,
     * too, and a literal or length follows them. */
    uint32_t has_one_distance;
    /* Of 2^15 places that a code has, those of lengths: as many matches there are among the symbols,
     * if the encoder has made the code for them. */
    int match_share;
    struct scratch *scratch; /* of cursors.h; NULL until it is needed */
    enum block_type type; /* of the block that is under way */
    int has_bmi2; /* what the processor has, and SSSE3 */
    int is_final;
    const char *reason;    /* why the stream is wrong, once it has been found to be */
    uint32_t stored_left;  /* bytes of a stored block that are still to come */
    uint64_t block_bits;    /* of the symbols of the block under way, those that are done */
    /* The bits that a block's symbols are expected to take: a moving average, to which the last block
     * contributes a quarter. With the last block's size alone, files whose blocks vary in size take
     * 1.03 times as long. */
    uint64_t expected_bits;
    /* What rounds (rounds.h) have shown: how many groups a cursor needs to fall into step, how many
     * bits a group has, and whether a cursor of the last round was out of step. */
    size_t warm_groups;
    uint64_t group_bits;
    int missed;
    uint64_t plain_bits; /* how many bits to decode the plain way before the next round */
};

/* Memory that a call reads and writes, and how far it has come. */
struct work {
    const uint8_t *in;
    size_t size;
    uint64_t bit; /* of the input, the next to be read: at most 8 * size */
    uint8_t *out;
    size_t space;
    size_t at;             /* bytes of out that are written, at most space */
    size_t start;          /* where in out the window begins, at most at */
    const uint8_t *history; /* bytes before that; they precede out[start] */
    size_t history_size;
    uint64_t wrong_bit; /* after AT_ERROR: where what is wrong begins */
    /* If not NULL, matches are appended to it (segment.h), and only literals are written to out. */
    struct symbols *symbols;
};

/* End the stream as wrong, for a reason in zlib's words. */
static enum stop refuse(struct inflater *inflater, struct work *work, uint64_t bit,
                        const char *reason) {
    inflater->reason = reason;
    work->wrong_bit = bit;
    return AT_ERROR;
}

/* The next 57 or more bits; zeros after the end of the input. */
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
