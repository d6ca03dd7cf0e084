/* DEFLATE streams that are valid or nearly so, made of a fuzzer's bytes.
 *
 * A byte or two say what comes next. It may be a stored block, a fixed one, or a dynamic one with
 * codes of a shape that encoders seldom make: codewords of 15 bits, a lone one, none, or all of one
 * length. In a block, it may be a literal, a match, or many of these by a generator of random
 * numbers. Some bytes make a fault: a wrong field, a changed bit, or a codeword too many or too few.
 */
#ifndef IDXFAST_FUZZ_STREAMS_H
#define IDXFAST_FUZZ_STREAMS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The generator is no part of what is tested. */
#if defined(__clang__)
#define GENERATOR __attribute__((no_sanitize("address", "undefined", "coverage")))
#else
#define GENERATOR
#endif

#ifndef MADE_SPACE
#define MADE_SPACE (1 << 13)
#endif

enum { MAX_BITS = 8 * (MADE_SPACE - 700) };

struct writer {
    uint8_t *out;
    size_t bit;
    const uint8_t *data;
    size_t size;
    uint32_t seed;
};

GENERATOR static uint32_t next_byte(struct writer *writer) {
    if (writer->size == 0) return 0;
    writer->size--;
    return *writer->data++;
}

GENERATOR static uint32_t next_random(struct writer *writer) {
    writer->seed = writer->seed * 1664525u + 1013904223u;
    return writer->seed >> 8;
}

GENERATOR static void put(struct writer *writer, uint32_t value, unsigned count) {
    if (count == 0 || writer->bit + count > 8 * (size_t)MADE_SPACE) return;
    uint64_t bits = (uint64_t)(value & ((1u << count) - 1)) << (writer->bit & 7);
    for (size_t byte = writer->bit >> 3; bits; byte++, bits >>= 8) writer->out[byte] |= (uint8_t)bits;
    writer->bit += count;
}

struct made_code {
    uint8_t lengths[320];
    uint16_t words[320];
    /* The symbols that have a codeword, in order; how many of them are literals, and how many come
     * before the lengths. */
    uint16_t used[320];
    int literals, before_lengths, all;
};

GENERATOR static void assign_words(struct made_code *code, int count) {
    uint32_t word = 0, words[16], counts[16] = {0};
    memset(code->words, 0, sizeof(code->words));
    code->literals = code->before_lengths = code->all = 0;
    for (int i = 0; i < count; i++)
        if (code->lengths[i]) {
            code->used[code->all++] = (uint16_t)i;
            code->literals += i < 256;
            code->before_lengths += i < 257;
        }
    for (int i = 0; i < count; i++) counts[code->lengths[i]]++;
    for (int length = 1; length <= 15; length++) {
        word <<= 1;
        words[length] = word;
        word += counts[length];
    }
    for (int i = 0; i < code->all; i++) {
        const int symbol = code->used[i], length = code->lengths[symbol];
        uint32_t reversed = 0;
        for (int k = 0; k < length; k++) reversed |= (words[length] >> k & 1) << (length - 1 - k);
        code->words[symbol] = (uint16_t)reversed;
        words[length]++;
    }
}

GENERATOR static void put_word(struct writer *writer, const struct made_code *code, int symbol) {
    put(writer, code->words[symbol], code->lengths[symbol]);
}

/* A complete code for `used` of the symbols: split the longest or a random leaf until there are
 * enough, which gives every shape. */
GENERATOR static void make_lengths(struct writer *writer, uint8_t *lengths, int count, int used, int shape,
                         int must_have) {
    uint8_t leaves[320] = {0};
    int have = 1;
    memset(lengths, 0, (size_t)count);
    while (have < used) {
        int chosen = shape == 0 ? have - 1 : (int)(next_random(writer) % (uint32_t)have);
        if (shape == 2) /* all of one length, or nearly */
            for (int i = 0; i < have; i++)
                if (leaves[i] < leaves[chosen]) chosen = i;
        if (leaves[chosen] == 15) {
            for (chosen = 0; chosen < have && leaves[chosen] == 15; chosen++) {}
            if (chosen == have) break;
        }
        leaves[have++] = ++leaves[chosen];
    }
    if (used == 1) leaves[0] = 1;
    for (int i = 0; i < used && i < have; i++) {
        int symbol = i == 0 && must_have >= 0 ? must_have : (int)(next_random(writer) % (uint32_t)count);
        while (lengths[symbol]) symbol = (symbol + 1) % count;
        lengths[symbol] = leaves[i];
    }
}

