/* Cursors: places in a block from which symbols are decoded at the same time, and the scratch
 * memory for these symbols. */
#ifndef IDXFAST_DECODER_CURSORS_H
#define IDXFAST_DECODER_CURSORS_H

#include "careful.h"
#include "tuning.h"

enum {
    MAX_CURSORS = 4,
    GROUP = 4,         /* steps */
    GROUP_BITS = 56,   /* what every load provides, so the most that a group takes from one */
    SYMBOL_BITS = 28,  /* the most that a step takes: a distance, codeword and extra bits */
    SUM_MASK = 1023,
    /* How many single steps may follow the groups, to reach the next cursor's start. */
    MAX_STEPS_TO_REACH = 256,
    SCRATCH_STEPS = GROUP * MAX_GROUPS + MAX_STEPS_TO_REACH + 2 * GROUP,
};

/* A length or a distance: its bits, and the low 32 bits of the next literal's address. */
struct record {
    uint32_t bits, literal;
};

struct scratch {
    uint8_t literals[MAX_CURSORS][SCRATCH_STEPS + 2 * SLACK];
    struct record records[MAX_CURSORS][SCRATCH_STEPS];
};

struct cursor {
    uint64_t bit, limit;
    /* Addresses: the next literal goes to `literal`, the next record to `record` + 8 * `literal`.
     * Every step adds 8 to `record`, and a literal takes 1 from `literal`, so that one of the two
     * places moves on. */
    uintptr_t literal, record;
    uintptr_t first_literal, first_record;
    size_t table; /* 0 if a literal or length comes next; TABLE_SIZE if a distance does */
    enum { RUNS, AT_LIMIT, ENDS } state; /* ENDS at an end of block or an invalid codeword */
    int is_guess; /* it may stand inside a codeword, so it ignores ends and errors */
};

/* Discard what a cursor has decoded. */
static void clear_cursor(struct scratch *scratch, struct cursor *cursor, int k) {
    cursor->first_literal = (uintptr_t)(scratch->literals[k] + SCRATCH_STEPS + SLACK);
    cursor->first_record = (uintptr_t)scratch->records[k];
    cursor->literal = cursor->first_literal;
    cursor->record = cursor->first_record - 8 * cursor->literal;
    cursor->table = 0;
    cursor->state = RUNS;
}

/* How many symbols a cursor has decoded. */
static size_t steps_of(const struct cursor *cursor) {
    return (cursor->record - (cursor->first_record - 8 * cursor->first_literal)) / 8;
}

#endif
