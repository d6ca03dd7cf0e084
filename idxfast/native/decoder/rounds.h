/* A round: several cursors decode symbols in one block, then the valid ones are written. Included
 * once for each kind of processor (variants.h).
 *
 * All cursors but the first start at guessed bits. Prefix codes synchronise (Klein and Wiseman,
 * 2003; Weissenberger and Schmidt, 2018): after some symbols, such a cursor nearly always stands
 * where a codeword really begins. Its symbols are known to be those of the stream, and are
 * written, only if two things hold: the previous cursor's symbols are those of the stream, too, and
 * the previous cursor arrives at this cursor's first bit with a literal or length to come.
 */

/* The second phase: write what a cursor has decoded at `work->at`; or, for a segment, write the
 * literals and append the matches. False if this needs the careful path: then nothing has changed
 * except bytes from `work->at` on. */
static ALWAYS_INLINE TARGET int VARIANT(write_records)(const int appends, const int one_distance,
                                                       const struct inflater *inflater,
                                                       struct work *work,
                                                       const struct cursor *cursor) {
    const uint32_t *table = inflater->table;
    const struct record *record = (const struct record *)cursor->first_record;
    const struct record *end = (const struct record *)(cursor->record + 8 * cursor->literal);
    const uint8_t *literal = (const uint8_t *)cursor->first_literal;
    const uint8_t *window = work->out + work->start, *last = work->out + work->space;
    uint8_t *to = work->out + work->at;
    const uint32_t literal_bits = inflater->literals.bits;
    struct symbols symbols = {0};
    if (appends) {
        symbols = *work->symbols;
        if ((size_t)(end - record) > symbols.match_room - symbols.match_count) return 0;
    }
    while (record < end) {
        uint64_t bits = record->bits;
        size_t count = (uint32_t)((uint32_t)(uintptr_t)literal - record->literal);
        uint32_t entry = table[LOWEST(bits, literal_bits)];
        record++;
        if (UNLIKELY(entry & SPECIAL))
            entry = long_entry(&inflater->literals, literal_entries, bits);
        else
            entry -= (uint32_t)one_distance;
        size_t length = VALUE_OF(entry, bits), distance = 1;
        if (one_distance) {
            if (UNLIKELY(bits >> (entry & BITS_MASK) & 1)) return 0;
        } else {
            bits = record->bits;
            record++;
            entry = inflater->small_table[bits & SMALL_MASK];
            if (UNLIKELY(entry & SPECIAL)) entry = table[TABLE_SIZE + (bits & TABLE_MASK)];
            if (UNLIKELY(entry & SPECIAL))
                entry = long_entry(&inflater->distances, distance_entries, bits);
            distance = VALUE_OF(entry, bits);
        }
        if (appends) {
            literal -= count;
            count = (size_t)(cursor->first_literal - (uintptr_t)literal);
            append_match(&symbols, work->at + count, length, distance);
            continue;
        }
        if (UNLIKELY(count + length + SLACK > (size_t)(last - to))) {
            /* Near the end of the output, byte by byte. */
            if (count + length > (size_t)(last - to)) return 0;
            for (; count; count--) *to++ = *literal--;
            if (distance > (size_t)(to - window)) return 0;
            for (; length; length--, to++) *to = to[-(ptrdiff_t)distance];
            continue;
        }
        VARIANT(copy_literals)(to, literal, count);
        to += count;
        literal -= count;
        if (UNLIKELY(distance > (size_t)(to - window))) return 0;
        PREFETCH_TO_WRITE((uintptr_t)to + PREFETCH_DISTANCE);
        if (one_distance) VARIANT(copy_byte)(to, to[-1], length);
        else VARIANT(copy_match)(to, distance, length);
        to += length;
    }
    if (appends) literal = (const uint8_t *)cursor->first_literal;
    size_t count = (size_t)((uintptr_t)literal - cursor->literal);
    if (count + SLACK > (size_t)(last - to)) {
        if (count > (size_t)(last - to)) return 0;
        for (; count; count--) *to++ = *literal--;
    } else {
        VARIANT(copy_literals)(to, literal, count);
        to += count;
    }
    work->at = (size_t)(to - work->out);
    if (appends) *work->symbols = symbols;
    return 1;
}