static const uint16_t made_length_bases[29] = {3,  4,  5,  6,  7,  8,  9,  10,  11,  13,
                                               15, 17, 19, 23, 27, 31, 35, 43,  51,  59,
                                               67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t made_length_bits[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                             2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};

GENERATOR static unsigned distance_bits(int symbol) { return symbol < 4 ? 0 : (unsigned)symbol / 2 - 1; }

/* One of the symbols from one place of those used to another; -1 if there is none. If `longest` is
 * not 0, mostly one that takes many bits, extra bits included, and whose codeword has at most
 * `longest` bits. */
GENERATOR static int choose(struct writer *writer, const struct made_code *code, int number, int from, int to,
                  int is_distance, int longest) {
    unsigned most = 0;
    int chosen = -1;
    for (int tries = from == to ? 0 : longest ? 12 : 1; tries; tries--) {
        const int symbol = code->used[from + (int)((uint32_t)number % (uint32_t)(to - from))];
        const unsigned bits = code->lengths[symbol] +
                              (is_distance                      ? distance_bits(symbol)
                               : symbol < 257 || symbol > 285 ? 0
                                                              : made_length_bits[symbol - 257]);
        if (chosen < 0 || (bits > most && code->lengths[symbol] <= longest)) {
            chosen = symbol;
            most = bits;
        }
        number = (int)next_random(writer);
    }
    return chosen;
}

GENERATOR static void put_symbols(struct writer *writer, const struct made_code *literals,
                        const struct made_code *distances, int is_long, size_t *produced) {
    uint32_t plan = next_byte(writer), many = plan & 8 ? 1u << (plan >> 4) : plan >> 4;
    uint32_t matches = next_byte(writer);
    /* Long symbols that follow each other test how many bits the decoder counts with. Its tables
     * have codewords of up to 11 bits in one step. */
    const int longest_length = is_long ? 15 : 0, longest = is_long ? next_random(writer) & 1 ? 11 : 15 : 0;
    for (uint32_t i = 0; i < many && writer->bit < MAX_BITS; i++) {
        int chosen = (int)(plan & 1 ? next_random(writer) : next_byte(writer));
        if ((next_random(writer) & 255) < matches) {
            int length = choose(writer, literals, chosen, literals->before_lengths, literals->all, 0, longest_length);
            int distance = -1;
            if (length < 0 || length > 285) continue;
            unsigned extra = made_length_bits[length - 257];
            uint32_t more = next_random(writer) & ((1u << extra) - 1);
            /* Nearly always one that reaches no further than there is something, but for the window. */
            size_t limit = plan & 2 && (longest || (next_random(writer) & 63) == 0) ? 1 << 16 : *produced;
            for (int tries = 0; tries < 9 && distance < 0; tries++) {
                int symbol = choose(writer, distances, (int)(next_random(writer) >> 3), 0, distances->all, 1, longest);
                if (symbol < 0) break;
                size_t least = symbol < 4 ? (size_t)symbol + 1
                                          : ((size_t)(2 + (symbol & 1)) << (symbol / 2 - 1)) + 1;
                if (symbol > 29 || least + ((size_t)1 << (symbol < 4 ? 0 : symbol / 2 - 1)) <= limit + 1)
                    distance = symbol;
            }
            if (distance < 0) continue;
            put_word(writer, literals, length);
            put(writer, more, extra);
            put_word(writer, distances, distance);
            put(writer, next_random(writer), distance_bits(distance));
            *produced += made_length_bases[length - 257] + more;
        } else {
            int symbol = choose(writer, literals, chosen, 0, literals->literals, 0, longest);
            if (symbol < 0) continue;
            put_word(writer, literals, symbol);
            ++*produced;
        }
    }
    if (plan & 4 || literals->lengths[256]) put_word(writer, literals, 256);
}

GENERATOR static void put_dynamic_header(struct writer *writer, struct made_code *literals, int literal_count,
                               struct made_code *distances, int distance_count, uint32_t faults) {
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    struct made_code precode = {0};
    uint8_t all[320];
    int total = literal_count + distance_count;
    memcpy(all, literals->lengths, (size_t)literal_count);
    memcpy(all + literal_count, distances->lengths, (size_t)distance_count);
    /* All the 19, in a shape by chance; or only repeats of a few. */
    make_lengths(writer, precode.lengths, 19, 19, 2, -1);
    for (int i = 0; i < 19; i++)
        if (precode.lengths[i] > 7) precode.lengths[i] = 7;
    if (faults & 1) precode.lengths[next_random(writer) % 19] ^= 1 + next_random(writer) % 3;
    assign_words(&precode, 19);
    put(writer, (uint32_t)literal_count - 257, 5);
    put(writer, (uint32_t)distance_count - 1, 5);
    put(writer, 15, 4);
    for (int i = 0; i < 19; i++) put(writer, precode.lengths[order[i]], 3);
    for (int i = 0; i < total;) {
        int run = 1;
        while (i + run < total && all[i + run] == all[i]) run++;
        uint32_t greed = next_random(writer) & 3;
        if (faults & 2 && (next_random(writer) & 15) == 0) run += 3;
        if (all[i] == 0 && run >= 11 && greed) {
            if (run > 138) run = 138;
            put_word(writer, &precode, 18);
            put(writer, (uint32_t)run - 11, 7);
        } else if (all[i] == 0 && run >= 3 && greed) {
            if (run > 10) run = 10;
            put_word(writer, &precode, 17);
            put(writer, (uint32_t)run - 3, 3);
        } else if (i && all[i] == all[i - 1] && run >= 3 && greed) {
            if (run > 6) run = 6;
            put_word(writer, &precode, 16);
            put(writer, (uint32_t)run - 3, 2);
        } else {
            run = 1;
            put_word(writer, &precode, all[i]);
        }
        i += run;
    }
}

GENERATOR static void put_block(struct writer *writer, int is_final, size_t *produced) {
    uint32_t kind = next_byte(writer);
    struct made_code literals = {0}, distances = {0};
    writer->seed ^= kind << 20 ^ next_byte(writer) << 12 ^ next_byte(writer);
    put(writer, (uint32_t)is_final, 1);
    if (kind % 8 == 0) {
        uint32_t size = next_byte(writer);
        if (kind & 32) size = size * size / 64;
        put(writer, 0, 2);
        put(writer, kind >> 6, (8 - writer->bit % 8) % 8);
        put(writer, size, 16);
        put(writer, kind == 8 ? size : ~size, 16);
        for (uint32_t i = 0; i < size; i++) put(writer, next_random(writer), 8);
        *produced += size;
    } else if (kind % 8 == 1) {
        for (int i = 0; i < 288; i++) literals.lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
        memset(distances.lengths, 5, 32);
        assign_words(&literals, 288);
        assign_words(&distances, kind & 64 ? 32 : 30);
        put(writer, 1, 2);
        put_symbols(writer, &literals, &distances, kind >> 4 & 1, produced);
    } else {
        uint32_t shape = next_byte(writer), faults = shape & 128 ? next_byte(writer) : 0;
        int literal_count = 257 + (int)(next_byte(writer) % 30), distance_count = 1 + (int)(next_byte(writer) % 30);
        int is_long = shape & 16 && next_random(writer) & 1;
        if (is_long) literal_count = 286, distance_count = 30;
        int used = 1 + (int)next_byte(writer) * (literal_count - 1) / 255;
        int used_distances = (int)next_byte(writer) % (distance_count + 1);
        if (shape & 64) used_distances = used_distances & 1;
        make_lengths(writer, literals.lengths, literal_count, used, (int)(shape & 3), 256);
        make_lengths(writer, distances.lengths, distance_count, used_distances, (int)(shape >> 2 & 3),
                     shape & 32 ? 0 : -1);
        if (used_distances == 0) memset(distances.lengths, 0, 32);
        if (faults & 4) literals.lengths[next_random(writer) % (uint32_t)literal_count] ^= 1;
        if (faults & 8) distances.lengths[next_random(writer) % (uint32_t)distance_count] ^= 1;
        if (faults & 16) literals.lengths[256] = 0;
        put(writer, 2, 2);
        put_dynamic_header(writer, &literals, literal_count, &distances, distance_count, faults);
        assign_words(&literals, literal_count);
        assign_words(&distances, distance_count);
        put_symbols(writer, &literals, &distances, is_long, produced);
    }
}

/* Make a stream from a bit of the first byte on into MADE_SPACE bytes; return how many it takes. */
GENERATOR static size_t make_stream(const uint8_t *data, size_t size, uint8_t *out, unsigned bit) {
    struct writer writer = {.out = out, .bit = bit, .data = data, .size = size, .seed = 1};
    uint32_t plan = next_byte(&writer), blocks = 1 + (plan & 7);
    size_t produced = 0;
    memset(out, 0, MADE_SPACE);
    for (uint32_t i = 0; i < blocks && writer.bit < MAX_BITS; i++)
        put_block(&writer, i + 1 == blocks && plan & 8, &produced);
    if (plan & 16) put(&writer, 3, 10); /* an empty final block */
    size_t made = (writer.bit + 7) / 8;
    if (plan & 32 && made) out[next_random(&writer) % made] ^= (uint8_t)(1u << (plan >> 6));
    return made;
}

#endif
