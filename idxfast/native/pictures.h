/* Arithmetic on the pixels of pictures: edges to cut off, resizing, adaptive sharpening, rounding.
 *
 * Pictures are arrays of shape (height, width, 3) in C order. Sums are doubles, and each is formed
 * in the same order on every machine. The callers check all sizes.
 */
#ifndef IDXFAST_PICTURES_H
#define IDXFAST_PICTURES_H

#include <stddef.h>
#include <stdint.h>

#include "wide_vectors.h"

enum { CHANNELS = 3 };

typedef struct {
    ptrdiff_t left, top, right, bottom; /* the first and the last of columns and rows; -1: none */
} edges;

#define DEFINE_FIND_EDGES(name, level, number)                                                     \
    static int name##_unlike(const level *pixel, const level *colour, number limit) {              \
        const number red = (number)pixel[0] - (number)colour[0];                                   \
        const number green = (number)pixel[1] - (number)colour[1];                                 \
        const number blue = (number)pixel[2] - (number)colour[2];                                  \
        return red * red + green * green + blue * blue > limit;                                    \
    }                                                                                              \
    /* The first column and row with a pixel unlike the top-left one, the last column with one     \
     * unlike the top-right pixel, and the last row with one unlike the bottom-left one. */        \
    static edges name(const level *picture, ptrdiff_t height, ptrdiff_t width, number limit) {     \
        const ptrdiff_t line = CHANNELS * width;                                                   \
        const level *const right_corner = picture + line - CHANNELS;                               \
        const level *const bottom_corner = picture + (height - 1) * line;                          \
        edges found = {width, -1, -1, -1};                                                         \
        for (ptrdiff_t y = 0; y < height; y++) {                                                   \
            const level *const row = picture + y * line;                                           \
            for (ptrdiff_t x = 0; x < found.left; x++)                                             \
                if (name##_unlike(row + CHANNELS * x, picture, limit)) {                           \
                    found.left = x;                                                                \
                    break;                                                                         \
                }                                                                                  \
            if (found.top < 0 && found.left < width)                                               \
                found.top = y;                                                                     \
            for (ptrdiff_t x = width - 1; x > found.right; x--)                                    \
                if (name##_unlike(row + CHANNELS * x, right_corner, limit)) {                      \
                    found.right = x;                                                               \
                    break;                                                                         \
                }                                                                                  \
        }                                                                                          \
        for (ptrdiff_t y = height - 1; y >= 0 && found.bottom < 0; y--)                            \
            for (ptrdiff_t x = 0; x < width; x++)                                                  \
                if (name##_unlike(picture + y * line + CHANNELS * x, bottom_corner, limit)) {      \
                    found.bottom = y;                                                              \
                    break;                                                                         \
                }                                                                                  \
        return found;                                                                              \
    }

DEFINE_FIND_EDGES(find_edges_of_bytes, uint8_t, int32_t)
DEFINE_FIND_EDGES(find_edges_of_doubles, double, double)

/* The weights of old lines or pixels in each of `new_count` new ones: an array of shape (new_count,
 * longest). Each row begins with the weight of the first old line of its span, which ends before the
 * second number. Neither the first nor the second numbers decrease from row to row. */
typedef struct {
    const double *weights;
    const ptrdiff_t *spans;
    ptrdiff_t longest, old_count, new_count;
} resampling;

/* Add a line of levels to those of the new lines in which it has a weight.
 *
 * The lines have to come in order: `first` is the first new line that still misses some. MSVC knows
 * `restrict` only by the name with underscores.
 */
static inline void add_line(double *__restrict target, const double *__restrict line,
                            ptrdiff_t size, ptrdiff_t k, const resampling *how,
                            ptrdiff_t *first) {
    while (*first < how->new_count && how->spans[2 * *first + 1] <= k)
        ++*first;
    for (ptrdiff_t i = *first; i < how->new_count && how->spans[2 * i] <= k; i++) {
        const double weight = how->weights[i * how->longest + k - how->spans[2 * i]];
        double *__restrict const sums = target + i * size;
        for (ptrdiff_t n = 0; n < size; n++)
            sums[n] += weight * line[n];
    }
}

/* Resize a picture of bytes or of doubles; `down` and `across` tell its height and its width.
 *
 * `room` is for a line that is as wide as the old picture or as the new one is high, and for two
 * pictures that are as high as the new one and as wide as the old one and the new one.
 */
BUILD_FOR_WIDE_VECTORS
static void resample_picture(double *target, const void *source, int is_bytes,
                             const resampling *down, const resampling *across, double *room) {
    const ptrdiff_t old_width = across->old_count, width = across->new_count;
    const ptrdiff_t height = down->new_count, size = CHANNELS * old_width;
    double *const line = room;
    double *const lines = line + CHANNELS * (old_width > height ? old_width : height);
    double *const columns = lines + size * height;
    for (ptrdiff_t n = 0; n < (size + CHANNELS * width) * height; n++)
        lines[n] = 0;
    for (ptrdiff_t k = 0, first = 0; k < down->old_count; k++) {
        const double *levels = line;
        if (is_bytes)
            for (ptrdiff_t n = 0; n < size; n++)
                line[n] = ((const uint8_t *)source)[k * size + n];
        else
            levels = (const double *)source + k * size;
        add_line(lines, levels, size, k, down, &first);
    }
    /* A column as a line, so that sums are formed over many pixels at a time again. */
    for (ptrdiff_t k = 0, first = 0; k < old_width; k++) {
        for (ptrdiff_t y = 0; y < height; y++)
            for (ptrdiff_t c = 0; c < CHANNELS; c++)
                line[CHANNELS * y + c] = lines[y * size + CHANNELS * k + c];
        add_line(columns, line, CHANNELS * height, k, across, &first);
    }
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++)
            for (ptrdiff_t c = 0; c < CHANNELS; c++)
                *target++ = columns[CHANNELS * (x * height + y) + c];
}

