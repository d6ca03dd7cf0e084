/* The DEFLATE decoder against zlib: verdict, bytes and reason; on success, the bits consumed. Where
 * libdeflate is linked (WITH_LIBDEFLATE), it has to agree with zlib.
 *
 * The decoder's headers are compiled into this target. By default, their constants make cursors start
 * and stop in streams of some hundred bytes, and a step of the plain path takes more than one symbol.
 * With AS_SHIPPED, they are as shipped, and the streams are large enough for them. Every buffer has
 * exactly its size, which AddressSanitizer guards. The stream is decoded at once, in segments of two
 * phases, or both ways in turn. What the second phase cannot copy is decoded again, at once.
 *
 * Input: a stream, or what streams.h makes one of; then how it is given to the decoder.
 */
#ifndef AS_SHIPPED
#define MIN_WARM 2
#define MAX_WARM 6
#define MAX_MATCH_SHARE 32000
#define PLAIN_REST 400
#define MIN_CHUNK_A_GROUP 40
#define MAX_GROUPS 40
#define MIN_SPACE 64
#define REST_BITS 700
#define FIRST_BLOCK_BITS 900
#define FIRST_GROUP_BITS 30
#define PLAIN_STEP 900
#define PREFETCH_DISTANCE 64
#else
#define MADE_SPACE (1 << 17)
#define SPACE (1 << 20)
#define ROOM 64
#endif

#include <stdio.h>
#include <stdlib.h>

/* Whether the decoder gets no memory, for its cursors among others. */
static int has_no_memory;
#define malloc(size) (has_no_memory ? NULL : malloc(size))
#define calloc(count, size) (has_no_memory ? NULL : calloc(count, size))
#include "../../idxfast/native/decoder/pool.h"
#undef malloc
#undef calloc
#include "reference.h"
#include "libdeflate_reference.h"
#include "streams.h"

#define REQUIRE(condition)                                                           \
    do {                                                                             \
        if (!(condition)) {                                                          \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                 \
        }                                                                            \
    } while (0)

#ifndef SPACE
#define SPACE (1 << 16)
#define ROOM 1
#endif

enum { GUARD = 64, MAX_HEADER = 4498 };

static struct inflater inflater;

static uint8_t *exactly(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size);
    REQUIRE(copy != NULL);
    if (size) memcpy(copy, data, size);
    return copy;
}

/* The symbols of a segment, in two pieces of memory instead of one. */
static struct symbols make_room(size_t literals, size_t matches, int has_bmi2) {
    struct symbols symbols = {
        .has_bmi2 = has_bmi2, .matches = malloc(matches * sizeof(struct match)),
        .match_room = matches, .literals = malloc(literals + SLACK), .literal_room = literals,
    };
    REQUIRE(symbols.matches != NULL && symbols.literals != NULL);
    memset(symbols.literals + literals, 0xa5, SLACK);
    return symbols;
}

/* Which bytes of the window the matches copy, one by one. */
static void check_window(const struct symbols *symbols) {
    static uint8_t expected[WINDOW_SIZE];
    uint8_t *window = calloc(1, WINDOW_SIZE);
    size_t at = 0, literals = 0;
    REQUIRE(window != NULL);
    memset(expected, 0, sizeof(expected));
    for (const struct match *match = symbols->matches; match < symbols->matches + symbols->match_count; match++) {
        at += match->literals - literals;
        literals = match->literals;
        for (size_t i = 0; i < match->length; i++, at++)
            if (match->distance > at) expected[WINDOW_SIZE + at - match->distance] = 1;
    }
    mark_window(symbols, window);
    REQUIRE(memcmp(window, expected, WINDOW_SIZE) == 0);
    free(window);
}

/* What is to be done with the stream, from the end of the input. */
struct plan {
    unsigned bit, before, history, inside, pieces, budget, share, space, literals, matches;
    uint64_t block_stop;
    int is_portable, in_segments, by_turns, marks, has_no_memory;
    int is_known; /* zlib has decoded the same stream with the same window in the call before */
};

/* Begin a stream, so that an input has the same effect whatever came before it. */
static void begin_anew(const struct plan *plan) {
    has_no_memory = plan->has_no_memory;
    if (has_no_memory) free(inflater.scratch);
    inflater = (struct inflater){.scratch = has_no_memory ? NULL : inflater.scratch};
    begin_stream(&inflater);
    if (plan->is_portable) inflater.has_bmi2 = 0;
}

