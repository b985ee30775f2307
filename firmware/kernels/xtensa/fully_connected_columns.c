/* SPDX-License-Identifier: Apache-2.0 */
#include "xtensa/kernels.h"
#include "xtensa/output.h"

void nn_fully_connected_columns_xtensa(const nn_fully_connected_columns_xtensa_t *op, const int8_t *x, int8_t *y,
                                       void *scratch) {
    const nn_output_line_t out = {op->mode, op->bits, op->output_offset, op->act_min, op->act_max};
    const int32_t in_n = op->in_n, out_n = op->out_n, step = op->line_step;
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += in_n) {
        const int32_t *bias = op->bias, *line = op->lines;
        const uint8_t *weights = op->weights;
        uint32_t excess = 0; /* what sums are too large by */
        for (int32_t i = 0; i < in_n; i++)
            excess += (uint32_t)((uint8_t)x[i] ^ 128u);
        excess *= 128;
        for (int32_t left = out_n; left > 0; left -= NN_DOT_OUTPUTS, weights += NN_DOT_OUTPUTS * in_n) {
            uint32_t sums[NN_DOT_OUTPUTS];
            nn_dot_columns_xtensa(x, weights, in_n, sums);
            for (int32_t i = 0; i < NN_DOT_OUTPUTS && i < left; i++, line += step)
                *y++ = nn_output_by_line(&out, (int32_t)(sums[i] - excess + (uint32_t)*bias++), line);
        }
    }
}
