/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "xtensa/own_layout.h"

void nn_fully_connected_xtensa(const nn_fully_connected_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const nn_output_t out = {op->bias,          op->multiplier, op->shift,  op->per_channel,
                             op->output_offset, op->act_min,    op->act_max};
    const nn_window_t window = {.rows = 1, .runs = 1, .length = op->in_n, .offset = op->input_offset};
    (void)scratch;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_n, y += op->out_n)
        nn_dot_outputs(&window, &out, x, op->weights, op->in_n, op->out_n, y);
}
