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
    uint64_t bit[MAX_CURSORS];
    uintptr_t literal[MAX_CURSORS], record[MAX_CURSORS];
    size_t next[MAX_CURSORS];
    int stops = 0;
#define TAKE(k)                         \
    (bit[k] = cursor[k]->bit, literal[k] = cursor[k]->literal, record[k] = cursor[k]->record, \
     next[k] = cursor[k]->table)
#define GIVE(k)                         \
    (cursor[k]->bit = bit[k], cursor[k]->literal = literal[k], cursor[k]->record = record[k], \
     cursor[k]->table = next[k])
/* For the C version, gcc 12 makes half as many instructions again: it computes each address anew,
 * and turns the flag into a number before subtracting. On image data the steps take 1.1 times as
 * long. */
#ifdef STEP_IN_ASSEMBLY
#define STEP(entry, i)                                                                       \
    uint64_t entry = table[_bzhi_u64(word, table_bits) + off];                               \
    __asm__ volatile(                                                                        \
        "movl %k0, %c4(%2, %3, 8)\n\tmovl %k3, %c5(%2, %3, 8)\n\tmovl %k1, -3(%3)" ::"r"(word), \
        "r"(entry), "r"(to_record), "r"(to_literal), "i"(8 * (i)), "i"(8 * (i) + 4)          \
        : "memory");                                                                         \
    word >>= entry & BITS_MASK;                                                              \
    off = _andn_u64(entry, no_distance);                                                     \
    __asm__("btl $10, %k1\n\tsbbq $0, %0" : "+r"(to_literal) : "r"(entry) : "cc")
#else
#define STEP(entry, i)                                                                       \
    uint32_t entry = table[lowest(word, TABLE_BITS) + off];                                  \
    {                                                                                        \
        uint32_t kept;                                                                       \
        const struct record one = {(uint32_t)word, (uint32_t)to_literal};                    \
        memcpy((uint8_t *)(to_record + 8 * to_literal + 8 * (i)), &one, sizeof(one));        \
        KEEP_LITERAL(to_literal, entry);                                                     \
    }                                                                                        \
    word >>= entry & BITS_MASK;                                                              \
    off = ~entry & NO_DISTANCE;                                                              \
    to_literal -= entry >> 10 & 1
#endif
#ifdef STEP_IN_ASSEMBLY
    /* With constants, gcc would use two instructions instead of one. */
    uint64_t table_bits = TABLE_BITS, no_distance = NO_DISTANCE;
    __asm__("" : "+r"(table_bits), "+r"(no_distance));
#endif
    for (int k = 0; k < cursors; k++) TAKE(k);
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
            UNROLL
            for (int k = 0; k < cursors; k++) {
                uint64_t word = load_64(in + (size_t)(bit[k] >> 3)) >> (bit[k] & 7);
                uintptr_t to_literal = literal[k];
                const uintptr_t to_record = record[k];
                size_t off = next[k];
                STEP(e0, 0);
                STEP(e1, 1);
                STEP(e2, 2);
                STEP(e3, 3);
                uint64_t sum = (e0 + e1 + e2 + e3) & SUM_MASK;
                if (LIKELY(sum <= GROUP_BITS)) {
                    bit[k] += sum;
                    literal[k] = to_literal;
                    record[k] = to_record + 8 * GROUP;
                    next[k] = off;
                } else {
                    int count = e0 & SPECIAL ? 1 : e1 & SPECIAL ? 2 : e2 & SPECIAL ? 3 : 4;
                    uint64_t before = bit[k];
                    if (count == 4 && !(e3 & SPECIAL)) count = 2;
                    GIVE(k);
                    VARIANT(step_carefully)(inflater, cursor[k], in, count);
                    TAKE(k);
                    if (cursor[k]->state != RUNS || bit[k] - before > GROUP_BITS) stops = 1;
                }
            }
        } while (--safe && LIKELY(!stops));
        groups += safe;
        if (stops) {
            stops = 0;
            for (int k = 0; k < cursors; k++) stops |= cursor[k]->state != RUNS;
        }
    }
    for (int k = 0; k < cursors; k++) GIVE(k);
    return groups;
}

#undef TAKE
#undef GIVE
#undef STEP

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
