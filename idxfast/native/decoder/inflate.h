/* A DEFLATE stream (RFC 1951), piece by piece, from any bit on and with any window. */
#ifndef IDXFAST_DECODER_INFLATE_H
#define IDXFAST_DECODER_INFLATE_H

#include "block_header.h"
#include "variants.h"

/* Copy what is left of a stored block, as much as is there and fits. */
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

enum {
    PLAIN_STEP = 1 << 16, /* bytes of output after which the plain way looks at the budget */
};

/* Decode some of a block's symbols, fast where that can be. */
static enum stop decode_symbols(struct inflater *inflater, struct work *work) {
    const uint64_t first_bit = work->bit;
    size_t limit = work->space;
    if (limit - work->at > PLAIN_STEP) limit = work->at + PLAIN_STEP;
    if (inflater->careful_bits == 0) {
#ifdef HAS_VARIANTS
        if (inflater->has_bmi2) decode_plainly_bmi2(inflater, work, limit);
        else
#endif
            decode_plainly_portable(inflater, work, limit);
    }
    enum stop stop = decode_carefully(inflater, work, work->bit + 1);
    inflater->block_bits += work->bit - first_bit;
    return stop;
}

/* Begin a stream; the scratch memory of the one before is kept. */
static void begin_stream(struct inflater *inflater) {
    struct scratch *scratch = inflater->scratch;
    memset(inflater, 0, sizeof(*inflater));
    inflater->scratch = scratch;
    inflater->has_bmi2 = has_bmi2();
}

/* Decode until something is in the way. A call does at least one thing, be the budget what it may:
 * symbols, a block header, some of a stored block. */
static enum stop inflate_stream(struct inflater *inflater, struct work *work, int stops_at_blocks,
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
            if (stop == GOES_ON && inflater->type == NO_BLOCK) {
                if (inflater->is_final) return AT_END;
                if (stops_at_blocks) return AT_BLOCK;
            }
        }
        if (stop != GOES_ON) return stop;
        if (work->bit - first_bit >= most_bits || work->at - first_byte >= most_bytes)
            return AT_PAUSE;
    }
}

#endif
