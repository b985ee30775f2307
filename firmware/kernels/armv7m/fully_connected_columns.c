/* SPDX-License-Identifier: Apache-2.0 */
#include "armv7m/block.h"
#include "armv7m/kernels.h"
#include "portable/window.h"

void nn_fully_connected_columns_armv7m(const nn_fully_connected_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const nn_output_t out = {op->bias,          op->multiplier, op->shift,  op->per_channel,
                             op->output_offset, op->act_min,    op->act_max};
    const int32_t in_n = op->in_n, out_n = op->out_n;
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += in_n, y += out_n)
        for (int32_t c = 0; c < out_n; c += NN_DOT_OUTPUTS) {
            int32_t sums[NN_DOT_OUTPUTS];
            nn_dot_columns_armv7m(x, op->weights + c * in_n, in_n, sums);
            nn_output(&out, c, (const uint32_t *)sums, out_n - c < NN_DOT_OUTPUTS ? out_n - c : NN_DOT_OUTPUTS, y + c);
        }
}
