/* The compiled rooms besides the decoder, on random data: one line for each result, with a hash.
 *
 * The encoder of runs, the search for blocks, the reversal of bytes, and the arithmetic on pictures
 * need no Python. Their results have to be the same on every processor, to the last bit. Built with
 * RECORD, the program also has zlib decode what the encoder has made. ROUNDS on the command line
 * says how often.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../idxfast/native/block_search.h"
#include "../../idxfast/native/encoder/run_length.h"
#include "../../idxfast/native/pictures.h"
#include "../../idxfast/native/swap.h"

#ifdef RECORD
#include <zlib.h>
#endif

#define REQUIRE(condition)                                                            \
    do {                                                                              \
        if (!(condition)) {                                                           \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                  \
        }                                                                             \
    } while (0)

enum { MAX_CONTENT = 200000, MAX_STREAM = 2 * MAX_CONTENT, MAX_SIDE = 40, SMALL_SIDE = 28 };
enum { MAX_PIXELS = MAX_SIDE * MAX_SIDE, MAX_LEVELS = CHANNELS * MAX_PIXELS };

static uint64_t state;

static uint32_t random_below(uint32_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 32) * limit >> 32);
}

/* FNV-1a. */
static uint64_t hash_of_bytes(const uint8_t *bytes, size_t size) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
    return hash;
}

static void print_bytes(const char *room, long round, const uint8_t *bytes, size_t size) {
    printf("%s %ld: %zu bytes, %016" PRIx64 "\n", room, round, size, hash_of_bytes(bytes, size));
}

/* The bits of doubles, the lowest ones first on every processor. */
static void print_doubles(const char *room, long round, const double *levels, size_t count) {
    static uint8_t bytes[8 * MAX_LEVELS];
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &levels[i], sizeof(bits));
        for (int k = 0; k < 8; k++) bytes[8 * i + (size_t)k] = (uint8_t)(bits >> 8 * k);
    }
    print_bytes(room, round, bytes, 8 * count);
}

/* Bytes as in images: runs of all lengths between others. */
static size_t make_content(uint8_t *content) {
    const size_t size = random_below(MAX_CONTENT);
    for (size_t i = 0; i < size;) {
        const uint8_t byte = (uint8_t)random_below(random_below(4) ? 8 : 256);
        size_t run = random_below(4) ? 1 : 1 + random_below(random_below(8) ? 12 : 1500);
        while (run-- && i < size) content[i++] = byte;
    }
    return size;
}

#ifdef RECORD
static void require_content(const uint8_t *stream, size_t size, const uint8_t *content, size_t length) {
    static uint8_t out[MAX_CONTENT + 1];
    z_stream z = {0};
    z.next_in = (uint8_t *)stream;
    z.avail_in = (uInt)size;
    z.next_out = out;
    z.avail_out = sizeof(out);
    REQUIRE(inflateInit2(&z, -15) == Z_OK);
    REQUIRE(inflate(&z, Z_FINISH) == Z_STREAM_END);
    REQUIRE(z.avail_in == 0 && z.total_out == length && memcmp(out, content, length) == 0);
    inflateEnd(&z);
}
#endif

static void run_encoder(long round) {
    static struct block block;
    static uint8_t content[MAX_CONTENT], stream[MAX_STREAM + MAX_BLOCK_HEADER];
    uint32_t repeats[MAX_CONTENT / MAX_STORED + 1] = {0};
    uint64_t saved = 0;
    const size_t length = make_content(content);
    const size_t size = encode_blocks(&block, content, length, stream, 1, repeats);
    REQUIRE(size <= MAX_STREAM);
#ifdef RECORD
    require_content(stream, size, content, length);
#endif
    print_bytes("encoder", round, stream, size);
    for (size_t i = 0; i < sizeof(repeats) / sizeof(*repeats); i++) saved = 31 * saved + repeats[i];
    printf("repeats %ld: %" PRIu64 "\n", round, saved);

    memset(stream + size, 0, MAX_BLOCK_HEADER);
    for (size_t bit = 1; bit < 8 * size; bit++) {
        bit = search_block(stream, bit, 8 * size);
        printf("block %ld: bit %zu of %zu\n", round, bit, 8 * size);
    }
}

