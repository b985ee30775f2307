/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

void nn_signal_filter_bank_portable(const nn_signal_filter_bank_t *op, const uint32_t *x, uint64_t *y, void *scratch) {
    (void)scratch;
    uint64_t sum = 0;
    for (int32_t band = 0; band <= op->channels; band++) {
        const uint32_t *energies = x + op->bins[band];
        const int16_t *weight = op->weight + op->places[band], *unweight = op->unweight + op->places[band];
        uint64_t next = 0;
        for (int32_t i = 0; i < op->widths[band]; i++) {
            sum += (uint64_t)energies[i] * (uint16_t)weight[i];
            next += (uint64_t)energies[i] * (uint16_t)unweight[i];
        }
        if (band > 0)
            y[band - 1] = sum;
        sum = next;
    }
}
