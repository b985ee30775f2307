/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

static int32_t dot(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2) {
    const int32_t offset1 = op->offset1, offset2 = op->offset2, step1 = op->depth1, step2 = op->depth2;
    uint32_t sum = 0;
    for (int32_t i = op->depth; i > 0; i--, x1 += step1, x2 += step2)
        sum += (uint32_t)((*x1 + offset1) * (*x2 + offset2));
    return (int32_t)sum;
}

static int8_t *matrix(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    for (int32_t row = 0; row < op->rows; row++)
        for (int32_t column = 0; column < op->columns; column++) {
            int32_t sum = dot(op, x1 + row * op->row1, x2 + column * op->column2);
            int32_t scaled = nn_requantize(sum, op->multiplier, op->shift);
            *y++ = (int8_t)nn_clamp(nn_add_wrapping(scaled, op->output_offset), -128, 127);
        }
    return y;
}

void nn_batch_matmul_portable(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                              void *scratch) {
    (void)scratch;
    const int32_t *s1 = op->stride1, *s2 = op->stride2;
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++)
                y = matrix(op, x1 + a * s1[0] + b * s1[1] + c * s1[2], x2 + a * s2[0] + b * s2[1] + c * s2[2], y);
}
