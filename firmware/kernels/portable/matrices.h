/* SPDX-License-Identifier: Apache-2.0
 *
 * The pairs of matrices that BATCH_MATMUL multiplies. */
#ifndef NN_MATRICES_H
#define NN_MATRICES_H

#include "nn.h"

/* The product of one pair: rows x columns at y. */
typedef void nn_matrix_fn(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch);

static inline void nn_matrices(const nn_batch_matmul_t *op, const int8_t *x1, const int8_t *x2, int8_t *y,
                               void *scratch, nn_matrix_fn *matrix) {
    const int32_t *s1 = op->stride1, *s2 = op->stride2;
    for (int32_t a = 0; a < op->dims[0]; a++)
        for (int32_t b = 0; b < op->dims[1]; b++)
            for (int32_t c = 0; c < op->dims[2]; c++, y += op->rows * op->columns)
                matrix(op, x1 + a * s1[0] + b * s1[1] + c * s1[2], x2 + a * s2[0] + b * s2[1] + c * s2[2], y, scratch);
}

#endif
