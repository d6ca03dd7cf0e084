/* Cursors: places in a block from which symbols are decoded at the same time, and the scratch
 * memory for these symbols. */
#ifndef IDXFAST_DECODER_CURSORS_H
#define IDXFAST_DECODER_CURSORS_H

#include "careful.h"
#include "tuning.h"

enum {
    MAX_CURSORS = 4,
    GROUP = 4,         /* steps */
    GROUP_BITS = 62,   /* the most that a group takes from one load (symbols.h) */
    SYMBOL_BITS = 28,  /* the most that a step takes: a distance, codeword and extra bits */
    /* How many single steps may follow the groups, to reach the next cursor's start. */
    MAX_STEPS_TO_REACH = 256,
    SCRATCH_STEPS = GROUP * MAX_GROUPS + MAX_STEPS_TO_REACH + 2 * GROUP,
    SCRATCH_SIZE = SCRATCH_STEPS + 2 * SLACK,
};

/* A length or a distance: its bits, and the low 32 bits of the next literal's address. */
struct record {
    uint32_t bits, literal;
};

/* Both arrays have the same size, so that `record` (below) can be the same for all cursors. */
struct scratch {
    uint8_t literals[MAX_CURSORS][SCRATCH_SIZE];
    struct record records[MAX_CURSORS][SCRATCH_SIZE];
};

struct cursor {
    uint64_t bit, limit;
    /* Addresses: the next literal goes to `literal`, the next record to `record` + 8 * `literal`.
     * Every step adds 8 to `record`, and a literal takes 1 from `literal`, so that one of the two
     * places moves on. Cursors that run have the same `record`, which fast steps share. */
    uintptr_t literal, record;
    uintptr_t first_literal, first_record;
    size_t table; /* 0 if a literal or length comes next; TABLE_SIZE if a distance does */
    enum { RUNS, AT_LIMIT, ENDS } state; /* ENDS at an end of block or an invalid codeword */
    int is_guess; /* it may stand inside a codeword, so it ignores ends and errors */
};

static uintptr_t first_literal(const struct scratch *scratch, int k) {
    return (uintptr_t)(scratch->literals[k] + SCRATCH_STEPS + SLACK);
}

/* Discard what a cursor has decoded. Its steps count from `record` on. */
static void clear_cursor(struct scratch *scratch, struct cursor *cursor, int k, uintptr_t record) {
    cursor->first_literal = first_literal(scratch, k);
    cursor->first_record = record + 8 * cursor->first_literal;
    cursor->literal = cursor->first_literal;
    cursor->record = record;
    cursor->table = 0;
    cursor->state = RUNS;
}

/* How many symbols a cursor has decoded. */
static size_t steps_of(const struct cursor *cursor) {
    return (cursor->record - (cursor->first_record - 8 * cursor->first_literal)) / 8;
}

#endif
