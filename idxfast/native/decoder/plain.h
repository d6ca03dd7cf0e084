/* The plain path: one symbol after another, straight into the output. Included once for each kind
 * of processor (variants.h). */

/* Decode up to `limit` bytes of output, but not near the end of the input. Ends of blocks, errors,
 * and copies from history are left to the careful path. */
static ALWAYS_INLINE TARGET void VARIANT(decode_in_order)(const int appends,
                                                          const uint32_t one_distance,
                                                          const struct inflater *inflater,
                                                          struct work *work, size_t limit) {
    const uint32_t *table = inflater->table, *distances = inflater->small_table;
    const uint8_t *in = work->in + (size_t)(work->bit >> 3);
    const uint8_t *last_in = work->in + (work->size - PLAIN_INPUT);
    uint8_t *to = work->out + work->at, *last_to = work->out + (limit - PLAIN_OUTPUT);
    const uint8_t *window = work->out + work->start;
    const uint32_t literal_bits = inflater->literals.bits;
    /* The low eight bits of `count` are the number of known bits in `word`, at most 63. The other
     * bits do not matter, so whole entries can be subtracted. */
    uint32_t count = (uint32_t)(work->bit & 7);
    uint64_t word;
    struct symbols symbols = {0};
    size_t most = 0;
    if (appends) {
        symbols = *work->symbols;
        most = symbols.match_room;
        if (most - symbols.match_count > PLAIN_STEP) most = symbols.match_count + PLAIN_STEP;
        if (symbols.match_count == most) return;
    }

/* Afterwards at least 56 bits are known. Those above them are right, too, and are loaded again. */
#define REFILL() (word |= load_64(in) << (count & 63), in += 7 - (count >> 3 & 7), count |= 56)
#define CONSUME(entry) (word >>= (entry) & BITS_MASK, count -= (entry))
#define LOOK_UP() table[LOWEST(word, literal_bits)]
/* Both entries that may follow are loaded before it is known which one does. After a mispredicted
 * branch the right one is there already, which saves 7 % of the time. */
#define TAKE(entry)                                    \
    do {                                               \
        bits = word;                                   \
        CONSUME(entry);                                \
        next = LOOK_UP();                              \
        distance_entry = distances[word & SMALL_MASK]; \
        LOAD_NOW(next);                                \
        LOAD_NOW(distance_entry);                      \
    } while (0)
#define PUT(entry) (*to++ = (uint8_t)((entry) >> LITERAL_SHIFT))
    word = load_64(in) >> count;
    in += 7;
    count = 56 - count;
    REFILL();
    uint32_t entry = LOOK_UP(), next, distance_entry;
    uint64_t bits;
    do {
        TAKE(entry);
        if (entry & LITERAL) {
            PUT(entry);
            entry = next;
            TAKE(entry);
            if (entry & LITERAL) {
                PUT(entry);
                entry = next;
                REFILL();
                continue;
            }
        }
        if (UNLIKELY(entry & SPECIAL)) {
            count += entry;
            break;
        }
        const size_t length = VALUE_OF(entry - one_distance, bits);
        size_t distance = 1;
        if (one_distance) {
            if (UNLIKELY(bits >> ((entry - 1) & BITS_MASK) & 1)) {
                count += entry;
                break;
            }
        } else {
            if (UNLIKELY(distance_entry & SPECIAL)) {
                REFILL();
                distance_entry = table[TABLE_SIZE + (word & TABLE_MASK)];
                if (is_long(distance_entry))
                    distance_entry = long_entry(&inflater->distances, distance_entries, word);
                if (distance_entry & SPECIAL) {
                    count += entry;
                    break;
                }
            }
            distance = VALUE_OF(distance_entry, word);
        }
        if (!appends && UNLIKELY(distance > (size_t)(to - window))) {
            count += entry;
            break;
        }
        /* Since the last refill, at most a literal, a length and a distance have been consumed, of
         * 11, 20 and 21 bits. */
        if (!one_distance) CONSUME(distance_entry);
        entry = LOOK_UP();
        REFILL();
        if (appends) {
            append_match(&symbols, (size_t)(to - work->out), length, distance);
            continue;
        }
        if (one_distance) VARIANT(copy_byte)(to, to[-1], length);
        else VARIANT(copy_match)(to, distance, length);
        to += length;
    } while (in <= last_in && to <= last_to && (!appends || symbols.match_count < most));
#undef REFILL
#undef CONSUME
#undef LOOK_UP
#undef TAKE
#undef PUT
    work->bit = 8 * (uint64_t)(in - work->in) - (uint8_t)count;
    work->at = (size_t)(to - work->out);
    if (appends) *work->symbols = symbols;
}

static NEVER_INLINE TARGET void VARIANT(decode_matches)(const struct inflater *inflater,
                                                        struct work *work, size_t limit) {
    VARIANT(decode_in_order)(0, 0, inflater, work, limit);
}

static NEVER_INLINE TARGET void VARIANT(decode_runs)(const struct inflater *inflater,
                                                     struct work *work, size_t limit) {
    VARIANT(decode_in_order)(0, 1, inflater, work, limit);
}

static NEVER_INLINE TARGET void VARIANT(decode_segment)(const struct inflater *inflater,
                                                        struct work *work, size_t limit) {
    VARIANT(decode_in_order)(1, inflater->has_one_distance, inflater, work, limit);
}

static TARGET void VARIANT(decode_plainly)(const struct inflater *inflater, struct work *work,
                                           size_t limit) {
    if (work->symbols) VARIANT(decode_segment)(inflater, work, limit);
    else if (inflater->has_one_distance) VARIANT(decode_runs)(inflater, work, limit);
    else VARIANT(decode_matches)(inflater, work, limit);
}
