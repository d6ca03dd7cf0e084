/* The checks of the target `inflate` without a fuzzer: SECONDS FIRST [SEED...] on the command line.
 *
 * This is about ten times as fast, because nothing counts coverage. Each round makes a stream from
 * its number, or takes one of the named files. The stream and variants of it are decoded, each in
 * several ways. A variant is cut off, has changed bits or bytes, or continues as the stream of the
 * round before. The same numbers make the same rounds. If a check fails, the round is printed.
 */
#include "fuzz_inflate.c"

#include <signal.h>
#include <time.h>

enum { SHORTEST = 20, LONGEST = 420, VARIANTS = 10, MAX_SEEDS = 1000 };

struct bytes {
    uint8_t data[MADE_SPACE];
    size_t size;
};

static uint64_t state, current_round;

/* AddressSanitizer ends in the same way as a check. */
const char *__asan_default_options(void) { return "abort_on_error=1:malloc_context_size=2:quarantine_size_mb=1"; }

static void say_round(int number) {
    fprintf(stderr, "in round %llu\n", (unsigned long long)current_round);
    signal(number, SIG_DFL);
    raise(number);
}

static uint32_t random_below(uint32_t limit) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 32) * limit >> 32);
}

static int read_seed(const char *path, struct bytes *seed) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 0;
    seed->size = fread(seed->data, 1, MADE_SPACE, file);
    fclose(file);
    return seed->size > 8;
}

/* A stream by streams.h, of numbers like those that it was made for. Three bytes of four have no
 * highest bit, which can mean a fault, so half of the streams are valid. */
static void make(struct bytes *stream, unsigned bit) {
    uint8_t data[LONGEST];
    size_t size = SHORTEST + random_below(LONGEST - SHORTEST);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)random_below(random_below(4) ? 128 : 256);
    /* Mostly whole, and without a bit that is changed. */
    if (random_below(8)) data[0] = (data[0] & 0xdf) | 0x10;
    stream->size = make_stream(data, size, stream->data, bit);
}

/* Change a stream a little. */
static void vary(struct bytes *stream, const struct bytes *other) {
    const uint32_t size = (uint32_t)stream->size;
    switch (random_below(6)) {
        case 0: /* the end is missing */
            stream->size = 1 + random_below(size);
            break;
        case 1: /* in the first block's header, most likely */
            stream->data[random_below(size < 80 ? size : 80)] ^= (uint8_t)(1u << random_below(8));
            break;
        case 2:
            stream->data[random_below(size)] ^= (uint8_t)(1u << random_below(8));
            break;
        case 3:
            stream->data[random_below(size)] = (uint8_t)random_below(256);
            break;
        case 4: { /* a byte more or less */
            const uint32_t at = random_below(size);
            if (size < MADE_SPACE && random_below(2)) {
                memmove(stream->data + at + 1, stream->data + at, size - at);
                stream->size++;
            } else if (size > 1) {
                memmove(stream->data + at, stream->data + at + 1, size - at - 1);
                stream->size--;
            }
            break;
        }
        default: { /* the end of another */
            const uint32_t from = random_below((uint32_t)other->size), at = random_below(size);
            size_t count = other->size - from;
            if (count > MADE_SPACE - at) count = MADE_SPACE - at;
            memcpy(stream->data + at, other->data + from, count);
            stream->size = at + count;
        }
    }
}

/* Without memory, there is neither a decoder nor space for symbols. If more decoders are in use than
 * the pool may hold, each is another one. Those from the pool come back first, and none is lost. */
static void check_pool(void) {
    enum { MORE = POOL_SIZE + 3 };
    struct inflater *first[MORE], *second[MORE];
    struct symbols symbols;
    int again = 0;
    has_no_memory = 1;
    REQUIRE(take_inflater() == NULL && !make_symbols(&symbols, 9, 9, 0));
    has_no_memory = 0;
    REQUIRE(make_symbols(&symbols, 9, 9, 0) && symbols.match_room == 9);
    free(symbols.matches);
    for (int i = 0; i < MORE; i++) {
        first[i] = take_inflater();
        REQUIRE(first[i] != NULL && first[i]->warm_groups == MIN_WARM);
        for (int k = 0; k < i; k++) REQUIRE(first[k] != first[i]);
        first[i]->scratch = malloc(1);
        first[i]->reason = "";
    }
    for (int i = 0; i < MORE; i++) give_back_inflater(first[i]);
    give_back_inflater(NULL);
    for (int i = 0; i < MORE; i++) {
        second[i] = take_inflater();
        REQUIRE(second[i] != NULL && second[i]->reason == NULL);
        for (int k = 0; k < i; k++) REQUIRE(second[k] != second[i]);
        again += second[i]->scratch != NULL;
    }
    REQUIRE(again == POOL_SIZE);
    for (int i = 0; i < MORE; i++) {
        free(second[i]->scratch);
        free(second[i]);
    }
}

int main(int count, char **arguments) {
    static struct bytes seeds[MAX_SEEDS], stream, variant, other = {{0}, 1};
    static const char *const names[] = {"whole", "end early", "too large", "refused"};
    uint64_t streams = 0, executions = 0, verdicts[4] = {0}, round, first;
    uint32_t seed_count = 0, history = 0;
    if (count < 3) return 2;
    signal(SIGABRT, say_round);
    signal(SIGSEGV, say_round);
    check_pool();
    const time_t end = time(NULL) + atol(arguments[1]);
    first = round = strtoull(arguments[2], NULL, 10);
    for (int i = 3; i < count && seed_count < MAX_SEEDS; i++)
        seed_count += (uint32_t)read_seed(arguments[i], &seeds[seed_count]);
    for (; round % 64 || time(NULL) < end; round++) {
        state = round * 0x9e3779b97f4a7c15;
        unsigned bit = random_below(2) ? random_below(8) : 0;
        current_round = round;
        if (seed_count && random_below(8) == 0) {
            const struct bytes *seed = &seeds[random_below(seed_count)];
            /* The seeds' last 8 bytes are a plan. */
            stream = *seed;
            if (stream.data[stream.size - 8] & 4) {
                stream.size = make_stream(seed->data, seed->size - 8, stream.data, bit);
            } else {
                stream.size -= 8;
                bit = 0;
            }
        } else {
            make(&stream, bit);
        }
        if (stream.size == 0) continue;
        for (int i = 0; i < VARIANTS; i++) {
            uint8_t numbers[8];
            for (int k = 0; k < 8; k++) numbers[k] = (uint8_t)random_below(256);
            numbers[0] |= 4;
            numbers[1] = (uint8_t)((numbers[1] & ~7u) | bit);
            struct plan plan = read_plan(numbers);
            /* Each is decoded in some ways: as it is in four, changed in two. */
            if (i % (i < 4 ? 4 : 2) == 0) {
                variant.size = stream.size;
                memcpy(variant.data, stream.data, stream.size);
                for (uint32_t changes = i < 4 ? 0 : 1 + random_below(2); changes; changes--)
                    vary(&variant, &other);
                history = plan.history;
                streams++;
            } else {
                plan.history = history;
                plan.is_known = 1;
            }
            verdicts[check_stream(variant.data, variant.size, plan).verdict]++;
            executions++;
        }
        other.size = stream.size;
        memcpy(other.data, stream.data, stream.size);
    }
    printf("rounds %llu to %llu, %llu streams, %llu executions:", (unsigned long long)first,
           (unsigned long long)round, (unsigned long long)streams, (unsigned long long)executions);
    for (int i = 0; i < 4; i++) printf(" %llu %s", (unsigned long long)verdicts[i], names[i]);
    printf("\n");
    return 0;
}
