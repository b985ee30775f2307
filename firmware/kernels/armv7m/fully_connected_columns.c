/* SPDX-License-Identifier: Apache-2.0 */
#include "armv7m/block.h"
#include "armv7m/kernels.h"
#include "portable/columns.h"

void nn_fully_connected_columns_armv7m(const nn_fully_connected_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nn_fully_connected_by_columns(op, x, y, nn_dot_columns_armv7m);
}
