/* Codes for DEFLATE (RFC 1951, section 3.2.2): Huffman's, with the longest codewords shortened. */
#ifndef IDXFAST_ENCODER_HUFFMAN_H
#define IDXFAST_ENCODER_HUFFMAN_H

#include <stdint.h>
#include <string.h>

#define MAX_SYMBOLS 288
#define MAX_CODEWORD 15

/* A symbol is sorted as the number frequency << SYMBOL_BITS | symbol; frequencies are below 2^18. */
#define SYMBOL_BITS 9
#define DIGITS 512

/* A radix sort by the frequency, nine bits at a time, from the lowest. */
static void sort_symbols(uint32_t *symbols, uint32_t *spare, int count) {
    for (int shift = SYMBOL_BITS; shift < 27; shift += 9) {
        uint16_t start[DIGITS + 1] = {0};
        for (int i = 0; i < count; i++) start[(symbols[i] >> shift) % DIGITS + 1]++;
        for (int i = 0; i < DIGITS; i++) start[i + 1] += start[i];
        for (int i = 0; i < count; i++) spare[start[(symbols[i] >> shift) % DIGITS]++] = symbols[i];
        memcpy(symbols, spare, count * sizeof(*symbols));
    }
}

/* For a code of `count` sorted symbols: the number of codewords of each length up to the limit. */
static void count_lengths(const uint32_t *symbols, int count, int limit, int *counts) {
    uint32_t weights[2 * MAX_SYMBOLS];
    uint16_t parents[2 * MAX_SYMBOLS];
    uint8_t depths[2 * MAX_SYMBOLS];
    int leaf = 0, inner = count, root = 2 * count - 2, used = 0;

    /* Huffman's tree: the leaves by weight, then the inner nodes, which are also created in order of
     * weight. So the lightest node without a parent is the first such leaf or inner node. */
    for (int i = 0; i < count; i++) weights[i] = symbols[i] >> SYMBOL_BITS;
    for (int node = count; node <= root; node++) {
        weights[node] = 0;
        for (int i = 0; i < 2; i++) {
            int is_leaf = inner == node || (leaf < count && weights[leaf] <= weights[inner]);
            int lightest = is_leaf ? leaf++ : inner++;
            weights[node] += weights[lightest];
            parents[lightest] = (uint16_t)node;
        }
    }

    /* Leaves that are too deep move up to the limit. `used` counts how many of 2^limit places the
     * codewords take up. */
    memset(counts, 0, (MAX_CODEWORD + 1) * sizeof(*counts));
    depths[root] = 0;
    for (int node = root - 1; node >= 0; node--) {
        int depth = depths[parents[node]] + 1;
        depths[node] = (uint8_t)depth;
        if (node < count) {
            if (depth > limit) depth = limit;
            counts[depth]++;
            used += 1 << (limit - depth);
        }
    }
    /* While these are too many: the longest codeword below the limit becomes a bit longer, and a
     * codeword of the limit's length becomes its sibling. This frees one place. */
    for (; used > 1 << limit; used--) {
        int length = limit - 1;
        while (!counts[length]) length--;
        counts[length]--;
        counts[length + 1] += 2;
        counts[limit]--;
    }
}

/* The codeword with its first bit lowest, as in the stream. */
static uint16_t reversed(uint32_t codeword, int length) {
    uint32_t result = 0;
    for (int i = 0; i < length; i++) {
        result = result << 1 | (codeword & 1);
        codeword >>= 1;
    }
    return (uint16_t)result;
}

/* Lengths and codewords for the symbols that occur. There are at least two. */
static void make_code(const uint32_t *frequencies, int symbols, int limit, uint8_t *lengths,
                      uint16_t *codewords) {
    uint32_t sorted[MAX_SYMBOLS], spare[MAX_SYMBOLS], next[MAX_CODEWORD + 1], codeword = 0;
    int counts[MAX_CODEWORD + 1], count = 0, i = 0;

    memset(lengths, 0, symbols);
    memset(codewords, 0, symbols * sizeof(*codewords));
    for (int symbol = 0; symbol < symbols; symbol++)
        if (frequencies[symbol])
            sorted[count++] = frequencies[symbol] << SYMBOL_BITS | (uint32_t)symbol;
    sort_symbols(sorted, spare, count);
    count_lengths(sorted, count, limit, counts);
    for (int length = limit; length > 0; length--)
        for (int k = 0; k < counts[length]; k++)
            lengths[sorted[i++] % (1 << SYMBOL_BITS)] = (uint8_t)length;
    for (int length = 1; length <= limit; length++) {
        next[length] = codeword;
        codeword = (codeword + (uint32_t)counts[length]) << 1;
    }
    for (int symbol = 0; symbol < symbols; symbol++)
        if (lengths[symbol])
            codewords[symbol] = reversed(next[lengths[symbol]]++, lengths[symbol]);
}

#endif
