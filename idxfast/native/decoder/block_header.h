/* The start of a block (RFC 1951, sections 3.2.3 to 3.2.7): its type, its length or its codes.
 *
 * Fields are checked in zlib's order, each as soon as its bits are there. A stream that is both
 * wrong and cut short is therefore refused, or asks for more input, exactly where zlib does so.
 */
#ifndef IDXFAST_DECODER_BLOCK_HEADER_H
#define IDXFAST_DECODER_BLOCK_HEADER_H

#include "state.h"

enum {
    PRECODE = 19,
    PRECODE_BITS = 7,
    MAX_LITERALS = 286,
    MAX_DISTANCES = 30,
    OF_ZERO = NO_DISTANCE, /* in a repetition's entry: of zero, not of the last code length */
};

/* Code lengths are stored like literals, and repetitions of code lengths like lengths. */
static const uint32_t precode_entries[PRECODE] = {
    BYTES_16(0), LENGTH(3, 2), LENGTH(3, 3) | OF_ZERO, LENGTH(11, 7) | OF_ZERO,
};
static const uint8_t order_of_lengths[PRECODE] = {
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
};

/* Make a block's tables from the lengths of its codewords. */
static const char *make_codes(struct inflater *inflater, const uint8_t *literal_lengths,
                              int literals, const uint8_t *distance_lengths, int distances) {
    uint32_t *table = inflater->table;
    inflater->is_fixed = 0;
    if (!make_code(&inflater->literals, literal_lengths, literals, literal_entries, table,
                   NULL))
        return "invalid literal/lengths set";
    int share = 0;
    for (int i = END_OF_BLOCK + 1; i < literals; i++)
        if (literal_lengths[i]) share += 1 << (MAX_CODEWORD - literal_lengths[i]);
    inflater->match_share = share;
    if (!make_code(&inflater->distances, distance_lengths, distances, distance_entries,
                   table + TABLE_SIZE, inflater->small_table))
        return "invalid distances set";
    inflater->has_one_distance = distance_lengths[0] == 1 &&
                                 inflater->table[TABLE_SIZE + 1] == NO_CODEWORD;
    if (inflater->has_one_distance)
        for (int i = 0; i < TABLE_SIZE; i++)
            if (!(table[i] & (LITERAL | SPECIAL))) table[i] = (table[i] + 1) | NO_DISTANCE;
    return NULL;
}

static void make_fixed_codes(struct inflater *inflater) {
    uint8_t lengths[LITERALS + DISTANCES];
    if (inflater->is_fixed) return;
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 256 - 144);
    memset(lengths + 256, 7, 280 - 256);
    memset(lengths + 280, 8, LITERALS - 280);
    memset(lengths + LITERALS, 5, DISTANCES);
    make_codes(inflater, lengths, LITERALS, lengths + LITERALS, DISTANCES);
    inflater->is_fixed = 1;
}

/* Read the code in which the code lengths are given, and make its table. */
static int read_precode(const struct work *work, uint64_t bit, int count, uint32_t *table) {
    struct code code;
    uint8_t lengths[PRECODE] = {0};
    uint64_t word = peek(work, bit); /* the lengths take at most 57 bits */
    for (int i = 0; i < count; i++, word >>= 3) lengths[order_of_lengths[i]] = word & 7;
    int left = sort_symbols(&code, lengths, PRECODE);
    /* If there is no codeword at all, zlib takes each bit for a code length of 0. */
    if (left != 0 && left != 1 << MAX_CODEWORD) return 0;
    fill_table(&code, precode_entries, table, PRECODE_BITS, BYTE(0) + OF_LENGTH(1), NULL);
    return 1;
}

static enum stop read_dynamic_codes(struct inflater *inflater, struct work *work, uint64_t bit) {
    uint32_t table[1 << PRECODE_BITS];
    uint8_t lengths[MAX_LITERALS + MAX_DISTANCES];
    if (bits_left(work, bit) < 14) return AT_INPUT;
    uint64_t word = peek(work, bit);
    int literals = 257 + (int)(word & 31), distances = 1 + (int)(word >> 5 & 31);
    int count = 4 + (int)(word >> 10 & 15), total = literals + distances, done = 0;
    if (literals > MAX_LITERALS || distances > MAX_DISTANCES)
        return refuse(inflater, work, bit, "too many length or distance symbols");
    bit += 14;
    if (bits_left(work, bit) < 3 * (uint64_t)count) return AT_INPUT;
    if (!read_precode(work, bit, count, table))
        return refuse(inflater, work, bit, "invalid code lengths set");
    bit += 3 * (unsigned)count;

    const uint64_t first = bit, end = 8 * (uint64_t)work->size;
    unsigned available = 0;
    while (done < total) {
        if (available < 2 * PRECODE_BITS) {
            word = peek(work, bit);
            available = end - bit < 57 ? (unsigned)(end - bit) : 57;
        }
        const uint32_t entry = table[word & ((1 << PRECODE_BITS) - 1)];
        const unsigned used = entry & BITS_MASK;
        if (UNLIKELY(used > available)) return AT_INPUT;
        if (LIKELY(entry & LITERAL)) {
            lengths[done++] = (uint8_t)(entry >> LITERAL_SHIFT);
        } else {
            const int times = (int)value_of(entry, word);
            if (times > total - done || (done == 0 && !(entry & OF_ZERO)))
                return refuse(inflater, work, bit, "invalid bit length repeat");
            memset(lengths + done, entry & OF_ZERO ? 0 : lengths[done - 1], (size_t)times);
            done += times;
        }
        bit += used;
        word >>= used;
        available -= used;
    }
    if (lengths[END_OF_BLOCK] == 0)
        return refuse(inflater, work, first, "invalid code -- missing end-of-block");
    const char *reason = make_codes(inflater, lengths, literals, lengths + literals, distances);
    if (reason) return refuse(inflater, work, first, reason);
    work->bit = bit;
    return GOES_ON;
}

/* Begin the block whose header comes next. */
static enum stop begin_block(struct inflater *inflater, struct work *work) {
    uint64_t bit = work->bit, word = peek(work, bit);
    if (bits_left(work, bit) < 3) return AT_INPUT;
    int is_final = word & 1, type = word >> 1 & 3;
    enum stop stop = GOES_ON;
    bit += 3;
    if (type == 0) {
        bit = (bit + 7) & ~(uint64_t)7;
        if (bits_left(work, bit) < 32) return AT_INPUT;
        uint32_t sizes = (uint32_t)peek(work, bit);
        if ((sizes & 0xffff) != (~sizes >> 16))
            return refuse(inflater, work, bit, "invalid stored block lengths");
        inflater->stored_left = sizes & 0xffff;
        work->bit = bit + 32;
    } else if (type == 1) {
        make_fixed_codes(inflater);
        work->bit = bit;
    } else if (type == 2) {
        stop = read_dynamic_codes(inflater, work, bit);
    } else {
        stop = refuse(inflater, work, work->bit, "invalid block type");
    }
    if (stop != GOES_ON) return stop;
    inflater->is_final = is_final;
    inflater->type = type ? CODED : STORED;
    inflater->block_bits = 0;
    return GOES_ON;
}

#endif
