/* The code of a dynamic block, and the block header that states it (RFC 1951, section 3.2.7). */
#ifndef IDXFAST_ENCODER_DYNAMIC_CODE_H
#define IDXFAST_ENCODER_DYNAMIC_CODE_H

#include "../precode.h"
#include "bit_writer.h"
#include "huffman.h"

enum {
    END_OF_BLOCK = 256,
    SYMBOLS = 286, /* literals, the end of the block, lengths of matches */
    PRECODE = 19,
    /* The longest codeword: four of these and the 7 bits that may be left over fit into 64 bits. */
    LIMIT = 14,
    PRECODE_LIMIT = 7,
};

struct code {
    uint32_t frequencies[SYMBOLS];
    uint8_t lengths[SYMBOLS + 1]; /* of codewords; the one for distances comes last */
    uint16_t codewords[SYMBOLS];
    int literals; /* how many of the lengths are not for distances: RFC 1951's HLIT + 257 */
    uint8_t items[SYMBOLS + 1]; /* the lengths as symbols of the precode */
    uint8_t repeats[SYMBOLS + 1]; /* the extra bits of each item */
    int item_count;
    uint32_t precode_frequencies[PRECODE];
    uint8_t precode_lengths[PRECODE];
    uint16_t precode_codewords[PRECODE];
    int precode_count; /* how many lengths of the precode are stated: HCLEN + 4 */
};

static void add_item(struct code *code, int symbol, int repeats) {
    code->items[code->item_count] = (uint8_t)symbol;
    code->repeats[code->item_count] = (uint8_t)repeats;
    code->item_count++;
    code->precode_frequencies[symbol]++;
}

/* Add the same length a number of times. */
static void add_lengths(struct code *code, int length, int count) {
    if (length) {
        add_item(code, length, 0);
        count--;
    }
    while (count >= 3) {
        int part;
        if (length) {
            part = count < 6 ? count : 6;
            add_item(code, 16, part - 3);
        } else if (count < 11) {
            part = count;
            add_item(code, 17, part - 3);
        } else {
            part = count < 138 ? count : 138;
            add_item(code, 18, part - 11);
        }
        count -= part;
    }
    while (count--) add_item(code, length, 0);
}

/* Make the code for the frequencies, and the precode for its lengths. */
static void make_codes(struct code *code) {
    make_code(code->frequencies, SYMBOLS, LIMIT, code->lengths, code->codewords);
    code->literals = SYMBOLS;
    while (code->lengths[code->literals - 1] == 0) code->literals--;
    /* There is one distance. Its codeword has one bit, as RFC 1951 demands, whether or not the
     * distance occurs. Its length follows the last literal length that is used. */
    code->lengths[code->literals] = 1;

    code->item_count = 0;
    memset(code->precode_frequencies, 0, sizeof(code->precode_frequencies));
    for (int i = 0, count; i <= code->literals; i += count) {
        count = 1;
        while (i + count <= code->literals && code->lengths[i + count] == code->lengths[i]) count++;
        add_lengths(code, code->lengths[i], count);
    }
    make_code(code->precode_frequencies, PRECODE, PRECODE_LIMIT, code->precode_lengths,
              code->precode_codewords);
    code->precode_count = PRECODE;
    while (code->precode_count > 4
           && code->precode_lengths[precode_order[code->precode_count - 1]] == 0)
        code->precode_count--;
}

/* How many bits `put_header` writes. */
static uint64_t header_bits(const struct code *code) {
    uint64_t count = 3 + 14 + 3 * (uint64_t)code->precode_count;
    for (int i = 0; i < PRECODE; i++)
        count += code->precode_frequencies[i]
                 * (uint64_t)(code->precode_lengths[i] + precode_extra_bits[i]);
    return count;
}

/* Write the header of a dynamic block. */
static void put_header(struct writer *writer, const struct code *code, int is_final) {
    put(writer, (uint64_t)is_final | 2 << 1, 3);
    put(writer, (uint64_t)code->literals - 257, 5);
    put(writer, 0, 5);
    put(writer, (uint64_t)code->precode_count - 4, 4);
    flush(writer);
    for (int i = 0; i < code->precode_count; i++) {
        put(writer, code->precode_lengths[precode_order[i]], 3);
        flush(writer);
    }
    for (int i = 0; i < code->item_count; i++) {
        const int symbol = code->items[i];
        put(writer, code->precode_codewords[symbol], code->precode_lengths[symbol]);
        put(writer, code->repeats[i], precode_extra_bits[symbol]);
        flush(writer);
    }
}

#endif
