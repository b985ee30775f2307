/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

void nn_signal_energy_portable(const nn_signal_energy_t *op, const int16_t *x, uint32_t *y, void *scratch) {
    (void)scratch;
    for (int32_t i = 0; i < op->start; i++)
        y[i] = 0;
    for (int32_t i = op->start; i < op->end; i++) {
        const int32_t re = x[2 * i], im = x[2 * i + 1];
        y[i] = (uint32_t)(re * re) + (uint32_t)(im * im);
    }
    for (int32_t i = op->end; i < op->count; i++)
        y[i] = 0;
}
