/* The first of two phases: decode symbols, which needs no window. Included once for each kind of
 * processor (variants.h).
 *
 * A step decodes one codeword of any kind, without a branch: look it up, store a literal's byte,
 * store a record, advance by its bits, and choose the table for the next codeword. The byte and the
 * record are stored every time, but only the place of the one that was needed moves on: the next
 * step overwrites the other. Four steps are a group, decoded from one load of 64 bits.
 */

/* Literals are written downwards, four bytes at a time, of which only the last counts. */
#if IS_LITTLE_ENDIAN
#define KEEP_LITERAL(to, entry) (kept = (uint32_t)(entry), memcpy((uint8_t *)(to) - 3, &kept, 4))
#else
#define KEEP_LITERAL(to, entry) (kept = (entry) >> LITERAL_SHIFT, *(uint8_t *)(to) = (uint8_t)kept)
#endif

/* Decode up to `count` symbols of any kind, but no further than an end of block or an error. */
static NEVER_INLINE TARGET void VARIANT(step_carefully)(const struct inflater *inflater,
                                                        struct cursor *cursor, const uint8_t *in,
                                                        int count) {
    for (; count && cursor->state == RUNS; count--) {
        uint64_t word = load_64(in + (size_t)(cursor->bit >> 3)) >> (cursor->bit & 7);
        uint32_t kept, entry = inflater->table[(word & TABLE_MASK) + cursor->table];
        if (is_long(entry)) {
            if (cursor->table) {
                entry = long_entry(&inflater->distances, distance_entries, word);
            } else {
                entry = long_entry(&inflater->literals, literal_entries, word);
                if (!(entry & (LITERAL | SPECIAL)) && inflater->has_one_distance)
                    entry = (entry + 1) | NO_DISTANCE;
            }
        }
        if (entry & SPECIAL) {
            if (cursor->is_guess) {
                cursor->bit++;
                cursor->table = 0;
            } else {
                cursor->state = ENDS;
            }
            continue;
        }
        if (entry & LITERAL) {
            KEEP_LITERAL(cursor->literal, entry);
            cursor->literal--;
        } else {
            struct record record = {(uint32_t)word, (uint32_t)cursor->literal};
            memcpy((uint8_t *)(cursor->record + 8 * cursor->literal), &record, sizeof(record));
        }
        cursor->record += 8;
        cursor->bit += entry & BITS_MASK;
        cursor->table = ~entry & NO_DISTANCE;
    }
}

/* Decode `groups` groups of each cursor, or fewer if one of them stops. What follows a special
 * symbol in its group is invalid, but stays inside the scratch memory. */
