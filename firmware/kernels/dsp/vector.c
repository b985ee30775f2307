/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "expand.h"

enum { OUTPUTS = 4 };

void nn_fully_connected_by_vector(const nn_fully_connected_vector_dsp_t *op, nn_vector_fn *outputs, const int8_t *x,
                                  int8_t *y, void *scratch) {
    const int32_t in_n = op->in_n, out_n = op->out_n, steps = (in_n + 3) / 4, whole = out_n & ~(OUTPUTS - 1);
    for (int32_t n = 0; n < op->batches; n++, x += in_n, y += out_n) {
        int8_t last[OUTPUTS];
        nn_vector_block_t block = {x, op->stream, y, y + whole, op->linear, steps, op->expanded};
        if (op->expanded) {
            nn_expand(x, in_n, scratch);
            block.x = scratch;
        }
        if (whole > 0)
            outputs(&block);
        if (whole < out_n) {
            block.stream += whole / OUTPUTS * op->four_words;
            block.y = last;
            block.y_end = last + OUTPUTS;
            outputs(&block);
            memcpy(y + whole, last, (size_t)(out_n - whole));
        }
        if (op->act_min > -128 || op->act_max < 127)
            nn_clamp_outputs(y, out_n, op->act_min, op->act_max);
    }
}
