/* Find where DEFLATE blocks start in a bit stream (RFC 1951, section 3.2).
 *
 * A block may start at any bit, and nothing marks the place. But the header of a dynamic block
 * describes two Huffman codes, and each of them has to be complete; a stored block states its length
 * twice. Bits that pass these tests are almost certainly a block. Still, the result is a guess, and
 * the caller verifies what is decoded from there.
 */
#ifndef IDXFAST_BLOCK_SEARCH_H
#define IDXFAST_BLOCK_SEARCH_H

#include "decoder/words.h"
#include "lowest_bit.h"
#include "precode.h"

/* The longest header of a dynamic block has 4,498 bits: 17 bits of counts, 19 lengths of 3 bits, and
 * 286 + 30 lengths coded in at most 7 + 7 bits each. One load reads 8 bytes from a bit on. So a
 * header that starts this many bytes before the end is read without checks. */
enum { MAX_BLOCK_HEADER = 576 };

/* The 57 or more bits that start at a bit position. */
static inline uint64_t bits_at(const uint8_t *data, size_t position) {
    return load_64(data + (position >> 3)) >> (position & 7);
}

/* The decoding table of a complete precode: for each next 7 bits, the symbol << 3 | length. */
static void fill_precode_table(const uint8_t *lengths, uint8_t *table) {
    uint8_t count[9] = {0}, sorted[19];
    int code = 0;
    for (int symbol = 0; symbol < 19; symbol++) count[lengths[symbol] + 1]++;
    for (int length = 1; length < 8; length++) count[length + 1] += count[length];
    for (int symbol = 0; symbol < 19; symbol++) sorted[count[lengths[symbol]]++] = (uint8_t)symbol;
    /* The canonical codewords, the shortest first, with their bits reversed as in the stream. */
    for (int i = count[0]; i < 19; i++) {
        const int length = lengths[sorted[i]];
        for (int entry = code; entry < 128; entry += 1 << length)
            table[entry] = (uint8_t)(sorted[i] << 3 | length);
        int bit = 1 << (length - 1);
        while (code & bit) bit >>= 1;
        code = (code & (bit - 1)) | bit;
    }
}

/* Whether the codes that a dynamic block header describes are valid; its precode is complete. */
static int is_dynamic_header(const uint8_t *data, size_t position) {
    uint8_t precode[19] = {0}, table[128];
    uint64_t word = bits_at(data, position);
    const int literals = 257 + (int)(word >> 3 & 31), total = literals + 1 + (int)(word >> 8 & 31);
    const int count = 4 + (int)(word >> 13 & 15);

    position += 17;
    word = bits_at(data, position);
    for (int i = 0; i < count; i++, word >>= 3) precode[precode_order[i]] = word & 7;
    position += 3 * (size_t)count;
    fill_precode_table(precode, table);

    /* Of the code lengths, only sums are kept: how many of 32,768 places the codewords take up, and
     * how many codewords there are. */
    int last = 0, codewords = 0;
    uint32_t used = 0;
    if (table[bits_at(data, position) & 127] >> 3 == 16) return 0; /* nothing to repeat */
    for (int i = 0, end; i < total; i = end) {
        word = bits_at(data, position);
        const int entry = table[word & 127], symbol = entry >> 3;
        word >>= entry & 7;
        end = i + precode_repeats[symbol] + (int)lowest(word, precode_extra_bits[symbol]);
        position += (size_t)(entry & 7) + precode_extra_bits[symbol];
        if (symbol < 16)
            last = symbol;
        else if (symbol > 16)
            last = 0;
        /* Symbol 256, the end of the block, has a codeword. */
        if (end > total || (i <= 256 && 256 < end && last == 0)) return 0;
        const uint32_t share = last ? (uint32_t)32768 >> last : 0;
        if (i < literals && literals <= end) {
            /* The literal code ends here, and has to be complete. */
            if (used + (uint32_t)(literals - i) * share != 32768) return 0;
            i = literals;
            used = 0;
            codewords = 0;
        }
        used += (uint32_t)(end - i) * share;
        if (last) codewords += end - i;
        /* Most bits that are no header fail early, here or above. */
        if (used > 32768) return 0;
    }
    /* A distance code may also have a single codeword, or none. */
    return used == 32768 || codewords == 0 || (codewords == 1 && used == 16384);
}

/* 0x80 for each of the first four bytes of a word where a stored block may start.
 *
 * Such a block starts with a byte 0 (not the final block, type 0, padding), followed by a length
 * and its complement. It is also a guess that the block before ends with the byte before.
 */
static inline uint64_t stored_headers(uint64_t word) {
    const uint64_t differ = word ^ word >> 16;
    word |= ~(differ & differ >> 8) >> 8;
    /* The bytes that are 0. The shorter (word - 0x01010101) & ~word takes a 1 after a 0 for one. */
    return ~(((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word) & 0x80808080;
}

static inline int has_zero(uint64_t word) {
    return ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u) != 0;
}

/* Whether the lengths of the precode, from a bit on, make it complete. */
static inline int is_precode_complete(const uint8_t *data, size_t position, int count) {
    const uint64_t lengths = lowest(bits_at(data, position), 3 * (unsigned)count);
    return precode_shares[lengths & 4095] + precode_shares[lengths >> 12 & 4095]
               + precode_shares[lengths >> 24 & 4095] + precode_shares[lengths >> 36 & 4095]
               + precode_shares[lengths >> 48 & 4095]
           == 128;
}

/* The first bit in start .. stop - 1 where a block may start, or else `stop`. The data go on for at
 * least MAX_BLOCK_HEADER bytes after it. */
static size_t search_block(const uint8_t *data, size_t start, size_t stop) {
    for (size_t byte = start >> 3; byte * 8 < stop; byte += 6) {
        /* The 13 bits that fix the counts, tested at 48 positions at once: not the final block,
         * type 2, at most 286 literal and length codes and 30 distance codes. */
        const uint64_t word = load_64(data + byte);
        uint64_t found = ~word & ~(word >> 1) & word >> 2, stored = 0;
        found &= ~(word >> 4 & word >> 5 & word >> 6 & word >> 7);
        found &= ~(word >> 9 & word >> 10 & word >> 11 & word >> 12);
        if (has_zero(word))
            stored = (stored_headers(word) | stored_headers(load_64(data + byte + 2)) << 16) >> 7;
        found = lowest(found | stored, 48);
        if (byte * 8 < start) found &= ~(uint64_t)0 << (start - byte * 8);
        for (; found; found &= found - 1) {
            const int bit = lowest_bit(found);
            const size_t position = byte * 8 + (size_t)bit;
            const int count = 4 + (int)(word >> (bit + 13) & 15);
            if ((stored >> bit & 1)
                || (is_precode_complete(data, position + 17, count)
                    && is_dynamic_header(data, position)))
                return position < stop ? position : stop;
        }
    }
    return stop;
}

#endif