static ALWAYS_INLINE TARGET size_t VARIANT(step_groups)(const int cursors, struct cursor **cursor,
                                                        const struct inflater *inflater,
                                                        const uint8_t *in, size_t groups) {
    const uint32_t *table = inflater->table;
    uint64_t bit[MAX_CURSORS], word[MAX_CURSORS];
    uintptr_t literal[MAX_CURSORS], to_literal[MAX_CURSORS], record = cursor[0]->record;
    size_t next[MAX_CURSORS], off[MAX_CURSORS];
    int stops = 0;
/* All cursors take a step before any of them takes the next one: while a step waits for its entry,
 * what a processor looks ahead has to reach the other cursors' steps. Not a loop, because clang 14
 * would keep the arrays in memory. */
#define EACH(DO, i)                \
    do {                           \
        DO(0, i);                  \
        if (cursors > 1) DO(1, i); \
        if (cursors > 2) DO(2, i); \
        if (cursors > 3) DO(3, i); \
    } while (0)
#define TAKE(k, i) \
    (bit[k] = cursor[k]->bit, literal[k] = cursor[k]->literal, next[k] = cursor[k]->table)
#define GIVE(k)                         \
    (cursor[k]->bit = bit[k], cursor[k]->literal = literal[k], cursor[k]->record = record, \
     cursor[k]->table = next[k])
/* The highest bit of the load is set. It shows afterwards how many bits the group has shifted away,
 * and is itself shifted away by what does not fit below it, and by special entries. */
#define BEGIN(k, i)                                                                              \
    (word[k] = (load_64(in + (size_t)(bit[k] >> 3)) | (uint64_t)1 << 63) >> (bit[k] & 7),        \
     to_literal[k] = literal[k], off[k] = next[k])
#ifdef STEP_IN_ASSEMBLY
#define STEP(k, i)                                                                               \
    do {                                                                                         \
        uint64_t entry = table[_bzhi_u64(word[k], table_bits) + off[k]];                         \
        __asm__ volatile(                                                                        \
            "movl %k0, %c4(%2, %3, 8)\n\tmovl %k3, %c5(%2, %3, 8)\n\tmovl %k1, -3(%3)" ::"r"(    \
                word[k]),                                                                        \
            "r"(entry), "r"(record), "r"(to_literal[k]), "i"(8 * (i)), "i"(8 * (i) + 4)          \
            : "memory");                                                                         \
        word[k] >>= entry & BITS_MASK;                                                           \
        off[k] = _andn_u64(entry, no_distance);                                                  \
        __asm__("btl $10, %k1\n\tsbbq $0, %0" : "+r"(to_literal[k]) : "r"(entry) : "cc");        \
    } while (0)
    /* With constants, gcc would use two instructions instead of one. */
    uint64_t table_bits = TABLE_BITS, no_distance = NO_DISTANCE;
    __asm__("" : "+r"(table_bits), "+r"(no_distance));
#else
#define STEP(k, i)                                                                               \
    do {                                                                                         \
        uint32_t kept, entry = table[lowest(word[k], TABLE_BITS) + off[k]];                      \
        const struct record one = {(uint32_t)word[k], (uint32_t)to_literal[k]};                  \
        memcpy((uint8_t *)(record + 8 * to_literal[k] + 8 * (i)), &one, sizeof(one));            \
        KEEP_LITERAL(to_literal[k], entry);                                                      \
        word[k] >>= entry & BITS_MASK;                                                           \
        off[k] = ~entry & NO_DISTANCE;                                                           \
        to_literal[k] -= entry >> 10 & 1;                                                        \
    } while (0)
#endif
#define END(k, i)                                                                                \
    do {                                                                                         \
        const unsigned used = leading_zeros(word[k]);                                            \
        if (LIKELY(used <= GROUP_BITS)) {                                                        \
            bit[k] = (bit[k] & ~(uint64_t)7) + used;                                             \
            literal[k] = to_literal[k];                                                          \
            next[k] = off[k];                                                                    \
        } else {                                                                                 \
            const uint64_t before = bit[k];                                                      \
            GIVE(k);                                                                             \
            VARIANT(step_carefully)(inflater, cursor[k], in, GROUP);                             \
            TAKE(k, );                                                                           \
            if (cursor[k]->state != RUNS || bit[k] - before > GROUP_BITS) stops = 1;             \
        }                                                                                        \
    } while (0)
    EACH(TAKE, );
    while (groups && !stops) {
        /* As many groups as end before each cursor's limit if each takes at most GROUP_BITS. */
        size_t safe = groups;
        for (int k = 0; k < cursors; k++) {
            uint64_t room = cursor[k]->limit > bit[k] ? (cursor[k]->limit - bit[k]) / GROUP_BITS : 0;
            if (room < safe) safe = (size_t)room;
            if (room == 0) {
                cursor[k]->state = AT_LIMIT;
                stops = 1;
            }
        }
        if (stops) break;
        groups -= safe;
        do {
            EACH(BEGIN, );
            EACH(STEP, 0);
            EACH(STEP, 1);
            EACH(STEP, 2);
            EACH(STEP, 3);
            EACH(END, );
            record += 8 * GROUP;
        } while (--safe && LIKELY(!stops));
        groups += safe;
        if (stops) {
            stops = 0;
            for (int k = 0; k < cursors; k++) stops |= cursor[k]->state != RUNS;
        }
    }
    for (int k = 0; k < cursors; k++)
        if (cursor[k]->state != ENDS) GIVE(k);
    return groups;
}

#undef TAKE
#undef GIVE
#undef STEP
#undef EACH
#undef BEGIN
#undef END

static NEVER_INLINE TARGET size_t VARIANT(step_1)(struct cursor **cursor,
                                                  const struct inflater *inflater,
                                                  const uint8_t *in, size_t groups) {
    return VARIANT(step_groups)(1, cursor, inflater, in, groups);
}
static NEVER_INLINE TARGET size_t VARIANT(step_2)(struct cursor **cursor,
                                                  const struct inflater *inflater,
                                                  const uint8_t *in, size_t groups) {
    return VARIANT(step_groups)(2, cursor, inflater, in, groups);
}
static NEVER_INLINE TARGET size_t VARIANT(step_3)(struct cursor **cursor,
                                                  const struct inflater *inflater,
                                                  const uint8_t *in, size_t groups) {
    return VARIANT(step_groups)(3, cursor, inflater, in, groups);
}
static NEVER_INLINE TARGET size_t VARIANT(step_4)(struct cursor **cursor,
                                                  const struct inflater *inflater,
                                                  const uint8_t *in, size_t groups) {
    return VARIANT(step_groups)(4, cursor, inflater, in, groups);
}
#undef KEEP_LITERAL
