/* Huffman codes of a block (RFC 1951, section 3.2.2): from the lengths of codewords to a table.
 *
 * The next bits of the stream are the index into a table, whose entry describes the symbol:
 *   bits 0-5    how many bits the symbol takes, codeword and extra bits; 63 in the table's SPECIAL
 *               entries, so that shifting by it leaves one bit of a load at most
 *   bit 6       SPECIAL: an end of block, a codeword longer than the index, or an invalid one
 *   bit 10      LITERAL, whose byte is in bits 24-31
 *   bit 11      NO_DISTANCE: a literal or a length follows. The flag equals the size of a table, so
 *               that its complement selects the next table
 *   bits 12-15  how many bits the codeword has. Bit 16 is 0: on processors that use the low five
 *               bits of a shift count, shifting a 32-bit word by bits 12 and up needs no mask
 *   bits 17-31  the base of a length or distance, to which its extra bits are added; for SPECIAL,
 *               the kind
 */
#ifndef IDXFAST_DECODER_CODES_H
#define IDXFAST_DECODER_CODES_H

#include "words.h"

enum {
    MAX_CODEWORD = 15,
    LITERALS = 288, /* literals, end of block and lengths; 286 and 287 are in the fixed code alone */
    DISTANCES = 32, /* likewise 30 and 31 */
    END_OF_BLOCK = 256,
    /* Of 10, 11 and 12, the fastest on image data, where 0.2 % of symbols have longer codewords. */
    TABLE_BITS = 11,
    TABLE_SIZE = 1 << TABLE_BITS,
    TABLE_MASK = TABLE_SIZE - 1,
    /* A second table for distances, small enough to stay in the first-level cache beside a window.
     * With the large one alone, a third more of the plain path's loads miss that cache. */
    SMALL_BITS = 8,
    SMALL_SIZE = 1 << SMALL_BITS,
    SMALL_MASK = SMALL_SIZE - 1,
    /* The fields of entries. */
    BITS_MASK = 63,
    SPECIAL = 1 << 6,
    LITERAL = 1 << 10,
    NO_DISTANCE = TABLE_SIZE,
    CODEWORD_SHIFT = 12,
    CODEWORD_MASK = 31,
    BASE_SHIFT = 17,
    IS_END = 1 << BASE_SHIFT,     /* with SPECIAL: the end of block */
    IS_INVALID = 2 << BASE_SHIFT, /* with SPECIAL: the codeword of no symbol, or of an invalid one */
    LITERAL_SHIFT = 24,
};

struct code {
    /* The bits of the longest codeword, but at most TABLE_BITS. The table repeats itself after that
     * many bits, so an index of these bits finds the same entry, in less of the cache. */
    uint32_t bits;
    uint16_t counts[MAX_CODEWORD + 1]; /* how many codewords have each length */
    uint16_t symbols[LITERALS];        /* sorted by length, then by codeword */
    /* For each length above TABLE_BITS: the first codeword, extended to 15 bits, that is longer;
     * and what to add to a codeword to get its place in `symbols`. */
    uint32_t limits[MAX_CODEWORD + 1];
    int32_t offsets[MAX_CODEWORD + 1];
};

#define BYTE(i) (LITERAL | NO_DISTANCE | (uint32_t)(i) << LITERAL_SHIFT)
#define BYTES_4(i) BYTE(i), BYTE((i) + 1), BYTE((i) + 2), BYTE((i) + 3)
#define BYTES_16(i) BYTES_4(i), BYTES_4((i) + 4), BYTES_4((i) + 8), BYTES_4((i) + 12)
#define BYTES_64(i) BYTES_16(i), BYTES_16((i) + 16), BYTES_16((i) + 32), BYTES_16((i) + 48)
#define LENGTH(base, extra) ((uint32_t)(base) << BASE_SHIFT | (extra))
#define DISTANCE(base, extra) ((uint32_t)(base) << BASE_SHIFT | NO_DISTANCE | (extra))
/* What is added to an entry for a codeword of a length. */
#define OF_LENGTH(length) ((uint32_t)(length) << CODEWORD_SHIFT | (uint32_t)(length))
#define NO_SYMBOL (SPECIAL | IS_INVALID | NO_DISTANCE)
#define NO_CODEWORD ((NO_SYMBOL + OF_LENGTH(1)) | BITS_MASK)

