/* The plain way: one symbol after the other, straight into the output. Included once for each kind
 * of processor (variants.h). */

/* Decode while that needs no care: at most to `limit` bytes of output, and not near the end of the
 * input. What is left for the careful path are ends of blocks, errors, and copies from history. */
static NEVER_INLINE TARGET void VARIANT(decode_plainly)(const struct inflater *inflater,
                                                        struct work *work, size_t limit) {
    if (work->size < PLAIN_INPUT || limit < PLAIN_OUTPUT) return;
    const uint32_t *table = inflater->table, *distances = table + TABLE_SIZE;
    const uint8_t *in = work->in + (size_t)(work->bit >> 3);
    const uint8_t *last_in = work->in + (work->size - PLAIN_INPUT);
    uint8_t *to = work->out + work->at, *last_to = work->out + (limit - PLAIN_OUTPUT);
    const uint8_t *window = work->out + work->start;
    const uint32_t one_distance = inflater->has_one_distance;
    unsigned count = (unsigned)(work->bit & 7); /* of bits that are known, at the low end of word */
    uint64_t word;
    if (in > last_in || to > last_to) return;

/* At least 56 bits afterwards. The bits above them are right already, and come again. */
#define REFILL() (word |= load_64(in) << count, in += (63 - count) >> 3, count |= 56)
#define CONSUME(entry) (word >>= (entry) & BITS_MASK, count -= (entry) & BITS_MASK)
    word = load_64(in) >> count;
    in += 7;
    count = 56 - count;
    uint32_t entry = table[word & TABLE_MASK];
    do {
        REFILL();
        /* Three literals at the most: then the codeword after them is still there. */
        if (entry & LITERAL) {
            CONSUME(entry);
            *to++ = (uint8_t)(entry >> LITERAL_SHIFT);
            entry = table[word & TABLE_MASK];
            if (entry & LITERAL) {
                CONSUME(entry);
                *to++ = (uint8_t)(entry >> LITERAL_SHIFT);
                entry = table[word & TABLE_MASK];
                if (entry & LITERAL) {
                    CONSUME(entry);
                    *to++ = (uint8_t)(entry >> LITERAL_SHIFT);
                    entry = table[word & TABLE_MASK];
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
                entry = table[word & TABLE_MASK];
                continue;
            }
        } else {
            entry -= one_distance;
        }
        const uint8_t *in_before = in;
        unsigned count_before = count;
        size_t length = value_of(entry, word);
        CONSUME(entry);
        if (UNLIKELY(count < SYMBOL_BITS + TABLE_BITS)) REFILL();
        entry = distances[word & TABLE_MASK];
        if (UNLIKELY(is_long(entry)))
            entry = long_entry(&inflater->distances, distance_entries, word);
        size_t distance = value_of(entry, word);
        if (UNLIKELY(entry & SPECIAL || distance > (size_t)(to - window))) {
            in = in_before;
            count = count_before;
            break;
        }
        CONSUME(entry);
        entry = table[word & TABLE_MASK];
        VARIANT(copy_match)(to, distance, length);
        to += length;
    } while (in <= last_in && to <= last_to);
#undef REFILL
#undef CONSUME
    work->bit = 8 * (uint64_t)(in - work->in) - count;
    work->at = (size_t)(to - work->out);
}