static void run_swap(long round) {
    uint8_t bytes[300], expected[300];
    for (size_t i = 0; i < sizeof(bytes); i++) bytes[i] = (uint8_t)random_below(256);
    for (size_t size = 2; size <= 8; size *= 2) {
        const size_t start = random_below(16), count = random_below((uint32_t)(284 / size));
        memcpy(expected, bytes, sizeof(bytes));
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < size; k++)
                expected[start + i * size + k] = bytes[start + i * size + size - 1 - k];
        (size == 2 ? swap_16 : size == 4 ? swap_32 : swap_64)(bytes + start, count);
        REQUIRE(memcmp(bytes, expected, sizeof(bytes)) == 0);
    }
    print_bytes("swap", round, bytes, sizeof(bytes));
}

/* The weights by which each of `count` new lines is the mean of its share of the old ones. */
static resampling average(ptrdiff_t old_count, ptrdiff_t count, double *weights, ptrdiff_t *spans) {
    const double scale = (double)old_count / (double)count;
    const ptrdiff_t longest = (ptrdiff_t)scale + 2;
    for (ptrdiff_t i = 0; i < count; i++) {
        const double from = scale * (double)i, to = scale * (double)(i + 1);
        const ptrdiff_t first = (ptrdiff_t)from;
        ptrdiff_t last = first;
        for (; last < old_count && (double)last < to && last < first + longest; last++) {
            const double start = from > (double)last ? from : (double)last;
            const double stop = to < (double)(last + 1) ? to : (double)(last + 1);
            weights[i * longest + last - first] = (stop - start) / scale;
        }
        spans[2 * i] = first;
        spans[2 * i + 1] = last;
    }
    return (resampling){weights, spans, longest, old_count, count};
}

static void run_pictures(long round) {
    static const sharpening how = {
        {0.15, 0.22, 0.26}, {0.212656, 0.715158, 0.072186}, 0.3, 1.61, {0.01, 0.07, 0.43},
        0.7, 2.37, {0.05, 0.31, 0.47},
    };
    static uint8_t picture[MAX_LEVELS], bytes[MAX_LEVELS];
    static double small[MAX_LEVELS], sharp[MAX_LEVELS], room[4 * MAX_LEVELS];
    static double weights[2][SMALL_SIDE * (MAX_SIDE + 2)];
    static ptrdiff_t spans[2][2 * SMALL_SIDE];
    const ptrdiff_t height = 1 + (ptrdiff_t)random_below(MAX_SIDE);
    const ptrdiff_t width = 1 + (ptrdiff_t)random_below(MAX_SIDE);
    const ptrdiff_t new_height = 1 + (ptrdiff_t)random_below(SMALL_SIDE);
    const ptrdiff_t new_width = 1 + (ptrdiff_t)random_below(SMALL_SIDE);
    for (ptrdiff_t i = 0; i < CHANNELS * height * width; i++)
        picture[i] = (uint8_t)random_below(random_below(3) ? 256 : 2);
    const edges found = find_edges_of_bytes(picture, height, width, (double)random_below(60000));
    printf("edges %ld: %td %td %td %td\n", round, found.left, found.top, found.right, found.bottom);

    const resampling down = average(height, new_height, weights[0], spans[0]);
    const resampling across = average(width, new_width, weights[1], spans[1]);
    const size_t count = (size_t)(CHANNELS * new_height * new_width);
    resample_picture(small, picture, 1, &down, &across, room);
    print_doubles("resample", round, small, count);
    sharpen_picture(sharp, small, &how, room, new_height, new_width);
    print_doubles("sharpen", round, sharp, count);
    round_levels(bytes, sharp, (ptrdiff_t)count);
    print_bytes("round", round, bytes, count);
    make_grey(bytes, picture, height * width);
    print_bytes("grey", round, bytes, (size_t)(height * width));
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    const long rounds = atol(arguments[1]);
    for (long round = 0; round < rounds; round++) {
        state = (uint64_t)round * 0x9e3779b97f4a7c15;
        run_encoder(round);
        run_swap(round);
        run_pictures(round);
    }
    return 0;
}
