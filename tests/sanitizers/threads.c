/* The compiled cores on eight threads, as the reader uses them: what is shared and what is not.
 *
 * Without Python: ThreadSanitizer has to have compiled all code that synchronises, and no
 * interpreter at hand is. Each round makes a file and has it decoded in three ways:
 *
 * - BGZF blocks of one file, in groups, each into its own part of one destination;
 * - segments of one stream, from cuts that each thread searches, decoded into memory of its own and
 *   then copied to where they belong;
 * - the byte order of one array, changed in parts that meet at any address.
 *
 * In every third round a byte of the file is damaged: then the error, too, is met on many threads.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libdeflate.h"

/* What chooses between the clones would run before ThreadSanitizer is ready. */
#define target_clones(...) unused
#include "swap.h"

size_t core_search(const uint8_t *data, size_t start, size_t stop);
int core_decode_segment(uint8_t *stream, size_t start, size_t stop, int cut, uint8_t *out, size_t space,
                        size_t window, size_t *end, size_t *produced);
ptrdiff_t core_decode_members(const uint8_t *data, ptrdiff_t *start, ptrdiff_t stop, uint8_t *out,
                              ptrdiff_t *position, ptrdiff_t space);

enum { THREADS = 8, SIZE = 300000, BLOCK = 9001, BLOCKS = SIZE / BLOCK + 1, WINDOW = 32768 };
enum { PREFIX = 5 + WINDOW + 16, HEADER_SPACE = 576, CLOSING = 14, COMPLETE = 0, CUT = 1 };
enum { FRAME = 18 + 8 };

static uint8_t data[SIZE], out[SIZE], blocks[2 * SIZE], stream[2 * SIZE + PREFIX];
static size_t ends[BLOCKS + 1];  /* of the blocks, in the file */
static size_t stream_size;
/* Where the stream's segments start: bits of the stream, and bytes of the data. */
static size_t cuts[THREADS + 1], positions[THREADS + 1];
static int is_damaged;
static atomic_size_t next_block, failures;

static void require(int condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "not true: %s\n", what);
        exit(1);
    }
}

static void put_number(uint8_t *place, uint32_t number) {
    for (int i = 0; i < 4; i++) {
        place[i] = number >> 8 * i;
    }
}

static void make_files(unsigned round) {
    /* Noise, and copies of what stands before it: matches are what libdeflate writes beyond. */
    uint32_t noise = round * 2654435761u + 1;
    size_t distance = 0;
    for (size_t i = 0; i < SIZE; i++) {
        noise = noise * 1664525 + 1013904223;
        if (i % 16 == 0) {
            distance = i > 999 && noise >> 31 ? (noise >> 8 & 511) + 1 : 0;
        }
        data[i] = distance ? data[i - distance] : noise >> 27;
    }
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(1 + round % 9);
    stream_size = libdeflate_deflate_compress(compressor, data, SIZE, stream, sizeof(stream));
    for (size_t i = 0, at = 0; i < BLOCKS; i++) {
        size_t size = i == BLOCKS - 1 ? SIZE - i * BLOCK : BLOCK;
        uint8_t *block = blocks + at;
        size_t packed = libdeflate_deflate_compress(compressor, data + i * BLOCK, size, block + 18, BLOCK + 99);
        memcpy(block, "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0", 16);
        block[16] = (packed + FRAME - 1) & 255;
        block[17] = (packed + FRAME - 1) >> 8;
        put_number(block + 18 + packed, libdeflate_crc32(0, data + i * BLOCK, size));
        put_number(block + 22 + packed, size);
        at += packed + FRAME;
        ends[i + 1] = at;
    }
    libdeflate_free_compressor(compressor);
    is_damaged = round % 3 == 2;
    if (is_damaged) {
        blocks[ends[BLOCKS / 2] - 8] ^= 16;
    }
}

static void *decode_blocks(void *unused) {
    size_t block;
    while ((block = atomic_fetch_add(&next_block, 2)) < BLOCKS) {
        size_t last = block + 2 < BLOCKS ? block + 2 : BLOCKS;
        ptrdiff_t start = ends[block], position = block * BLOCK;
        core_decode_members(blocks, &start, ends[last], out, &position, SIZE);
        atomic_fetch_add(&failures, start != (ptrdiff_t)ends[last]);
    }
    return unused;
}

