/* Time decoding alone, against libdeflate. benchmarks/inflate.py builds and runs this.
 *
 *     inflate ROUNDS KIND FILE.gz...       KIND: processor or portable
 *
 * In each round, both decoders decode the whole file, one after the other, into memory that has been
 * written before and may have the same number of huge pages. Then ours decodes it again, in segments
 * of 512 KiB, each in two phases. Times are the thread's CPU time. Each file has a line with the
 * speed as a multiple of libdeflate's, by the fastest rounds and by the median of the ratios of all
 * rounds, without segments and with them; the milliseconds of the fastest rounds; and the memory for
 * the symbols of the largest segment, in KiB.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decoder/inflate.h"
#include "libdeflate.h"

enum { MAX_MEMBERS = 1 << 20, MAX_ROUNDS = 1000, HUGE_PAGE = 1 << 21 };
enum { SEGMENT_BITS = 8 << 19, LITERAL_ROOM = 4 << 20, MATCH_ROOM = 1 << 20 };

struct member {
    const uint8_t *stream;
    size_t packed, unpacked;
};
static struct member members[MAX_MEMBERS];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void stop_with(const char *path, const char *reason) {
    fprintf(stderr, "%s: %s\n", path, reason);
    exit(1);
}

static uint8_t *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) stop_with(path, "cannot be read");
    *size = (size_t)ftell(file);
    uint8_t *data = malloc(*size);
    rewind(file);
    if (!data || fread(data, 1, *size, file) != *size) stop_with(path, "cannot be read");
    fclose(file);
    return data;
}

static uint32_t number(const uint8_t *data, int count) {
    uint32_t value = 0;
    for (int i = 0; i < count; i++) value |= (uint32_t)data[i] << 8 * i;
    return value;
}

/* Find the members of a trusted file: a single one, or those of BGZF. */
static size_t find_members(const uint8_t *data, size_t size) {
    size_t count = 0;
    for (size_t at = 0; at + 18 < size && count < MAX_MEMBERS;) {
        size_t end = size, body = at + 10;
        int flags = data[at + 3];
        if (flags & 4) {
            if (!memcmp(data + body + 2, "BC", 2)) end = at + number(data + body + 6, 2) + 1;
            body += 2 + number(data + body, 2);
        }
        for (int text = 8; text <= 16; text *= 2)
            if (flags & text) body += strlen((const char *)data + body) + 1;
        if (flags & 2) body += 2;
        members[count++] = (struct member){data + body, end - 8 - body, number(data + end - 4, 4)};
        at = end;
    }
    return count;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Decode a member by segments; return the most memory used for symbols in bytes, or 0 for an error. */
static size_t decode_segments(struct inflater *inflater, struct work work, struct symbols *symbols) {
    struct work input = work;
    size_t most = 1;
    for (;;) {
        clear_symbols(symbols);
        enum stop stop = inflate_symbols(inflater, &input, symbols, UINT64_MAX, SEGMENT_BITS);
        size_t used = symbols->literal_count + sizeof(struct match) * symbols->match_count;
        if (used > most) most = used;
        if (!copy_symbols(symbols, &work)) return 0;
        if (stop == AT_END) return work.at == work.space ? most : 0;
        if (stop != AT_PAUSE && stop != AT_SPACE) return 0;
    }
}

int main(int arguments, char **argument) {
    if (arguments < 4) stop_with(argument[0], "ROUNDS KIND FILE...");
    int rounds = atoi(argument[1]), is_portable = !strcmp(argument[2], "portable");
    struct inflater *inflater = calloc(1, sizeof(*inflater));
    struct libdeflate_decompressor *libdeflate = libdeflate_alloc_decompressor();
    static double theirs[MAX_ROUNDS], ours[MAX_ROUNDS], ratios[MAX_ROUNDS];
    static double parts[MAX_ROUNDS], part_ratios[MAX_ROUNDS];
    struct symbols symbols;
    if (!make_symbols(&symbols, LITERAL_ROOM, MATCH_ROOM, !is_portable && has_bmi2())) return 1;
    if (!inflater || !libdeflate || rounds < 1 || rounds > MAX_ROUNDS) return 1;
    for (int i = 3; i < arguments; i++) {
        const char *path = argument[i], *name = strrchr(path, '/');
        size_t size, total = 0, memory = 0;
        uint8_t *data = read_file(path, &size);
        size_t count = find_members(data, size);
        for (size_t k = 0; k < count; k++) total += members[k].unpacked;
        size_t room = (total / HUGE_PAGE + 1) * HUGE_PAGE;
        uint8_t *expected = aligned_alloc(HUGE_PAGE, room), *out = aligned_alloc(HUGE_PAGE, room);
        if (!expected || !out) return 1;
        memset(expected, 1, total);
        memset(out, 2, total);
        for (int round = 0; round < rounds; round++) {
            double start = now();
            size_t at = 0;
            for (size_t k = 0; k < count; k++) {
                size_t consumed, produced;
                if (libdeflate_deflate_decompress_ex(libdeflate, members[k].stream, members[k].packed,
                                                     expected + at, members[k].unpacked, &consumed,
                                                     &produced))
                    stop_with(path, "libdeflate refuses it");
                at += produced;
            }
            double middle = now();
            at = 0;
            for (size_t k = 0; k < count; k++) {
                struct work work = {.in = members[k].stream, .size = members[k].packed,
                                    .out = out + at, .space = members[k].unpacked};
                begin_stream(inflater);
                if (is_portable) inflater->has_bmi2 = 0;
                if (inflate_stream(inflater, &work, UINT64_MAX, UINT64_MAX, SIZE_MAX) != AT_END)
                    stop_with(path, "our decoder fails");
                at += work.at;
            }
            double end = now();
            at = 0;
            for (size_t k = 0; k < count; k++) {
                struct work work = {.in = members[k].stream, .size = members[k].packed,
                                    .out = out + at, .space = members[k].unpacked};
                begin_stream(inflater);
                if (is_portable) inflater->has_bmi2 = 0;
                size_t used = decode_segments(inflater, work, &symbols);
                if (used == 0) stop_with(path, "our decoder fails in segments");
                if (used > memory) memory = used;
                at += work.space;
            }
            parts[round] = now() - end;
            part_ratios[round] = (middle - start) / parts[round];
            theirs[round] = middle - start;
            ours[round] = end - middle;
            ratios[round] = theirs[round] / ours[round];
        }
        if (memcmp(expected, out, total)) stop_with(path, "the two decoders differ");
        qsort(theirs, (size_t)rounds, sizeof(double), compare);
        qsort(ours, (size_t)rounds, sizeof(double), compare);
        qsort(ratios, (size_t)rounds, sizeof(double), compare);
        qsort(parts, (size_t)rounds, sizeof(double), compare);
        qsort(part_ratios, (size_t)rounds, sizeof(double), compare);
        printf("%-34s %5.2f %5.2f   %5.2f %5.2f   %8.2f %8.2f %8.2f %6zu\n", name ? name + 1 : path,
               theirs[0] / ours[0], ratios[rounds / 2], theirs[0] / parts[0],
               part_ratios[rounds / 2], 1e3 * theirs[0], 1e3 * ours[0], 1e3 * parts[0],
               memory >> 10);
        fflush(stdout);
        free(data);
        free(expected);
        free(out);
    }
    return 0;
}
