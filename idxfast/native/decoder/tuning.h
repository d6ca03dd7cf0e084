/* Constants that measurements have chosen. They affect speed alone. Tests of the decoder change
 * them, so that cursors meet, fail and are tried again in small streams, too. */
#ifndef IDXFAST_DECODER_TUNING_H
#define IDXFAST_DECODER_TUNING_H

#ifndef MIN_WARM
#define MIN_WARM 20 /* groups before a guessed cursor counts; on image data 1 in 100 needs more */
#define MAX_WARM 160 /* groups; if cursors synchronise later, the plain path is taken */
/* Of 2^15. With two matches per literal, cursors are as fast as the plain path; with more they are
 * slower. With a limit below 19,000, text would take 1.25 times as long. */
#define MAX_MATCH_SHARE 21845
#define PLAIN_REST (1 << 21) /* bits to decode on the plain path before cursors are tried again */
#define MIN_CHUNK_A_GROUP 125 /* bits between two cursors, for each group needed to synchronise */
#define MAX_GROUPS 2560 /* of a cursor in one round: about a quarter of zlib's largest blocks */
#define MIN_SPACE 4096 /* bytes of output for a round */
#define REST_BITS 12000 /* expected to follow in a block that has exceeded its expected size */
#define FIRST_BLOCK_BITS 64000
#define FIRST_GROUP_BITS 24
#define PLAIN_STEP (1 << 16) /* bytes of output after which the plain path checks the budget */
#define PREFETCH_DISTANCE 2048 /* bytes; saves 10 to 14 % of the copies' time */
#endif

enum {
    INPUT_MARGIN = 512, /* bits at the end of the input in which no group begins: more than a group
                         * and the loads of its steps need */
};

#endif
