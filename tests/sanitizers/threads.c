/* The compiled cores on eight threads, as the reader uses them: what is shared and what is not.
 *
 * This runs without Python, because ThreadSanitizer has to compile all code that synchronises, and
 * the interpreter is not compiled so. Each round makes a file, which is decoded in two ways, and an
 * array, which is changed:
 *
 * - BGZF blocks of one file, in groups, each into its own part of one destination;
 * - one stream as gzip/pool.py does it: one thread at a time decodes blocks into the destination and
 *   appends segments, whose symbols the others decode, each with a decoder from the shared list;
 * - the byte order of one array, in parts that meet at any address.
 *
 * In every third round, both files are damaged, so that many threads also meet errors.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block_search.h"
#include "decoder/pool.h"
#include "libdeflate.h"

/* What chooses between the clones would run before ThreadSanitizer is ready. */
#define target_clones(...) unused
#include "swap.h"

ptrdiff_t core_decode_members(const uint8_t *data, ptrdiff_t *start, ptrdiff_t stop, uint8_t *out,
                              ptrdiff_t *position, ptrdiff_t space);

enum { THREADS = 8, SIZE = 300000, BLOCK = 9001, BLOCKS = SIZE / BLOCK + 1, STRETCH = 8000 };
enum { FRAME = 18 + 8 };
/* Compressed bytes of a segment; those before it, which the leader decodes; and how many segments
 * there may be at once. Some have more symbols than fit. */
enum { STEP = 4000, GAP = 1000, SEGMENTS = THREADS + 1 };
enum { LITERAL_ROOM = 9000, MATCH_ROOM = 2000 };

static uint8_t data[SIZE], out[SIZE], expected[SIZE], blocks[2 * SIZE], stream[2 * SIZE];
static size_t ends[BLOCKS + 1];  /* of the blocks, in the file */
static size_t stream_size;
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
    /* Stretches of noise, each of other bytes, so that the encoder begins a block for each; and
     * copies of the bytes before them. */
    uint32_t noise = round * 2654435761u + 1;
    size_t distance = 0;
    for (size_t i = 0; i < SIZE; i++) {
        noise = noise * 1664525 + 1013904223;
        if (i % 16 == 0) {
            distance = i > 999 && noise >> 31 ? (noise >> 8 & 511) + 1 : 0;
        }
        data[i] = distance ? data[i - distance] : (noise >> 27) + 40 * (i / STRETCH % 5);
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
        memset(stream + stream_size / 8 * (round % 8), 0xff, 99);
    }
}

static void *decode_blocks(void *unused) {
    size_t block;
    while ((block = atomic_fetch_add(&next_block, 2)) < BLOCKS) {
        size_t last = block + 2 < BLOCKS ? block + 2 : BLOCKS;
        ptrdiff_t start = ends[block], position = block * BLOCK;
        /* After its own part, another thread writes. */
        core_decode_members(blocks, &start, ends[last], out, &position, last < BLOCKS ? last * BLOCK : SIZE);
        atomic_fetch_add(&failures, start != (ptrdiff_t)ends[last]);
    }
    return unused;
}

struct segment {
    uint64_t start, end;  /* bits; a start of UINT64_MAX: there is none */
    enum stop stop;
    struct inflater *inflater;
    struct symbols symbols;
    int is_ready;
};

/* Looked at and changed with the lock held, but the leader's own bit and place. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct segment segments[SEGMENTS];
    size_t first, begun;  /* of the segments that the leader has not reached; counted from the start */
    size_t next;          /* the byte of the stream where the last of them ends */
    int is_led, is_done;
    _Atomic uint64_t bit;
    struct inflater *inflater;
    enum stop stop;
    size_t at, appended;
} team = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct work whole_stream(void) {
    return (struct work){.in = stream, .size = stream_size, .out = out, .space = SIZE};
}

static int can_lead(void) {
    const struct segment *segment = &team.segments[team.first % SEGMENTS];
    return team.first == team.begun || segment->is_ready || team.bit < segment->start;
}

/* Append a segment that starts where the leader is, after a block. */
static int append(struct segment *segment) {
    struct work work = whole_stream();
    work.at = team.at;
    if (!copy_symbols(&segment->symbols, &work)) return 0;
    team.at = work.at;
    team.bit = segment->end;
    team.stop = segment->stop;
    struct inflater *before = team.inflater;
    team.inflater = segment->inflater;
    segment->inflater = before;
    return 1;
}

