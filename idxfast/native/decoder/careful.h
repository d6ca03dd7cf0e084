/* The careful path: symbols one at a time, each checked against the ends of input, output and
 * window. It could decode every stream alone, and the fast paths have to agree with it. */
#ifndef IDXFAST_DECODER_CAREFUL_H
#define IDXFAST_DECODER_CAREFUL_H

#include "segment.h"

/* Copy a match whose window and space have been checked. */
static void copy_exactly(struct work *work, size_t distance, size_t length) {
    size_t behind = work->at - work->start;
    uint8_t *to = work->out + work->at;
    work->at += length;
    if (distance > behind) {
        const uint8_t *from = work->history + work->history_size - (distance - behind);
        size_t count = distance - behind < length ? distance - behind : length;
        memcpy(to, from, count);
        to += count;
        length -= count;
    }
    /* Copy the bytes that exist. If the match overlaps itself, their number doubles each time. */
    for (const uint8_t *from = to - distance; length;) {
        size_t count = (size_t)(to - from) < length ? (size_t)(to - from) : length;
        memcpy(to, from, count);
        to += count;
        length -= count;
    }
}

/* Decode symbols, at least one, up to the bit `until` or the end of the block. */
static enum stop decode_carefully(struct inflater *inflater, struct work *work, uint64_t until) {
    const uint32_t *table = inflater->table;
    do {
        uint64_t bit = work->bit, word = peek(work, bit), left = bits_left(work, bit);
        uint32_t entry = table[word & TABLE_MASK];
        if (is_long(entry)) entry = long_entry(&inflater->literals, literal_entries, word);
        else if (!(entry & (LITERAL | SPECIAL))) entry -= inflater->has_one_distance;
        /* An invalid codeword is refused even if the extra bits after it are missing. */
        unsigned used = entry & BITS_MASK;
        if (codeword_bits(entry) > left) return AT_INPUT;
        if (entry & LITERAL) {
            if (work->at == work->space) return AT_SPACE;
            work->out[work->at++] = (uint8_t)(entry >> LITERAL_SHIFT);
            work->bit += used;
            continue;
        }
        if (entry & SPECIAL) {
            if (entry & IS_INVALID) return refuse(inflater, work, bit, "invalid literal/length code");
            work->bit += codeword_bits(entry);
            inflater->type = NO_BLOCK;
            return GOES_ON;
        }
        if (used > left) return AT_INPUT;
        size_t length = value_of(entry, word);

        bit += used;
        left -= used;
        word = peek(work, bit);
        entry = table[TABLE_SIZE + (word & TABLE_MASK)];
        if (is_long(entry)) entry = long_entry(&inflater->distances, distance_entries, word);
        used = entry & BITS_MASK;
        if (codeword_bits(entry) > left) return AT_INPUT;
        if (entry & SPECIAL) return refuse(inflater, work, bit, "invalid distance code");
        if (used > left) return AT_INPUT;
        size_t distance = value_of(entry, word);
        if (work->symbols) {
            if (work->symbols->match_count == work->symbols->match_room) return AT_SPACE;
            append_match(work->symbols, work->at, length, distance);
        } else {
            if (distance > work->at - work->start + work->history_size)
                return refuse(inflater, work, bit, "invalid distance too far back");
            if (length > work->space - work->at) return AT_SPACE;
            copy_exactly(work, distance, length);
        }
        work->bit = bit + used;
    } while (work->bit < until);
    return GOES_ON;
}

#endif
