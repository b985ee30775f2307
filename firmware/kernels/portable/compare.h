/* SPDX-License-Identifier: Apache-2.0
 *
 * A comparison of two operands at a common scale, as a whole kernel: NN_COMPARISON(less, <). */
#ifndef NN_COMPARE_H
#define NN_COMPARE_H

#include "binary.h"

#define NN_COMPARISON(name, relation)                                                                                  \
    static void name##_row(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {                     \
        const int32_t count = op->dims[3], stride1 = op->stride1[3], stride2 = op->stride2[3];                         \
        for (int32_t i = 0; i < count; i++) {                                                                          \
            int32_t a = nn_operand(*x1 + op->offset1, op->left_shift, op->multiplier1, op->shift1);                    \
            int32_t b = nn_operand(*x2 + op->offset2, op->left_shift, op->multiplier2, op->shift2);                    \
            *y++ = a relation b;                                                                                       \
            x1 += stride1;                                                                                             \
            x2 += stride2;                                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
                                                                                                                       \
    void nn_##name##_portable(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {   \
        (void)scratch;                                                                                                 \
        nn_rows(op, x1, x2, y, name##_row);                                                                            \
    }

#endif
