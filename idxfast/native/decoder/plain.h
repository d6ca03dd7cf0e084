/* The plain way: one symbol after the other, straight into the output. Included once for each kind
 * of processor (variants.h). */

/* Decode while that needs no care: at most to `limit` bytes of output, and not near the end of the
 * input. What is left for the careful path are ends of blocks, errors, and copies from history. */
static ALWAYS_INLINE TARGET void VARIANT(decode_in_order)(const uint32_t one_distance,
                                                          const struct inflater *inflater,
                                                          struct work *work, size_t limit) {
    if (work->size < PLAIN_INPUT || limit < PLAIN_OUTPUT) return;
    const uint32_t *table = inflater->table, *distances = inflater->small_table;
    const uint8_t *in = work->in + (size_t)(work->bit >> 3);
    const uint8_t *last_in = work->in + (work->size - PLAIN_INPUT);
    uint8_t *to = work->out + work->at, *last_to = work->out + (limit - PLAIN_OUTPUT);
    const uint8_t *window = work->out + work->start;
    const uint32_t literal_bits = inflater->literals.bits;
    /* The low eight bits of `count` are how many bits of `word` are known, at most 63; the others do
     * not matter, so whole entries can be subtracted. */
    uint32_t count = (uint32_t)(work->bit & 7);
    uint64_t word;
    if (in > last_in || to > last_to) return;

/* At least 56 bits afterwards. The bits above them are right already, and come again. */
#define REFILL() (word |= load_64(in) << (count & 63), in += 7 - (count >> 3 & 7), count |= 56)
#define CONSUME(entry) (word >>= (entry) & BITS_MASK, count -= (entry))
    word = load_64(in) >> count;
    in += 7;
    count = 56 - count;
    uint32_t entry = table[LOWEST(word, literal_bits)];
    do {
        REFILL();
        /* Three literals at the most: then the codeword after them is still there. */
        if (entry & LITERAL) {
            CONSUME(entry);
            *to++ = (uint8_t)(entry >> LITERAL_SHIFT);
            entry = table[LOWEST(word, literal_bits)];
            if (entry & LITERAL) {
                CONSUME(entry);
                *to++ = (uint8_t)(entry >> LITERAL_SHIFT);
                entry = table[LOWEST(word, literal_bits)];
                if (entry & LITERAL) {
                    CONSUME(entry);
                    *to++ = (uint8_t)(entry >> LITERAL_SHIFT);
                    entry = table[LOWEST(word, literal_bits)];
                    continue;
                }
            }
        }
        if (UNLIKELY(entry & SPECIAL)) {
            if (!is_long(entry)) break;
            entry = long_entry(&inflater->literals, literal_entries, word);
            if (entry & SPECIAL) break;
            if (entry & LITERAL) {
                CONSUME(entry);
                *to++ = (uint8_t)(entry >> LITERAL_SHIFT);
                entry = table[LOWEST(word, literal_bits)];
                continue;
            }
        } else {
            entry -= one_distance;
        }
        const uint8_t *in_before = in;
        uint32_t count_before = count;
        size_t length = VALUE_OF(entry, word);
        CONSUME(entry);
        if (UNLIKELY((uint8_t)count < SYMBOL_BITS)) REFILL();
        entry = distances[word & SMALL_MASK];
        if (UNLIKELY(entry & SPECIAL)) {
            entry = table[TABLE_SIZE + (word & TABLE_MASK)];
            if (is_long(entry)) entry = long_entry(&inflater->distances, distance_entries, word);
        }
        size_t distance = VALUE_OF(entry, word);
        if (UNLIKELY(entry & SPECIAL) || UNLIKELY(distance > (size_t)(to - window))) {
            in = in_before;
            count = count_before;
            break;
        }
        CONSUME(entry);
        if (UNLIKELY((uint8_t)count < TABLE_BITS)) REFILL();
        entry = table[LOWEST(word, literal_bits)];
        if (one_distance) VARIANT(copy_byte)(to, to[-1], length);
        else VARIANT(copy_match)(to, distance, length);
        to += length;
    } while (in <= last_in && to <= last_to);
#undef REFILL
#undef CONSUME
    work->bit = 8 * (uint64_t)(in - work->in) - (uint8_t)count;
    work->at = (size_t)(to - work->out);
}

static NEVER_INLINE TARGET void VARIANT(decode_matches)(const struct inflater *inflater,
                                                        struct work *work, size_t limit) {
    VARIANT(decode_in_order)(0, inflater, work, limit);
}

static NEVER_INLINE TARGET void VARIANT(decode_runs)(const struct inflater *inflater,
                                                     struct work *work, size_t limit) {
    VARIANT(decode_in_order)(1, inflater, work, limit);
}

static TARGET void VARIANT(decode_plainly)(const struct inflater *inflater, struct work *work,
                                           size_t limit) {
    if (inflater->has_one_distance) VARIANT(decode_runs)(inflater, work, limit);
    else VARIANT(decode_matches)(inflater, work, limit);
}
