/* Cursors: places in a block from which symbols are decoded at the same time, and the scratch memory
 * that takes them. */
#ifndef IDXFAST_DECODER_CURSORS_H
#define IDXFAST_DECODER_CURSORS_H

#include "careful.h"
#include "tuning.h"

enum {
    MAX_CURSORS = 4,
    GROUP = 4,         /* steps */
    GROUP_BITS = 56,   /* what a load surely has, so the most for a group without care */
    SYMBOL_BITS = 28,  /* the most for a step: a distance, codeword and extra bits */
    SUM_MASK = 1023,
    /* Steps after those, one at a time: to the next cursor's start. */
    MAX_STEPS_TO_REACH = 256,
    SCRATCH_STEPS = GROUP * MAX_GROUPS + MAX_STEPS_TO_REACH + 2 * GROUP,
};

/* A length or a distance: its bits, and the low part of where the next literal goes. */
struct record {
    uint32_t bits, literal;
};

struct scratch {
    uint8_t literals[MAX_CURSORS][SCRATCH_STEPS + 2 * SLACK];
    struct record records[MAX_CURSORS][SCRATCH_STEPS];
};

struct cursor {
    uint64_t bit, limit;
    /* Addresses, of which one step moves on either the first or the second: the next literal goes
     * to `literal`, the next record to `record` + 8 * `literal`. */
    uintptr_t literal, record;
    uintptr_t first_literal, first_record;
    size_t table; /* 0: literals and lengths come next; TABLE_SIZE: a distance */
    enum { RUNS, AT_LIMIT, ENDS, IS_WRONG } state;
    int is_guess; /* it may stand inside of a codeword, and takes nothing for an end or an error */
};

/* Forget what a cursor has decoded. */
static void clear_cursor(struct scratch *scratch, struct cursor *cursor, int k) {
    cursor->first_literal = (uintptr_t)(scratch->literals[k] + SCRATCH_STEPS + SLACK);
    cursor->first_record = (uintptr_t)scratch->records[k];
    cursor->literal = cursor->first_literal;
    cursor->record = cursor->first_record - 8 * cursor->literal;
    cursor->table = 0;
    cursor->state = RUNS;
}

/* How many symbols it has decoded. */
static size_t steps_of(const struct cursor *cursor) {
    return (cursor->record - (cursor->first_record - 8 * cursor->first_literal)) / 8;
}

#endif
