/* SPDX-License-Identifier: Apache-2.0 */
#include "binary.h"

static void logical_or_row(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    const int32_t count = op->dims[3], stride1 = op->stride1[3], stride2 = op->stride2[3];
    for (int32_t i = 0; i < count; i++) {
        *y++ = *x1 | *x2;
        x1 += stride1;
        x2 += stride2;
    }
}

void nn_logical_or_portable(const nn_binary_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, logical_or_row);
}
