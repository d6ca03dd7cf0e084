/* The fast paths through a block, for all processors and for those with BMI2 and SSSE3. */
#ifndef IDXFAST_DECODER_VARIANTS_H
#define IDXFAST_DECODER_VARIANTS_H

#include "cursors.h"

enum {
    MAX_LENGTH = 258,
    PLAIN_INPUT = 8 + 3 * 8, /* a load, and what three refills advance by */
    PLAIN_OUTPUT = 2 + MAX_LENGTH + SLACK,
};

#define VARIANT(name) name##_portable
#define TARGET
#define LOWEST(word, count) lowest(word, count)
#define VALUE_OF(entry, bits) value_of(entry, bits)
#include "copies.h"
#include "plain.h"
#include "symbols.h"
#include "rounds.h"
#undef VARIANT
#undef TARGET
#undef LOWEST
#undef VALUE_OF

#if defined(__GNUC__) && defined(__x86_64__) && UINTPTR_MAX == UINT64_MAX
#include <immintrin.h>
#define HAS_VARIANTS
#define HAS_SHUFFLES

/* Bytes 0 to d - 1, again and again. */
#define REPETITION(d)                                                                       \
    {0 % (d), 1 % (d), 2 % (d), 3 % (d), 4 % (d), 5 % (d), 6 % (d), 7 % (d), 8 % (d), 9 % (d), \
     10 % (d), 11 % (d), 12 % (d), 13 % (d), 14 % (d), 15 % (d)}
static const uint8_t repetitions[16][16] __attribute__((aligned(16))) = {
    {0}, REPETITION(1), REPETITION(2), REPETITION(3), REPETITION(4), REPETITION(5),
    REPETITION(6), REPETITION(7), REPETITION(8), REPETITION(9), REPETITION(10), REPETITION(11),
    REPETITION(12), REPETITION(13), REPETITION(14), REPETITION(15),
};

static const uint8_t repetition_sizes[16] = {
    0, 16, 16, 15, 16, 15, 12, 14, 16, 9, 10, 11, 12, 13, 14, 15,
};

/* Where gcc can ask for LZCNT, a processor has to have it. Without it, steps take 1.05 times as
 * long. */
#if __GNUC__ >= 11
#define LZCNT "lzcnt"
#else
#define LZCNT "bmi"
#endif

#define VARIANT(name) name##_bmi2
#define STEP_IN_ASSEMBLY
#define TARGET __attribute__((target("bmi,bmi2,ssse3,prfchw," LZCNT)))
#define LOWEST(word, count) _bzhi_u64(word, count)
/* Bits 6 and 7 of a length's or distance's entry are 0. */
#define VALUE_OF(entry, bits) sum_of(entry, _bzhi_u64(bits, entry))
#include "copies.h"
#include "plain.h"
#include "symbols.h"
#include "rounds.h"
#undef VARIANT
#undef TARGET
#undef LOWEST
#undef VALUE_OF
#endif

#ifdef HAS_VARIANTS
#define BY_VARIANT(inflater, name, arguments) \
    ((inflater)->has_bmi2 ? name##_bmi2 arguments : name##_portable arguments)
#else
#define BY_VARIANT(inflater, name, arguments) (name##_portable arguments)
#endif

static int has_bmi2(void) {
#ifdef HAS_VARIANTS
    return __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("ssse3") && __builtin_cpu_supports(LZCNT);
#else
    return 0;
#endif
}

#endif
