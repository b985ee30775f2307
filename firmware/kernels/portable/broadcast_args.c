/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

/* From the last axis on; an axis that a shape does not have is 1. */
void nn_broadcast_args_portable(const nn_broadcast_args_t *op, const int32_t *x1, const int32_t *x2, int32_t *y,
                                void *scratch) {
    (void)scratch;
    int32_t left1 = op->count1, left2 = op->count2;
    for (int32_t i = left1 > left2 ? left1 : left2; i-- > 0;) {
        const int32_t size1 = left1 > 0 ? x1[--left1] : 1, size2 = left2 > 0 ? x2[--left2] : 1;
        y[i] = size1 == 1 ? size2 : size1;
    }
}