/* The plan that 8 bytes state. */
static struct plan read_plan(const uint8_t numbers[8]) {
    return (struct plan){
        .is_portable = numbers[0] & 1, .in_segments = numbers[0] >> 3 & 1, .by_turns = numbers[0] >> 4 & 1,
        .literals = 1 + (numbers[0] >> 5) * numbers[1] * ROOM,
        .matches = 1 + numbers[7] * numbers[7] / 16 * ROOM,
        .block_stop = numbers[0] & 2 ? numbers[3] * (numbers[0] & 4) : UINT64_MAX,
        .bit = numbers[1] & 7, .pieces = numbers[2], .budget = numbers[3],
        .before = numbers[4] & 15 ? 0 : numbers[5], .history = numbers[4] & 16 ? 0 : numbers[5] * 128,
        .inside = numbers[7], .marks = numbers[3] % 16 == 15, .has_no_memory = numbers[6] % 64 == 63, .share = numbers[4] & 64 ? numbers[6] : 256,
        /* Often so much that what is wrong is met in the fast ways, too. */
        .space = numbers[4] & 32 ? 0 : numbers[4] & 128 ? numbers[6] * 16u : numbers[6],
    };
}

/* Decode a stream, from a bit of its first byte on, by zlib and as planned. */
static struct outcome check_stream(const uint8_t *stream, size_t size, struct plan plan) {
    static uint8_t buffer[WINDOW_SIZE + SPACE], *const expected = buffer + WINDOW_SIZE;
    static int is_filled;

    /* A window of bytes that are not all the same. The decoder has one part of it in the output's
     * buffer, and the other part elsewhere. */
    if (!is_filled)
        for (size_t i = 0; i < WINDOW_SIZE; i++) buffer[i] = (uint8_t)(i * i >> 5 ^ i);
    is_filled = 1;
    const size_t window = plan.history;
    const size_t inside = (plan.inside * window) >> 8, outside = window - inside;
    static struct outcome outcome;
    if (!plan.is_known) {
        outcome = inflate_into(RAW, stream, size, (int)plan.bit, expected, SPACE, window);
        if (plan.bit == 0 && window == 0)
            REQUIRE(libdeflate_agrees(stream, size, outcome, expected));
    }

    size_t space = plan.share < 256 ? outcome.produced * plan.share / 256 : outcome.produced + plan.space;
    if (space > SPACE) space = SPACE;
    const size_t start = plan.before, first = start + inside;
    uint8_t *out = malloc(first + space + GUARD), *history = exactly(expected - window, outside);
    REQUIRE(out != NULL);
    memset(out, 0xa5, first + space + GUARD);
    memcpy(out + start, expected - inside, inside);
    begin_anew(&plan);