/* The symbols' entries before their codewords are known (RFC 1951, section 3.2.5). */
static const uint32_t literal_entries[LITERALS] = {
    BYTES_64(0), BYTES_64(64), BYTES_64(128), BYTES_64(192),
    SPECIAL | IS_END | NO_DISTANCE,
    LENGTH(3, 0), LENGTH(4, 0), LENGTH(5, 0), LENGTH(6, 0), LENGTH(7, 0), LENGTH(8, 0),
    LENGTH(9, 0), LENGTH(10, 0), LENGTH(11, 1), LENGTH(13, 1), LENGTH(15, 1), LENGTH(17, 1),
    LENGTH(19, 2), LENGTH(23, 2), LENGTH(27, 2), LENGTH(31, 2), LENGTH(35, 3), LENGTH(43, 3),
    LENGTH(51, 3), LENGTH(59, 3), LENGTH(67, 4), LENGTH(83, 4), LENGTH(99, 4), LENGTH(115, 4),
    LENGTH(131, 5), LENGTH(163, 5), LENGTH(195, 5), LENGTH(227, 5), LENGTH(258, 0),
    NO_SYMBOL, NO_SYMBOL,
};
static const uint32_t distance_entries[DISTANCES] = {
    DISTANCE(1, 0), DISTANCE(2, 0), DISTANCE(3, 0), DISTANCE(4, 0), DISTANCE(5, 1),
    DISTANCE(7, 1), DISTANCE(9, 2), DISTANCE(13, 2), DISTANCE(17, 3), DISTANCE(25, 3),
    DISTANCE(33, 4), DISTANCE(49, 4), DISTANCE(65, 5), DISTANCE(97, 5), DISTANCE(129, 6),
    DISTANCE(193, 6), DISTANCE(257, 7), DISTANCE(385, 7), DISTANCE(513, 8), DISTANCE(769, 8),
    DISTANCE(1025, 9), DISTANCE(1537, 9), DISTANCE(2049, 10), DISTANCE(3073, 10),
    DISTANCE(4097, 11), DISTANCE(6145, 11), DISTANCE(8193, 12), DISTANCE(12289, 12),
    DISTANCE(16385, 13), DISTANCE(24577, 13), NO_SYMBOL, NO_SYMBOL,
};

/* Sort the symbols by length, those without a codeword first. Return how many of 2^15 places no
 * codeword takes up; a negative number if the codewords take up more than there are. Four parts of
 * the symbols are counted at the same time, because otherwise each count waits for the last one. */
static int sort_symbols(struct code *code, const uint8_t *lengths, int count) {
    uint16_t places[4][MAX_CODEWORD + 1] = {{0}};
    const int part = count / 4;
    int left = 1 << MAX_CODEWORD, place = 0;
    for (int i = 0; i < part; i++)
        for (int k = 0; k < 4; k++) places[k][lengths[k * part + i]]++;
    for (int i = 4 * part; i < count; i++) places[3][lengths[i]]++;
    for (int length = 0; length <= MAX_CODEWORD; length++) {
        int before = place;
        for (int k = 0; k < 4; k++) {
            int these = places[k][length];
            places[k][length] = (uint16_t)place;
            place += these;
        }
        code->counts[length] = (uint16_t)(place - before);
        if (length) left -= (place - before) << (MAX_CODEWORD - length);
    }
    for (int i = 0; i < part; i++)
        for (int k = 0; k < 4; k++) {
            int symbol = k * part + i;
            code->symbols[places[k][lengths[symbol]]++] = (uint16_t)symbol;
        }
    for (int i = 4 * part; i < count; i++)
        code->symbols[places[3][lengths[i]]++] = (uint16_t)i;
    return left;
}

