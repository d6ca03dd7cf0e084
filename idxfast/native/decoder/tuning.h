/* What measurements have chosen. Nothing but speed depends on it, and tests of the decoder set it so
 * that small streams, too, are decoded by cursors that meet, fail and are tried again. */
#ifndef IDXFAST_DECODER_TUNING_H
#define IDXFAST_DECODER_TUNING_H

#ifndef MIN_WARM
#define MIN_WARM 20 /* groups before a guessed cursor counts; of image data 1 in 100 needs more */
#define MAX_WARM 160 /* groups, where cursors do not fall into step sooner; then the plain way */
/* Of 2^15: with two matches to a literal cursors are as fast as the plain way, with more, slower. Below
 * 19,000 text would take 1.25 times as long. */
#define MAX_MATCH_SHARE 21845
#define PLAIN_REST (1 << 21) /* bits to decode in the plain way before cursors are tried again */
#define MIN_CHUNK_A_GROUP 125 /* bits between two cursors, for each group that they warm up */
#define MAX_GROUPS 2560 /* of a cursor in one round: zlib's largest blocks by four, about */
#define MIN_SPACE 4096 /* bytes of output for a round */
#define REST_BITS 12000 /* what is expected of a block that is larger than expected */
#define FIRST_BLOCK_BITS 64000
#define FIRST_GROUP_BITS 24
#define PLAIN_STEP (1 << 16) /* bytes of output after which the plain way looks at the budget */
#define PREFETCH_DISTANCE 2048 /* bytes; 10 to 14 % of the copies' time */
#endif

enum {
    INPUT_MARGIN = 512, /* bits at the end of the input in which no group begins: more than one and
                         * the loads of its steps need */
};

#endif