static NEVER_INLINE TARGET int VARIANT(write_symbols)(const struct inflater *inflater,
                                                      struct work *work,
                                                      const struct cursor *cursor) {
    if (work->symbols)
        return inflater->has_one_distance ? VARIANT(write_records)(1, 1, inflater, work, cursor)
                                          : VARIANT(write_records)(1, 0, inflater, work, cursor);
    return inflater->has_one_distance ? VARIANT(write_records)(0, 1, inflater, work, cursor)
                                      : VARIANT(write_records)(0, 0, inflater, work, cursor);
}

static TARGET size_t VARIANT(step)(int cursors, struct cursor **cursor,
                                   const struct inflater *inflater, const uint8_t *in,
                                   size_t groups) {
    if (cursors == 1) return VARIANT(step_1)(cursor, inflater, in, groups);
    if (cursors == 2) return VARIANT(step_2)(cursor, inflater, in, groups);
    if (cursors == 3) return VARIANT(step_3)(cursor, inflater, in, groups);
    return VARIANT(step_4)(cursor, inflater, in, groups);
}

/* Decode a round of `cursors` cursors, `chunk` bits apart, of at most `groups` groups each. No
 * group begins after the bit `last`. Return how many bits from `work->bit` on are left to the
 * careful path. */
static TARGET uint64_t VARIANT(decode_round)(struct inflater *inflater, struct work *work,
                                             int cursors, uint64_t chunk, uint64_t last,
                                             size_t groups) {
    const uint8_t *in = work->in;
    struct cursor all[MAX_CURSORS], *running[MAX_CURSORS];
    uint64_t starts[MAX_CURSORS];
    const size_t warm = inflater->warm_groups;
    const uintptr_t record =
        (uintptr_t)inflater->scratch->records - 8 * first_literal(inflater->scratch, 0);

    for (int k = 0; k < cursors; k++) {
        all[k].bit = work->bit + (uint64_t)k * chunk;
        all[k].limit = last;
        all[k].is_guess = k > 0;
        clear_cursor(inflater->scratch, &all[k], k, record);
        running[k] = &all[k];
    }
    VARIANT(step)(cursors, running, inflater, in, warm);
    for (int k = 1; k < cursors; k++) {
        all[k].state = RUNS;
        while (all[k].table) VARIANT(step_carefully)(inflater, &all[k], in, 1);
        starts[k] = all[k].bit;
        all[k].is_guess = 0;
        clear_cursor(inflater->scratch, &all[k], k, all[0].record);
        all[k - 1].limit = starts[k];
    }
    if (last > work->bit + (uint64_t)cursors * chunk + chunk / 8)
        all[cursors - 1].limit = work->bit + (uint64_t)cursors * chunk + chunk / 8;
    groups -= warm;
    for (;;) {
        int runs = 0;
        for (int k = 0; k < cursors; k++) {
            if (all[k].state == RUNS) running[runs++] = &all[k];
            /* The end of the block has been found, so later cursors are not needed. */
            else if (runs == 0 && all[k].state != AT_LIMIT) break;
        }
        if (runs == 0 || groups == 0) break;
        groups = VARIANT(step)(runs, running, inflater, in, groups);
    }
    if (steps_of(&all[0]) >= GROUP * MIN_WARM)
        inflater->group_bits = (all[0].bit - work->bit) * GROUP / steps_of(&all[0]) + 1;
    inflater->missed = 0;
    for (int k = 0; k < cursors; k++) {
        struct cursor *cursor = &all[k];
        if (cursor->state == AT_LIMIT) cursor->state = RUNS;
        uint64_t target = k + 1 < cursors ? starts[k + 1] : 0;
        for (int i = 0; i < MAX_STEPS_TO_REACH && cursor->state == RUNS; i++) {
            if (cursor->table == 0 && (cursor->bit >= target || target - cursor->bit > 1024)) break;
            VARIANT(step_carefully)(inflater, cursor, in, 1);
        }
        const uint64_t before = work->bit;
        if (cursor->table || !VARIANT(write_symbols)(inflater, work, cursor)) {
            return cursor->bit - before;
        }
        work->bit = cursor->bit;
        if (cursor->state != RUNS) return 0;
        if (k + 1 < cursors && cursor->bit != target) {
            inflater->missed = 1;
            return 0;
        }
    }
    return 0;
}
