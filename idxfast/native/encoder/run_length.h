/* Encode a DEFLATE stream (RFC 1951) whose matches all repeat the byte before them.
 *
 * Images compress through runs of equal bytes and through the code for the other bytes. The search
 * for longer matches, where other encoders spend their time, hardly makes images smaller. Each
 * 65,535 bytes become a block with a code of its own, unless the code of the block before takes no
 * more bits, as for zeros. A block that would not become smaller is stored.
 */
#ifndef IDXFAST_ENCODER_RUN_LENGTH_H
#define IDXFAST_ENCODER_RUN_LENGTH_H

#include "../lowest_bit.h"
#include "dynamic_code.h"
#include "repeats.h"

enum {
    MAX_STORED = 65535, /* bytes in a stored block, and in each of ours */
    MIN_MATCH = 3,
    MAX_MATCH = 258,
    MAX_RUNS = 16384, /* at most one begins every four bytes: a literal and the shortest match */
    /* The bytes that a stored block has besides its data: 3 bits, up to 7 to the next byte, and its
     * length twice. */
    STORED_HEADER = 6,
    PLAIN = 64, /* bytes for each bit; with more, runs cover nearly everything. Zeros have 104 */
};

#define NO_CODEWORD ((uint64_t)1 << 30) /* more bits than a block takes up by any code */

struct block {
    uint8_t data[MAX_STORED]; /* a copy: the bytes that are counted are those that are written */
    size_t size;
    struct {
        uint16_t start, size; /* without the literal */
    } runs[MAX_RUNS];
    int count; /* of the runs */
    struct code codes[2]; /* the block's own, and that of the block before */
    struct words words;
};

/* The symbol of each match length, less 257 (section 3.2.5). */
#define EXTRA(n) ((n) < 8 ? 0 : (n) < 16 ? 1 : (n) < 32 ? 2 : (n) < 64 ? 3 : (n) < 128 ? 4 : 5)
#define SYMBOL_1(n) ((n) == MAX_MATCH - MIN_MATCH ? 28 : 4 * EXTRA(n) + ((n) >> EXTRA(n)))
#define SYMBOL_4(n) SYMBOL_1(n), SYMBOL_1((n) + 1), SYMBOL_1((n) + 2), SYMBOL_1((n) + 3)
#define SYMBOL_16(n) SYMBOL_4(n), SYMBOL_4((n) + 4), SYMBOL_4((n) + 8), SYMBOL_4((n) + 12)
#define SYMBOL_64(n) SYMBOL_16(n), SYMBOL_16((n) + 16), SYMBOL_16((n) + 32), SYMBOL_16((n) + 48)

static const uint8_t length_symbols[MAX_MATCH - MIN_MATCH + 1] = {
    SYMBOL_64(0), SYMBOL_64(64), SYMBOL_64(128), SYMBOL_64(192),
};

/* How many extra bits, the lowest ones of the length less 3, follow each symbol. */
static const uint8_t length_extra_bits[29] = {
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
};

/* List the runs, and count the symbols. */
static void find_runs(struct block *block, struct code *code) {
    const uint8_t *data = block->data;
    const size_t size = block->size;
    size_t i = 0;
    block->count = 0;
    memset(code->frequencies, 0, sizeof(code->frequencies));
    code->frequencies[END_OF_BLOCK] = 1;
    while (i < size) {
        const uint8_t byte = data[i++];
        uint32_t four;
        code->frequencies[byte]++;
        if (i + MIN_MATCH > size) continue;
        memcpy(&four, data + i - 1, 4);
        if (four != byte * 0x01010101u) continue;
        const size_t start = i;
        i += MIN_MATCH;
        const uint64_t repeated = byte * 0x0101010101010101u;
        uint64_t other = 0;
        while (other == 0 && i + 8 <= size) {
            other = load_64(data + i) ^ repeated;
            i += other ? (size_t)lowest_bit(other) >> 3 : 8;
        }
        while (other == 0 && i < size && data[i] == byte) i++;
        block->runs[block->count].start = (uint16_t)start;
        block->runs[block->count].size = (uint16_t)(i - start);
        block->count++;
        const size_t left = (i - start) % MAX_MATCH;
        code->frequencies[257 + 28] += (uint32_t)((i - start) / MAX_MATCH);
        if (left >= MIN_MATCH)
            code->frequencies[257 + length_symbols[left - MIN_MATCH]]++;
        else
            code->frequencies[byte] += (uint32_t)left;
    }
}

/* How many bits symbols take up by a code; NO_CODEWORD or more if one of them has no codeword. */
static uint64_t coded_bits(const uint32_t *frequencies, const struct code *code) {
    uint64_t count = 0;
    for (int i = 0; i < SYMBOLS; i++) {
        if (frequencies[i] == 0) continue;
        if (i >= code->literals || code->lengths[i] == 0) return NO_CODEWORD;
        /* The distance of a match has one bit. */
        const int more = i > END_OF_BLOCK ? length_extra_bits[i - 257] + 1 : 0;
        count += (uint64_t)frequencies[i] * (uint64_t)(code->lengths[i] + more);
    }
    return count;
}