static void lead(void) {
    int is_at_block = 1;
    for (;;) {
        pthread_mutex_lock(&team.lock);
        int goes_on = can_lead();
        if (!goes_on) team.is_led = 0;
        struct segment *segment = team.first < team.begun ? &team.segments[team.first % SEGMENTS] : NULL;
        const int is_ready = segment && segment->is_ready;
        uint64_t block_stop = segment ? segment->start : UINT64_MAX;
        pthread_mutex_unlock(&team.lock);
        if (!goes_on) return;
        int follows = is_ready && is_at_block && segment->start == team.bit && append(segment);
        if (follows || (is_ready && (segment->start == UINT64_MAX || segment->start <= team.bit))) {
            pthread_mutex_lock(&team.lock);
            team.first++;
            team.appended += (size_t)follows;
            pthread_cond_broadcast(&team.changed);
            pthread_mutex_unlock(&team.lock);
        }
        if (!follows) {
            struct work work = whole_stream();
            work.bit = team.bit;
            work.at = team.at;
            team.stop = inflate_stream(team.inflater, &work, block_stop, UINT64_MAX, 1000);
            team.bit = work.bit;
            team.at = work.at;
        }
        is_at_block = team.stop == AT_BLOCK;
        if (!is_at_block && team.stop != AT_PAUSE && !(follows && team.stop == AT_SPACE)) break;
    }
    pthread_mutex_lock(&team.lock);
    team.is_done = 1;
    pthread_cond_broadcast(&team.changed);
    pthread_mutex_unlock(&team.lock);
}

/* Of the part that begins at a bit, from the first place on where a block seems to start. */
static void decode_segment(struct segment *segment, uint64_t first, uint64_t last) {
    size_t found = search_block(stream, first, last);
    segment->inflater = take_inflater();
    require(segment->inflater != NULL && make_symbols(&segment->symbols, LITERAL_ROOM, MATCH_ROOM, has_bmi2()),
            "there is memory");
    struct work work = whole_stream();
    work.bit = found;
    if (found < last)
        segment->stop = inflate_symbols(segment->inflater, &work, &segment->symbols, last, UINT64_MAX);
    segment->end = work.bit;
    const int is_one = found < last && segment->stop != AT_ERROR && segment->stop != AT_INPUT;
    pthread_mutex_lock(&team.lock);
    segment->start = is_one ? found : UINT64_MAX;
    segment->is_ready = 1;
    pthread_cond_broadcast(&team.changed);
    pthread_mutex_unlock(&team.lock);
}

static void free_segment(struct segment *segment) {
    give_back_inflater(segment->inflater);
    free(segment->symbols.matches);
    memset(segment, 0, sizeof(*segment));
}

/* A job after the other, until all is done. */
static void *work_on_stream(void *unused) {
    const size_t limit = stream_size - MAX_BLOCK_HEADER;
    pthread_mutex_lock(&team.lock);
    while (!team.is_done) {
        size_t offset = team.bit >> 3, first = (offset > team.next ? offset : team.next) + GAP;
        if (!team.is_led && can_lead()) {
            team.is_led = 1;
            pthread_mutex_unlock(&team.lock);
            lead();
            pthread_mutex_lock(&team.lock);
        } else if (team.begun - team.first < SEGMENTS && first + STEP < limit) {
            struct segment *segment = &team.segments[team.begun++ % SEGMENTS];
            free_segment(segment);
            segment->start = 8 * (uint64_t)first;
            team.next = first + STEP;
            pthread_mutex_unlock(&team.lock);
            decode_segment(segment, 8 * (uint64_t)first, 8 * (uint64_t)(first + STEP));
            pthread_mutex_lock(&team.lock);
        } else {
            pthread_cond_wait(&team.changed, &team.lock);
        }
    }
    pthread_mutex_unlock(&team.lock);
    return unused;
}

static void begin_team(void) {
    team.first = team.begun = team.next = team.at = 0;
    team.is_led = team.is_done = 0;
    team.bit = 0;
    team.inflater = take_inflater();
    require(team.inflater != NULL, "there is memory");
}

static void end_team(void) {
    for (size_t i = 0; i < SEGMENTS; i++) free_segment(&team.segments[i]);
    give_back_inflater(team.inflater);
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

        /* What one thread makes of the stream. */
        struct work alone = whole_stream();
        alone.out = expected;
        struct inflater *inflater = take_inflater();
        enum stop stop = inflate_stream(inflater, &alone, UINT64_MAX, UINT64_MAX, SIZE_MAX);
        give_back_inflater(inflater);
        require(is_damaged || (stop == AT_END && memcmp(expected, data, SIZE) == 0), "the stream's data");
        memset(out, 0, SIZE);
        begin_team();
        on_threads(work_on_stream);
        require(team.stop == stop && team.bit == alone.bit && team.at == alone.at, "the same end");
        require(memcmp(out, expected, team.at) == 0, "the same data");
        end_team();

        memcpy(out, data, SIZE);
        on_threads(swap_part);
        require(out[1] == data[4] && out[4] == data[1], "the bytes are swapped");
    }
    require(team.appended > rounds, "segments follow");
    printf("%u rounds on %d threads, %zu segments: all results as they should be\n", rounds, THREADS,
           team.appended);
    return 0;
}
