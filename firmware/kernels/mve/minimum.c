/* SPDX-License-Identifier: Apache-2.0 */
#define NN_SELECT vminq_s8
#include "select.h"

void nn_minimum_mve(const nn_minimum_t *op, const int8_t *x1, const int8_t *x2, int8_t *y, void *scratch) {
    (void)scratch;
    nn_rows(op, x1, x2, y, row);
}