/* Write the literals and the runs of a block. */
static void put_coded(struct writer *target, const struct block *block, const struct code *code) {
    struct writer writer = *target; /* in registers */
    const uint8_t *data = block->data;
    /* For each match length: the bits of the match, including the distance's one bit, a 0. */
    uint64_t matches[MAX_MATCH + 1];
    uint8_t sizes[MAX_MATCH + 1];
    size_t i = 0;
    for (int length = MIN_MATCH; length <= MAX_MATCH; length++) {
        const int symbol = length_symbols[length - MIN_MATCH];
        const int extra = length_extra_bits[symbol], size = code->lengths[257 + symbol];
        matches[length] = code->codewords[257 + symbol]
                          | lowest((uint64_t)(length - MIN_MATCH), (unsigned)extra) << size;
        sizes[length] = (uint8_t)(size + extra + 1);
    }
#define PUT_LITERAL(byte) put(&writer, code->codewords[byte], code->lengths[byte])
    for (int k = 0;; k++) {
        const size_t stop = k < block->count ? block->runs[k].start : block->size;
        for (; i + 4 <= stop; i += 4) {
            PUT_LITERAL(data[i]);
            PUT_LITERAL(data[i + 1]);
            PUT_LITERAL(data[i + 2]);
            PUT_LITERAL(data[i + 3]);
            flush(&writer);
        }
        for (; i < stop; i++) {
            PUT_LITERAL(data[i]);
            flush(&writer);
        }
        if (k == block->count) break;
        size_t left = block->runs[k].size;
        i += left;
        for (; left >= MAX_MATCH; left -= MAX_MATCH) {
            put(&writer, matches[MAX_MATCH], sizes[MAX_MATCH]);
            flush(&writer);
        }
        if (left >= MIN_MATCH)
            put(&writer, matches[left], sizes[left]);
        else
            while (left--) PUT_LITERAL(data[i - 1]);
        flush(&writer);
    }
#undef PUT_LITERAL
    *target = writer;
}

/* End the block of a code, if there is one. */
static void put_end(struct writer *writer, const struct code *code) {
    if (code == NULL) return;
    put(writer, code->codewords[END_OF_BLOCK], code->lengths[END_OF_BLOCK]);
    flush(writer);
}

static void put_stored(struct writer *writer, const uint8_t *data, size_t size, int is_final) {
    put(writer, (uint64_t)is_final, 3);
    align(writer);
    put(writer, size | (uint64_t)(size ^ 0xffff) << 16, 32);
    flush(writer);
    memcpy(writer->out, data, size);
    writer->out += size;
}

/* Encode all of the data; return the size of the result in bytes. `repeats` is NULL, or has a place
 * for each block. */
static size_t encode_blocks(struct block *block, const uint8_t *data, size_t size, uint8_t *out,
                            int is_final, uint32_t *repeats) {
    struct writer writer = {out, 0, 0};
    struct code *code = &block->codes[0], *before = NULL; /* that of the block that has not ended */
    for (size_t start = 0; start < size; start += block->size) {
        block->size = size - start < MAX_STORED ? size - start : MAX_STORED;
        memcpy(block->data, data + start, block->size);
        const int is_last = is_final && start + block->size == size;
        find_runs(block, code);
        make_codes(code);
        const uint64_t bits = header_bits(code) + coded_bits(code->frequencies, code);
        const uint64_t stored = 8 * ((uint64_t)block->size + 4);
        if (repeats) {
            /* Where the longest runs cover nearly everything, a search saves next to nothing. */
            *repeats++ = bits < block->size / PLAIN
                             ? 0
                             : (uint32_t)(saved_by_search(&block->words, block->data, block->size,
                                                          code->lengths, bits)
                                          / 8);
        }
        /* The last block needs a header of its own, because the header says that it is the last. */
        const uint64_t limit = bits < stored ? bits : stored - 1;
        if (before && !is_last && coded_bits(code->frequencies, before) <= limit) {
            put_coded(&writer, block, before);
            continue;
        }
        put_end(&writer, before);
        before = NULL;
        if (bits < stored) {
            put_header(&writer, code, is_last);
            put_coded(&writer, block, code);
            before = code;
            code = &block->codes[code == &block->codes[0]];
        } else {
            put_stored(&writer, block->data, block->size, is_last);
        }
    }
    put_end(&writer, before);
    if (!is_final || size == 0) put_stored(&writer, block->data, 0, is_final);
    align(&writer);
    return (size_t)(writer.out - out);
}

#endif