static void *find_cut(void *index) {
    size_t part = (size_t)index, limit = 8 * (stream_size - HEADER_SPACE);
    size_t start = 8 * (stream_size / THREADS) * part + 1;
    size_t found = part && start < limit ? core_search(stream, start, limit) : limit;
    cuts[part] = part == 0 ? 0 : found < limit ? found : 8 * stream_size;
    return NULL;
}

/* Decode a segment behind its window in memory of its own; return how many bytes, or -1. */
static ptrdiff_t decode_segment(size_t part, uint8_t *memory) {
    size_t start = cuts[part], stop = cuts[part + 1], end, produced;
    int is_last = stop == 8 * stream_size;
    size_t first = start >> 3, size = (stop >> 3) - first + (is_last ? 0 : CLOSING);
    size_t window = positions[part] < WINDOW ? positions[part] : WINDOW;
    size_t at = 8 * PREFIX + (start & 7);
    uint8_t *chunk = malloc(PREFIX + size);
    memcpy(chunk + PREFIX, stream + first, size);
    memcpy(memory, data + positions[part] - window, window);
    int result = core_decode_segment(chunk, at, at + stop - start, !is_last, memory, WINDOW + SIZE, window,
                                     &end, &produced);
    free(chunk);
    if (result != (is_last ? COMPLETE : CUT)) {
        return -1;
    }
    memmove(memory, memory + window, produced - window);
    return produced - window;
}

/* Decode the segments one after another, to learn where their bytes belong. A cut that turns out to
 * be none gives way to the next. */
static void find_positions(void) {
    static uint8_t memory[WINDOW + SIZE];
    cuts[THREADS] = 8 * stream_size;
    for (size_t part = 0; part < THREADS; part++) {
        ptrdiff_t count = cuts[part] < cuts[part + 1] ? decode_segment(part, memory) : 0;
        while (count < 0 && cuts[part + 1] < 8 * stream_size) {
            size_t wrong = cuts[part + 1], next = part + 1;
            while (cuts[next] == wrong) {
                next++;
            }
            for (size_t i = part + 1; i < next; i++) {
                cuts[i] = cuts[next];
            }
            count = decode_segment(part, memory);
        }
        require(count >= 0, "a segment is decoded");
        positions[part + 1] = positions[part] + count;
    }
    require(positions[THREADS] == SIZE, "the segments are all of the data");
}

static void *decode_part(void *index) {
    size_t part = (size_t)index;
    uint8_t *memory = malloc(WINDOW + SIZE);
    if (cuts[part] < cuts[part + 1]) {
        ptrdiff_t count = decode_segment(part, memory);
        if (count == (ptrdiff_t)(positions[part + 1] - positions[part])) {
            memcpy(out + positions[part], memory, count);
        } else {
            atomic_fetch_add(&failures, 1);
        }
    }
    free(memory);
    return NULL;
}

static void *swap_part(void *index) {
    enum { COUNT = (SIZE - 1) / 4 / THREADS };
    swap_32(out + 1 + (size_t)index * 4 * COUNT, COUNT);
    return NULL;
}

static void on_threads(void *(*work)(void *)) {
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        require(pthread_create(&threads[i], NULL, work, (void *)i) == 0, "a thread starts");
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(int count, char **arguments) {
    unsigned rounds = count > 1 ? atoi(arguments[1]) : 100;
    for (unsigned round = 0; round < rounds; round++) {
        make_files(round);
        atomic_store(&next_block, 0);
        atomic_store(&failures, 0);
        on_threads(decode_blocks);
        require(is_damaged ? failures == 1 : failures == 0, "each damaged block is met, and no other");
        require(is_damaged || memcmp(out, data, SIZE) == 0, "the blocks' data");
        on_threads(find_cut);
        find_positions();
        if (is_damaged) {
            memset(stream + stream_size / 2, 0xff, 999);
        }
        memset(out, 0, SIZE);
        atomic_store(&failures, 0);
        on_threads(decode_part);
        require(is_damaged ? failures > 0 : failures == 0, "a damaged segment is met, and no other");
        require(is_damaged || memcmp(out, data, SIZE) == 0, "the segments' data");
        memcpy(out, data, SIZE);
        on_threads(swap_part);
        require(out[1] == data[4] && out[4] == data[1], "the bytes are swapped");
    }
    printf("%u rounds on %d threads: all results as they should be\n", rounds, THREADS);
    return 0;
}
