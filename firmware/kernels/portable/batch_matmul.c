/* SPDX-License-Identifier: Apache-2.0 */
#include "matrices.h"
#include "nn_math.h"

enum { TOGETHER = 4 }; /* columns, so that what a row has is read once for them */

static uint32_t row_sum(const nn_batch_matmul_t *op, const int8_t *x1) {
    uint32_t sum = 0;
    for (int32_t i = op->depth; i > 0; i--, x1 += op->depth1)
        sum += (uint32_t)(*x1 + op->offset1);
    return sum;
}

/* sums: of the products, without the second offset's. */
static void four_columns(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, uint32_t *sums) {
    const int32_t offset1 = op->offset1, step1 = op->depth1, step2 = op->depth2;
    const int32_t at1 = op->column2, at2 = 2 * at1, at3 = 3 * at1;
    uint32_t sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
    for (int32_t i = op->depth; i > 0; i--, x1 += step1, x2 += step2) {
        const int32_t value = *x1 + offset1;
        sum0 += (uint32_t)(value * x2[0]);
        sum1 += (uint32_t)(value * x2[at1]);
        sum2 += (uint32_t)(value * x2[at2]);
        sum3 += (uint32_t)(value * x2[at3]);
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

static uint32_t one_column(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2) {
    uint32_t sum = 0;
    for (int32_t i = op->depth; i > 0; i--, x1 += op->depth1, x2 += op->depth2)
        sum += (uint32_t)((*x1 + op->offset1) * *x2);
    return sum;
}

static void matrix(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    for (int32_t row = 0; row < op->rows; row++, x1 += op->row1) {
        const uint32_t beside = (uint32_t)op->offset2 * row_sum(op, x1);
        for (int32_t column = 0; column < op->columns;) {
            uint32_t sums[TOGETHER];
            int32_t count = op->columns - column >= TOGETHER ? TOGETHER : 1;
            if (count == TOGETHER)
                four_columns(op, x1, x2 + column * op->column2, sums);
            else
                sums[0] = one_column(op, x1, x2 + column * op->column2);
            column += count;
            for (int32_t i = 0; i < count; i++) {
                int32_t scaled = nn_requantize((int32_t)(sums[i] + beside), op->multiplier, op->shift);
                *y++ = (int8_t)nn_clamp(nn_add_wrapping(scaled, op->output_offset), -128, 127);
            }
        }
    }
}

void nn_batch_matmul_portable(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                              void *scratch) {
    nn_matrices(op, x1, x2, y, scratch, matrix);
}
