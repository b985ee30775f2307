/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

static int16_t *matrix(const nn_batch_matmul_int16_t *op, const int16_t *x1, const int16_t *x2, int16_t *y) {
    for (int32_t row = 0; row < op->rows; row++, x1 += op->row1)
        for (int32_t column = 0; column < op->columns; column++) {
            const int16_t *a = x1, *b = x2 + column * op->column2;
            int64_t sum = 0;
            for (int32_t i = op->depth; i > 0; i--, a += op->depth1, b += op->depth2)
                sum += (int32_t)*a * *b;
            *y++ = (int16_t)nn_clamp(nn_requantize_wide(sum, op->multiplier, op->shift), INT16_MIN, INT16_MAX);
        }
    return y;
}

void nn_batch_matmul_int16_portable(const nn_batch_matmul_int16_t *op, const int16_t *x1, const int16_t *x2, int16_t *y,
                                    void *scratch) {
    (void)scratch;
    const int32_t *s1 = op->stride1, *s2 = op->stride2;
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++)
                y = matrix(op, x1 + a * s1[0] + b * s1[1] + c * s1[2], x2 + a * s2[0] + b * s2[1] + c * s2[2], y);
}
