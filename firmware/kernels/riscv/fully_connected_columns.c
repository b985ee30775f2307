/* SPDX-License-Identifier: Apache-2.0 */
#include "portable/columns.h"
#include "riscv/kernels.h"

#define NN_WEIGHT int8_t
#include "riscv/columns.h"

void nn_fully_connected_columns_riscv(const nn_fully_connected_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nn_fully_connected_by_columns(op, x, y, nn_sum_columns);
}
