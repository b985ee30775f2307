/* SPDX-License-Identifier: Apache-2.0 */
#include "binary.h"

static void sub_row(const nn_sub_t *op, const int8_t *x1, const int8_t *x2, int8_t *y) {
    nn_sum_row(op, x1, x2, y, 1);
}

void nn_sub_mve(const nn_sub_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, sub_row);
}
