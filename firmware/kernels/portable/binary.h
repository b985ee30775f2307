/* SPDX-License-Identifier: Apache-2.0
 *
 * What binary element-wise kernels share. Each includes this, defines its loop over one row, and calls nn_rows(). */
#ifndef NN_BINARY_H
#define NN_BINARY_H

#include "nn.h"
#include "nn_math.h"

/* One row: y[i] of x1[i * stride1[3]] and x2[i * stride2[3]], for i below dims[3]. */
typedef void nn_row_fn(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y);

static inline void nn_rows(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, nn_row_fn *row) {
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++) {
                row(op, x1 + a * op->stride1[0] + b * op->stride1[1] + c * op->stride1[2],
                    x2 + a * op->stride2[0] + b * op->stride2[1] + c * op->stride2[2], y);
                y += op->dims[3];
            }
}

/* An operand of a sum brought to the common scale of both; shift is 0 or negative. */
static inline int32_t nn_operand(int32_t x, int left_shift, int32_t multiplier, int shift) {
    return nn_rounding_shift(nn_mul_q31(x * (1 << left_shift), multiplier), -shift);
}

#endif
