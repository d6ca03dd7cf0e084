/* Mutation of gzip files that keeps their checksums right, so that the code after them is reached.
 *
 * Three times in four, two things are written anew: the trailer of each member that can be decoded,
 * and the size that a BGZF block states. Otherwise the damage stays. The numbers of the target
 * follow the file.
 */
#ifndef IDXFAST_FUZZ_GZIP_MUTATOR_H
#define IDXFAST_FUZZ_GZIP_MUTATOR_H

#include "embedding.h"
#include "reference.h"

enum { HEADER = 10, TRAILER = 8, FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xE0 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static uint32_t little_endian(const uint8_t *data, int count) {
    uint32_t number = 0;
    for (int i = 0; i < count; i++) {
        number |= (uint32_t)data[i] << 8 * i;
    }
    return number;
}

static void put_number(uint8_t *out, uint32_t number, int count) {
    for (int i = 0; i < count; i++) {
        out[i] = number >> 8 * i;
    }
}

/* Bytes of the member header that starts here (RFC 1952), 0 if there is no whole one; `crc_at` is
 * the place of its own checksum, 0 if it has none. */
static size_t member_header(const uint8_t *data, size_t size, size_t *crc_at) {
    size_t at = HEADER;
    *crc_at = 0;
    if (size < HEADER || memcmp(data, "\x1f\x8b\x08", 3) != 0 || data[3] & RESERVED) {
        return 0;
    }
    if (data[3] & FEXTRA) {
        if (size < at + 2) {
            return 0;
        }
        at += 2 + little_endian(data + at, 2);
    }
    for (int text = FNAME; text <= FCOMMENT; text *= 2) {
        if (data[3] & text) {
            while (at < size && data[at]) {
                at++;
            }
            at++;
        }
    }
    if (data[3] & FHCRC) {
        *crc_at = at;
        at += 2;
    }
    return at <= size ? at : 0;
}

static int is_bgzf(const uint8_t *data, size_t size) {
    return size >= 18 && memcmp(data, "\x1f\x8b\x08\x04", 4) == 0 &&
           memcmp(data + 10, "\x06\0BC\x02\0", 6) == 0;
}

static void repair(uint8_t *data, size_t size) {
    static uint8_t out[1 << 16];
    size_t at = 0;
    while (at < size) {
        size_t crc_at, header = member_header(data + at, size - at, &crc_at);
        if (header == 0) {
            return;
        }
        if (crc_at) {
            put_number(data + at + crc_at, crc32(0, data + at, crc_at), 2);
        }
        struct outcome outcome = inflate_into(RAW, data + at + header, size - at - header, 0, out, sizeof(out), 0);
        if (outcome.verdict != DONE || size - at - header - outcome.consumed < TRAILER) {
            return;
        }
        uint8_t *trailer = data + at + header + outcome.consumed;
        put_number(trailer, crc32(0, out, outcome.produced), 4);
        put_number(trailer + 4, outcome.produced, 4);
        if (is_bgzf(data + at, size - at)) {
            put_number(data + at + 16, trailer + TRAILER - (data + at) - 1, 2);
        }
        at = trailer + TRAILER - data;
        while (at < size && data[at] == 0) {
            at++;
        }
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    size = LLVMFuzzerMutate(data, size, max_size);
    if (seed & 3) {
        repair(data, size);
    }
    return size;
}

#endif