    /* Pieces of the input, each in memory of exactly its size. */
    size_t from = 0, to = plan.pieces & 3 ? size : plan.bit != 0, at = first;
    uint64_t bit = plan.bit;
    enum stop stop;
    struct symbols symbols = make_room(plan.literals, plan.matches, inflater.has_bmi2);
    int in_segments = plan.in_segments, has_failed = 0;
    for (;;) {
        uint8_t *piece = exactly(stream + from, to - from);
        struct work work = {
            .in = piece, .size = to - from, .bit = bit, .out = out, .space = first + space,
            .at = at, .start = start, .history = history, .history_size = outside,
        };
        const uint64_t most_bits = plan.budget & 1 ? (uint64_t)plan.budget * 8 : UINT64_MAX;
        if (in_segments) {
            stop = inflate_symbols(&inflater, &work, &symbols, plan.block_stop, most_bits);
            REQUIRE(symbols.match_count <= plan.matches && symbols.literal_count <= plan.literals);
            if (stop == AT_SPACE)
                REQUIRE(symbols.match_count == plan.matches ||
                        symbols.literal_count == plan.literals);
        } else {
            stop = inflate_stream(&inflater, &work, plan.block_stop, most_bits,
                                  plan.budget & 2 ? plan.budget * 4 : SIZE_MAX);
            REQUIRE(work.at >= at && work.at <= first + space);
            at = work.at;
        }
        free(piece);
        REQUIRE(stop != GOES_ON);
        REQUIRE(work.bit >= bit && work.bit <= 8 * (uint64_t)(to - from));
        if (stop == AT_PAUSE) REQUIRE(work.bit > bit);
        from += (size_t)(work.bit >> 3);
        bit = work.bit & 7;
        if (stop == AT_ERROR)
            REQUIRE(work.wrong_bit >= work.bit && work.wrong_bit < work.bit + MAX_HEADER);
        size_t more = 1 + plan.pieces % 7 + (size > 400) * plan.pieces;
        if (stop == AT_BLOCK)
            REQUIRE(work.bit >= plan.block_stop && inflater.type == NO_BLOCK);
        const int goes_on = (stop == AT_INPUT && to < size) || stop == AT_PAUSE ||
                            stop == AT_BLOCK || (stop == AT_SPACE && in_segments);
        /* Sometimes a segment goes on after a call. */
        if (in_segments && (!goes_on || stop == AT_SPACE || plan.budget & 4)) {
            struct work copies = {
                .out = out, .space = first + space, .at = at, .start = start, .history = history,
                .history_size = outside,
            };
            if (plan.marks) check_window(&symbols);
            if (copy_symbols(&symbols, &copies)) {
                REQUIRE(copies.at - at == symbols.literal_count + symbols.copied);
                at = copies.at;
            } else {
                /* What is wrong, or where the space ends, is found when it is decoded at once. */
                REQUIRE(memcmp(out + first, expected, at - first) == 0);
                begin_anew(&plan);
                from = 0;
                bit = plan.bit;
                at = first;
                in_segments = plan.by_turns = 0;
                has_failed = 1;
                continue;
            }
            clear_symbols(&symbols);
        }
        if (!goes_on) break;
        if (stop == AT_INPUT) to += more < size - to ? more : size - to;
        if (plan.by_turns && symbols.literal_count + symbols.match_count == 0)
            in_segments = !in_segments;
    }
    for (size_t i = 0; i < SLACK; i++) REQUIRE(symbols.literals[plan.literals + i] == 0xa5);
    for (size_t i = 0; i < start; i++) REQUIRE(out[i] == 0xa5);
    for (size_t i = 0; i < GUARD; i++) REQUIRE(out[first + space + i] == 0xa5);
    size_t produced = at - first;
    if (has_failed)
        REQUIRE(stop == AT_SPACE ||
                (stop == AT_ERROR && !strcmp(inflater.reason, "invalid distance too far back")));
    REQUIRE(memcmp(out + first, expected, produced) == 0);
    REQUIRE(memcmp(out + start, expected - inside, inside) == 0);
    if (stop == AT_SPACE) {
        /* There is more, and it would not have fitted. */
        REQUIRE(space < outcome.produced || outcome.verdict == TOO_LARGE);
        REQUIRE(produced + 258 > space);
    } else if (stop == AT_END) {
        REQUIRE(outcome.verdict == DONE && produced == outcome.produced);
        REQUIRE(outcome.consumed == from + (bit != 0));
    } else if (stop == AT_ERROR) {
        REQUIRE(outcome.verdict == REFUSED && produced == outcome.produced);
        REQUIRE(outcome.reason != NULL && strcmp(outcome.reason, inflater.reason) == 0);
    } else {
        REQUIRE(stop == AT_INPUT && to == size);
        REQUIRE(outcome.verdict == ENDS_EARLY && produced <= outcome.produced);
        /* zlib may have written some of a match whose end is beyond its space. */
        REQUIRE(produced == outcome.produced);
    }
    free(out);
    free(history);
    free(symbols.matches);
    free(symbols.literals);
    has_no_memory = 0;
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t made[MADE_SPACE], shifted[MADE_SPACE + 2];
    if (size < 8) return 0;
    const uint8_t *numbers = data + size - 8, *stream = data;
    const struct plan plan = read_plan(numbers);
    size -= 8;
    if (size > MADE_SPACE) return 0;
    if (numbers[0] & 4) {
        size = make_stream(data, size, made, plan.bit);
        stream = made;
    } else if (plan.bit) {
        /* From another bit on. */
        for (size_t i = 0; i <= size; i++)
            shifted[i] = (uint8_t)((i < size ? stream[i] << plan.bit : 0) |
                                   (i ? stream[i - 1] >> (8 - plan.bit) : 0));
        stream = shifted;
        size += size != 0;
    }
    if (size) check_stream(stream, size, plan);
    return 0;
}
