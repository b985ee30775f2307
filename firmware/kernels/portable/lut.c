/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

void nn_lut_portable(const nn_lut_t *op, const int8_t *x, int8_t *y, void *scratch) {
    (void)scratch;
    const int8_t *zero = op->table + 128, *end = x + op->count;
    while (x < end)
        *y++ = zero[*x++];
}
