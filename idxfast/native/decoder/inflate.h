/* Decode a DEFLATE stream (RFC 1951) piece by piece, from any bit on and with any window. */
#ifndef IDXFAST_DECODER_INFLATE_H
#define IDXFAST_DECODER_INFLATE_H

#include "block_header.h"
#include "variants.h"

/* Copy what is left of a stored block, as far as the input, the space and `most` allow. */
static enum stop copy_stored(struct inflater *inflater, struct work *work, size_t most) {
    size_t byte = (size_t)(work->bit >> 3), count = inflater->stored_left;
    size_t available = work->size - byte, space = work->space - work->at;
    if (count > available) count = available;
    if (count > space) count = space;
    if (count > most) count = most;
    if (count) memcpy(work->out + work->at, work->in + byte, count);
    work->at += count;
    work->bit += 8 * (uint64_t)count;
    inflater->stored_left -= (uint32_t)count;
    if (inflater->stored_left == 0) {
        inflater->type = NO_BLOCK;
        return GOES_ON;
    }
    if (count == most) return GOES_ON;
    return count == available ? AT_INPUT : AT_SPACE;
}

/* Decode a round of cursors if that seems to pay; false if not. `care` receives how many bits are
 * left to the careful path. */
static int decode_by_cursors(struct inflater *inflater, struct work *work, uint64_t *care) {
    const uint64_t available = bits_left(work, work->bit), done = inflater->block_bits;
    const struct symbols *symbols = work->symbols;
    size_t space = work->space - work->at, warm = inflater->warm_groups;
    if (symbols && symbols->match_room - symbols->match_count < space)
        space = symbols->match_room - symbols->match_count;
    const uint64_t smallest = warm * MIN_CHUNK_A_GROUP;
    /* The bits that a guessed cursor may read before it counts, and the end of the input, which
     * cursors leave alone. */
    const uint64_t margin = warm * (GROUP * SYMBOL_BITS) + INPUT_MARGIN;
    if (inflater->match_share > MAX_MATCH_SHARE || inflater->plain_bits) return 0;
    if (space < MIN_SPACE || available < margin) return 0;
    size_t groups = space / (GROUP * MAX_CURSORS);
    if (groups > MAX_GROUPS) groups = MAX_GROUPS;
    if (groups < 4 * warm) return 0;

    /* Divide the rest of the block by the number of cursors; each chunk has to be worth a cursor. A
     * block that is expected to be small gets none until it has exceeded the expected size: cursors
     * in many tiny blocks would take ten times as long as the plain path. */
    uint64_t largest = groups * inflater->group_bits * 7 / 8;
    if (largest < smallest) largest = smallest;
    const uint64_t expected = inflater->expected_bits;
    uint64_t left = expected > done + smallest ? expected - done : done ? REST_BITS : expected;
    if (left > available - margin) left = available - margin;
    int cursors = MAX_CURSORS;
    while (left < (uint64_t)cursors * smallest)
        if (--cursors == 1) return 0;
    uint64_t chunk = left / (uint64_t)cursors;
    if (chunk > largest) chunk = largest;
    if (inflater->scratch == NULL) inflater->scratch = malloc(sizeof(struct scratch));
    if (inflater->scratch == NULL) return 0;
    const uint64_t last = work->bit + available - INPUT_MARGIN;
    *care = BY_VARIANT(inflater, decode_round, (inflater, work, cursors, chunk, last, groups));

    if (!inflater->missed) {
        inflater->warm_groups -= (warm - MIN_WARM + 7) / 8;
    } else if (warm < MAX_WARM) {
        inflater->warm_groups = 2 * warm < MAX_WARM ? 2 * warm : MAX_WARM;
    } else {
        inflater->plain_bits = PLAIN_REST;
    }
    return 1;
}

/* Decode some of a block's symbols: on a fast path where possible, then at least one carefully. */
static enum stop decode_symbols(struct inflater *inflater, struct work *work) {
    const uint64_t first_bit = work->bit;
    uint64_t care = 0;
    if (!decode_by_cursors(inflater, work, &care)) {
        size_t limit = work->space;
        if (limit - work->at > PLAIN_STEP) limit = work->at + PLAIN_STEP;
        /* Stay on the careful path. The members of BGZF are small, and returning after every symbol
         * would take 2 % of their time. */
        if (limit - work->at < PLAIN_OUTPUT || bits_left(work, work->bit) < 8 * PLAIN_INPUT)
            care = 8 * PLAIN_OUTPUT;
        else
            BY_VARIANT(inflater, decode_plainly, (inflater, work, limit));
    }
    enum stop stop = decode_carefully(inflater, work, work->bit + care + 1);
    const uint64_t done = work->bit - first_bit;
    inflater->block_bits += done;
    inflater->plain_bits -= done < inflater->plain_bits ? done : inflater->plain_bits;
    if (inflater->type == NO_BLOCK)
        inflater->expected_bits = (3 * inflater->expected_bits + inflater->block_bits) / 4;
    return stop;
}

/* Begin a stream; the first one needs zeroed memory. What the previous stream has shown about
 * blocks and cursors is kept, because the members of a file are alike. This saves 7 % of the time
 * for BGZF. */
static void begin_stream(struct inflater *inflater) {
    inflater->type = NO_BLOCK;
    inflater->is_final = 0;
    inflater->reason = NULL;
    inflater->block_bits = 0;
    inflater->has_bmi2 = has_bmi2();
    if (inflater->warm_groups) return;
    inflater->warm_groups = MIN_WARM;
    inflater->group_bits = FIRST_GROUP_BITS;
    inflater->expected_bits = FIRST_BLOCK_BITS;
}

/* Decode until there is a reason to stop. Whatever the budget, a call makes some progress, with
 * symbols, a block header or a part of a stored block. */
static enum stop inflate_stream(struct inflater *inflater, struct work *work, uint64_t block_stop,
                                uint64_t most_bits, size_t most_bytes) {
    const uint64_t first_bit = work->bit;
    const size_t first_byte = work->at;
    enum stop stop;
    if (inflater->reason) return refuse(inflater, work, work->bit, inflater->reason);
    for (;;) {
        if (inflater->type == NO_BLOCK) {
            if (inflater->is_final) return AT_END;
            stop = begin_block(inflater, work);
        } else {
            if (inflater->type == STORED) {
                size_t done = work->at - first_byte;
                stop = copy_stored(inflater, work, done < most_bytes ? most_bytes - done : 1);
            } else {
                stop = decode_symbols(inflater, work);
            }
            if (inflater->type == NO_BLOCK) {
                if (inflater->is_final) return AT_END;
                if (work->bit >= block_stop) return AT_BLOCK;
            }
        }
        if (stop != GOES_ON) return stop;
        if (work->bit - first_bit >= most_bits || work->at - first_byte >= most_bytes)
            return AT_PAUSE;
    }
}

/* The first phase of a segment: like inflate_stream, but append the symbols. Of `work`, only the
 * input and its bit are used. Distances are checked by the second phase, copy_symbols. */
static enum stop inflate_symbols(struct inflater *inflater, struct work *work,
                                 struct symbols *symbols, uint64_t block_stop,
                                 uint64_t most_bits) {
    work->symbols = symbols;
    work->out = symbols->literals;
    work->space = symbols->literal_room;
    work->at = symbols->literal_count;
    enum stop stop = inflate_stream(inflater, work, block_stop, most_bits, SIZE_MAX);
    symbols->literal_count = work->at;
    return stop;
}

static int copy_symbols(const struct symbols *symbols, struct work *work) {
    return BY_VARIANT(symbols, copy_symbols, (symbols, work));
}

#endif
