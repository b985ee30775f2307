/* SPDX-License-Identifier: Apache-2.0 */
#include "riscv/dot.h"
#include "riscv/kernels.h"

void nn_fully_connected_riscv(const nn_fully_connected_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    nn_fully_connected_by_dot(op, x, y, nn_dot_riscv);
}
