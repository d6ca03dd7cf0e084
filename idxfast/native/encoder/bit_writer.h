/* Write a DEFLATE stream (RFC 1951, section 3.1.1) bit by bit. */
#ifndef IDXFAST_ENCODER_BIT_WRITER_H
#define IDXFAST_ENCODER_BIT_WRITER_H

#include "../decoder/words.h"

enum { SPILL = 8 }; /* `flush` always writes this many bytes */

struct writer {
    uint8_t *out;
    uint64_t bits;
    int count; /* of the bits that are not written yet: below 8 after `flush` */
};

/* Add bits. Together with those that are not written yet, they are at most 63. */
static inline void put(struct writer *writer, uint64_t bits, int count) {
    writer->bits |= bits << writer->count;
    writer->count += count;
}

/* Write the bits that fill whole bytes. The bytes after those are overwritten, too. */
static inline void flush(struct writer *writer) {
#if IS_LITTLE_ENDIAN
    memcpy(writer->out, &writer->bits, SPILL);
#else
    for (int i = 0; i < SPILL; i++) writer->out[i] = (uint8_t)(writer->bits >> 8 * i);
#endif
    writer->out += writer->count >> 3;
    writer->bits >>= writer->count & ~7;
    writer->count &= 7;
}

/* Fill the last byte with zeros. */
static inline void align(struct writer *writer) {
    writer->count = (writer->count + 7) & ~7;
    flush(writer);
}

#endif