/* Make the table of a code whose symbols are sorted. It starts as one entry, `other`, for indices
 * that begin with no codeword of up to `bits` bits, and doubles with every bit. `small_table`, if
 * not NULL, receives the table as it is after SMALL_BITS bits. */
static void fill_table(struct code *code, const uint32_t *entries, uint32_t *table, int bits,
                       uint32_t other, uint32_t *small_table) {
    const uint16_t *symbol = code->symbols + code->counts[0];
    uint32_t codeword = 0, size = 1;
    table[0] = other;
    code->bits = 0;
    for (int length = 1; length <= MAX_CODEWORD; length++) {
        int count = code->counts[length];
        if (count) code->bits = (uint32_t)(length < bits ? length : bits);
        codeword <<= 1;
        if (length <= bits) {
            memcpy(table + size, table, size * sizeof(*table));
            size *= 2;
            for (int i = 0; i < count; i++) {
                uint32_t place = reversed_16((codeword + (uint32_t)i) << (16 - length));
                table[place] = entries[symbol[i]] + OF_LENGTH(length);
                if (table[place] & SPECIAL) table[place] |= BITS_MASK;
            }
        } else {
            code->offsets[length] = (int32_t)(symbol - code->symbols) - (int32_t)codeword;
        }
        if (length == SMALL_BITS && small_table) memcpy(small_table, table, SMALL_SIZE * 4);
        symbol += count;
        codeword += (uint32_t)count;
        code->limits[length] = codeword << (MAX_CODEWORD - length);
    }
}

/* Make the code for literals and lengths, or for distances, and its table. False if zlib would
 * refuse the code: it may be incomplete only if it has a single codeword, of one bit, or none
 * (RFC 1951, section 3.2.7). */
static int make_code(struct code *code, const uint8_t *lengths, int count, const uint32_t *entries,
                     uint32_t *table, uint32_t *small_table) {
    const int lone = 1 << (MAX_CODEWORD - 1), none = 1 << MAX_CODEWORD;
    int left = sort_symbols(code, lengths, count);
    if (left != 0 && left != none && !(left == lone && code->counts[1])) return 0;
    /* In an incomplete code, zlib counts an invalid codeword as one bit. */
    fill_table(code, entries, table, TABLE_BITS,
               left ? NO_CODEWORD : SPECIAL | NO_DISTANCE | BITS_MASK, small_table);
    return 1;
}

/* The entry of a codeword longer than the table's bits. */
static NEVER_INLINE uint32_t long_entry(const struct code *code, const uint32_t *entries,
                                        uint64_t bits) {
    uint32_t codeword = reversed_16((uint32_t)bits) >> (16 - MAX_CODEWORD);
    for (int length = TABLE_BITS + 1; length <= MAX_CODEWORD; length++)
        if (codeword < code->limits[length]) {
            uint32_t prefix = codeword >> (MAX_CODEWORD - length);
            return entries[code->symbols[(int32_t)prefix + code->offsets[length]]] +
                   OF_LENGTH(length);
        }
    return NO_SYMBOL + OF_LENGTH(1); /* unreachable: a code with long codewords is complete */
}

/* Whether an entry only says that the codeword is longer than the index. */
static ALWAYS_INLINE int is_long(uint32_t entry) {
    return (entry & (SPECIAL | IS_END | IS_INVALID)) == SPECIAL;
}

/* How many bits an entry's codeword has. */
static ALWAYS_INLINE unsigned codeword_bits(uint32_t entry) {
    return entry >> CODEWORD_SHIFT & CODEWORD_MASK;
}

/* The length or distance of an entry; `lowest_bits` are its codeword and extra bits alone. */
static ALWAYS_INLINE uint32_t sum_of(uint32_t entry, uint64_t lowest_bits) {
    return (entry >> BASE_SHIFT) + ((uint32_t)lowest_bits >> codeword_bits(entry));
}

static ALWAYS_INLINE uint32_t value_of(uint32_t entry, uint64_t bits) {
    return sum_of(entry, lowest(bits, entry & BITS_MASK));
}

#endif
