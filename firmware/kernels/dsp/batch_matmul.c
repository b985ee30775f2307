/* SPDX-License-Identifier: Apache-2.0
 *
 * Four columns at a time become int16, their offset added, in the order of the products; all rows go over them. */
#include "batch_matmul.h"

#include <string.h>

#include "portable/matrices.h"
#include "rows.h"
#include "scaled.h"

enum { COLUMNS = 4 };

/* Both operands' halfwords as int16, sign extended bytes 0 and 2 of the second added to the first. */
static inline uint32_t add_even(uint32_t offsets, uint32_t word) {
    uint32_t pair;
    __asm__("sxtab16 %0, %1, %2" : "=r"(pair) : "r"(offsets), "r"(word));
    return pair;
}

static inline uint32_t add_odd(uint32_t offsets, uint32_t word) {
    uint32_t pair;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(pair) : "r"(offsets), "r"(word));
    return pair;
}

static inline uint32_t low_halves(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
}

static inline uint32_t high_halves(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm__("pkhtb %0, %2, %1, asr #16" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
}

/* For each four of the depth and each column (k0 k2) and (k1 k3), with zeros after the end; sums of each. */
typedef struct {
    uint32_t pair[COLUMNS][2];
} four_t;

/* Two rows of four columns that are neighbors, of one of the pairs. */
static inline void two_rows(four_t *to, int pair, uint32_t offsets, uint32_t row, uint32_t other, int32_t *sums) {
    const uint32_t ones = 0x10001;
    const uint32_t even = add_even(offsets, row), odd = add_odd(offsets, row);
    const uint32_t even2 = add_even(offsets, other), odd2 = add_odd(offsets, other);
    const uint32_t made[COLUMNS] = {low_halves(even, even2), low_halves(odd, odd2), high_halves(even, even2),
                                    high_halves(odd, odd2)};
    for (int c = 0; c < COLUMNS; c++) {
        to->pair[c][pair] = made[c];
        sums[c] = nn_smlad(made[c], ones, sums[c]);
    }
}

__attribute__((noinline)) static void neighbors(four_t *to, const int8_t *x, int32_t fours, int32_t down,
                                                uint32_t offsets, int32_t *sums) {
    for (; fours > 0; fours--, to++, x += 4 * down) {
        two_rows(to, 0, offsets, nn_word(x), nn_word(x + 2 * down), sums);
        two_rows(to, 1, offsets, nn_word(x + down), nn_word(x + 3 * down), sums);
    }
}

/* One column whose values are neighbors. */
__attribute__((noinline)) static int32_t column(four_t *to, int c, const int8_t *x, int32_t fours, uint32_t offsets) {
    const uint32_t ones = 0x10001;
    int32_t sum = 0;
    for (; fours > 0; fours--, to++, x += 4) {
        const uint32_t word = nn_word(x), even = add_even(offsets, word), odd = add_odd(offsets, word);
        to->pair[c][0] = even;
        to->pair[c][1] = odd;
        sum = nn_smlad(even, ones, nn_smlad(odd, ones, sum));
    }
    return sum;
}

/* Columns one value after the other, from first of the depth on. */
static void slowly(const nn_batch_matmul_t *op, four_t *columns, const int8_t *x, int32_t count, int32_t first,
                   int32_t *sums) {
    for (int32_t k = first; k < op->depth; k++) {
        int16_t *to = (int16_t *)columns[k / 4].pair + 2 * (k % 2) + k / 2 % 2;
        for (int32_t c = 0; c < count; c++) {
            const int16_t value = (int16_t)(x[k * op->depth2 + c * op->column2] + op->offset2);
            to[4 * c] = value;
            sums[c] += value;
        }
    }
}

static void expand(const nn_batch_matmul_t *op, four_t *columns, const int8_t *x, int32_t count, int32_t *sums) {
    const uint32_t offsets = (uint16_t)op->offset2 * 0x10001u;
    const int32_t whole = op->depth / 4;
    int32_t done = 0;
    if (op->depth % 4 > 0)
        columns[whole] = (four_t){{{0}}};
    if (op->column2 == 1 && count == COLUMNS) {
        neighbors(columns, x, whole, op->depth2, offsets, sums);
        done = 4 * whole;
    } else if (op->depth2 == 1) {
        for (int32_t c = 0; c < count; c++)
            sums[c] += column(columns, c, x + c * op->column2, whole, offsets);
        done = 4 * whole;
    }
    slowly(op, columns, x, count, done, sums);
}

/* sums: of a row's words and four columns. */
__attribute__((noinline)) static void dot(const int8_t *row, const four_t *columns, int32_t fours, int32_t *sums) {
    int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3], x0, x1, w0, w1;
    __asm__ volatile("1: ldr %[x1], [%[x]], #4\n"
                     "ldrd %[w0], %[w1], [%[w]], #8\n"
                     "sxtb16 %[x0], %[x1]\n"
                     "sxtb16 %[x1], %[x1], ror #8\n"
                     "smlad %[s0], %[w0], %[x0], %[s0]\n"
                     "smlad %[s0], %[w1], %[x1], %[s0]\n"
                     "ldrd %[w0], %[w1], [%[w]], #8\n"
                     "subs %[fours], #1\n"
                     "smlad %[s1], %[w0], %[x0], %[s1]\n"
                     "smlad %[s1], %[w1], %[x1], %[s1]\n"
                     "ldrd %[w0], %[w1], [%[w]], #8\n"
                     "smlad %[s2], %[w0], %[x0], %[s2]\n"
                     "smlad %[s2], %[w1], %[x1], %[s2]\n"
                     "ldrd %[w0], %[w1], [%[w]], #8\n"
                     "smlad %[s3], %[w0], %[x0], %[s3]\n"
                     "smlad %[s3], %[w1], %[x1], %[s3]\n"
                     "bne 1b\n"
                     : [x] "+r"(row), [w] "+r"(columns), [fours] "+r"(fours), [s0] "+r"(s0), [s1] "+r"(s1),
                       [s2] "+r"(s2), [s3] "+r"(s3), [x0] "=&r"(x0), [x1] "=&r"(x1), [w0] "=&r"(w0), [w1] "=&r"(w1)
                     :
                     : "cc", "memory");
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* Where a row's values are neighbors, in whole words. */
static const int8_t *words_of(const nn_batch_matmul_t *op, const int8_t *x1, int8_t *to) {
    if (op->depth1 == 1 && op->depth % 4 == 0)
        return x1;
    for (int32_t k = 0; k < op->depth; k++)
        to[k] = x1[k * op->depth1];
    return to;
}

static void matrix(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    const int32_t fours = (op->depth + 3) / 4, right = -op->shift, half = 1 << (right - 1);
    four_t *const columns = scratch;
    int8_t *const copy = (int8_t *)(columns + fours);
    for (int32_t first = 0; first < op->columns; first += COLUMNS) {
        const int32_t left = op->columns - first, count = left < COLUMNS ? left : COLUMNS;
        int32_t start[COLUMNS] = {0};
        expand(op, columns, x2 + first * op->column2, count, start);
        for (int c = 0; c < COLUMNS; c++)
            start[c] *= op->offset1;
        for (int32_t row = 0; row < op->rows; row++) {
            int32_t sums[COLUMNS] = {start[0], start[1], start[2], start[3]};
            int8_t *to = y + row * op->columns + first;
            dot(words_of(op, x1 + row * op->row1, copy), columns, fours, sums);
            for (int32_t c = 0; c < count; c++)
                to[c] = (int8_t)nn_clamp_8(nn_scaled(2 * sums[c], op->multiplier, half, right) + op->output_offset);
        }
    }
}

void nn_batch_matmul_dsp(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    nn_matrices(op, x1, x2, y, scratch, matrix);
}