enum { TAPS = 5, REACH = TAPS / 2 };

static ptrdiff_t limited(ptrdiff_t index, ptrdiff_t count) {
    return index < 0 ? 0 : index < count ? index : count - 1;
}

/* Sum the pixels around each, with the same weights along both axes; borders repeat the edge.
 *
 * `room` is for (width + 2 * REACH) pixels.
 */
BUILD_FOR_WIDE_VECTORS
static void sum_neighbours(double *target, const double *source, const double *taps, double *room,
                           ptrdiff_t height, ptrdiff_t width) {
    const ptrdiff_t line = CHANNELS * width, margin = CHANNELS * REACH;
    double *const middle = room + margin;
    for (ptrdiff_t y = 0; y < height; y++) {
        const double *rows[TAPS];
        for (ptrdiff_t k = 0; k < TAPS; k++)
            rows[k] = source + limited(y + k - REACH, height) * line;
        for (ptrdiff_t i = 0; i < line; i++)
            middle[i] = taps[0] * (rows[0][i] + rows[4][i]) + taps[1] * (rows[1][i] + rows[3][i]) +
                        taps[2] * rows[2][i];
        for (ptrdiff_t i = 0; i < margin; i++) {
            room[i] = middle[i % CHANNELS];
            middle[line + i] = middle[line - CHANNELS + i % CHANNELS];
        }
        for (ptrdiff_t i = 0; i < line; i++)
            target[y * line + i] = taps[0] * (room[i] + room[i + 4 * CHANNELS]) +
                                   taps[1] * (room[i + CHANNELS] + room[i + 3 * CHANNELS]) +
                                   taps[2] * room[i + 2 * CHANNELS];
    }
}

/* How a picture is sharpened: see sharpening.py. The weights are symmetric, and each array holds
 * the first of them up to the one in the middle. */
typedef struct {
    double blur[REACH + 1];
    double intensity[CHANNELS];
    double near_edge, near_centre, near_taps[REACH + 1];
    double at_edge, far_centre, far_taps[REACH + 1];
} sharpening;

/* Sharpen a picture. `room` is for 3 pictures, and for a line as `sum_neighbours` needs it. */
BUILD_FOR_WIDE_VECTORS
static void sharpen_picture(double *target, const double *source, const sharpening *how,
                            double *room, ptrdiff_t height, ptrdiff_t width) {
    static const double ones[REACH + 1] = {1, 1, 1};
    const ptrdiff_t size = CHANNELS * height * width;
    double *const edges = room, *const near = room + size, *const far = near + size;
    double *const line = far + size;
    sum_neighbours(near, source, ones, line, height, width);
    for (ptrdiff_t i = 0; i < size; i++)
        near[i] = TAPS * TAPS * source[i] - near[i];
    sum_neighbours(edges, near, how->blur, line, height, width);
    sum_neighbours(near, source, how->near_taps, line, height, width);
    sum_neighbours(far, source, how->far_taps, line, height, width);
    double low = edges[0], high = edges[0];
    for (ptrdiff_t i = 1; i < size; i++) {
        low = edges[i] < low ? edges[i] : low;
        high = edges[i] > high ? edges[i] : high;
    }
    const double near_edge = low + how->near_edge * (high - low);
    const double at_edge = low + how->at_edge * (high - low);
    for (ptrdiff_t i = 0; i < size; i += CHANNELS) {
        const double strength = how->intensity[0] * edges[i] + how->intensity[1] * edges[i + 1] +
                                how->intensity[2] * edges[i + 2];
        for (ptrdiff_t k = i; k < i + CHANNELS; k++)
            target[k] = !(high > low) || strength < near_edge ? source[k]
                        : strength < at_edge ? how->near_centre * source[k] - near[k]
                                             : how->far_centre * source[k] - far[k];
    }
}

/* Round levels to bytes, halves up, after limiting them to the range of bytes; NaN becomes 0. */
BUILD_FOR_WIDE_VECTORS
static void round_levels(uint8_t *target, const double *source, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const double level = source[i] > 0 ? source[i] : 0;
        target[i] = (uint8_t)(int32_t)((level < 255 ? level : 255) + 0.5);
    }
}

/* Weighted sums of red, green and blue, of 65,536, rounded down: Rec. 601. */
BUILD_FOR_WIDE_VECTORS
static void make_grey(uint8_t *target, const uint8_t *source, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++)
        target[i] = (uint8_t)((19595u * source[CHANNELS * i] + 38470u * source[CHANNELS * i + 1] +
                               7471u * source[CHANNELS * i + 2]) >>
                              16);
}

#endif
