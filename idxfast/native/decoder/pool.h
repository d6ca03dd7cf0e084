/* Idle decoders, kept for the next stream. To allocate a decoder and to touch its memory for the
 * first time takes longer than to decode a file of some KB. */
#ifndef IDXFAST_DECODER_POOL_H
#define IDXFAST_DECODER_POOL_H

#include "inflate.h"

enum { POOL_SIZE = 8 }; /* decoders of about 400 KB; by default, `load` uses at most 8 threads */

#if defined(_MSC_VER)
#include <intrin.h>
typedef void *volatile place;
#define EXCHANGE(place, value) _InterlockedExchangePointer(place, value)
#else
#include <stdatomic.h>
typedef _Atomic(void *) place;
#define EXCHANGE(place, value) atomic_exchange(place, value)
#endif

/* Places are only exchanged atomically. So a decoder has one owner at any time, and there is no
 * lock that a fork could leave locked. */
static place pool[POOL_SIZE];

/* A decoder at the beginning of a stream, owned by the caller; NULL if there is no memory. */
static struct inflater *take_inflater(void) {
    struct inflater *inflater = NULL;
    for (int i = 0; i < POOL_SIZE && inflater == NULL; i++)
        inflater = EXCHANGE(&pool[i], NULL);
    if (inflater == NULL) inflater = calloc(1, sizeof(*inflater));
    if (inflater) begin_stream(inflater);
    return inflater;
}

/* Give a decoder back; NULL is allowed. It takes the first place, whose decoder moves to the next
 * place, and so on; the last decoder that finds no free place is freed. */
static void give_back_inflater(struct inflater *inflater) {
    for (int i = 0; i < POOL_SIZE && inflater; i++) inflater = EXCHANGE(&pool[i], inflater);
    if (inflater) free(inflater->scratch);
    free(inflater);
}

#endif
