/* SPDX-License-Identifier: Apache-2.0 */
#include "gather.h"
#include "gemm.h"
#include "gemm_block.h"

/* Two tiles of 2x2 outputs side by side have windows of 4 rows and 6 columns together. */
enum { TILE = 2, TILES = 2, ROWS = 4, COLUMNS = 6, POSITIONS = 16, SUMS = POSITIONS * 2 * TILES };

static void gather(const nn_conv_2d_winograd_dsp_t *op, const int8_t *x, int32_t top, int32_t left, int8_t *to) {
    const int32_t in_c = op->in_c, beyond = left + COLUMNS - op->in_w;
    const int32_t before = left < 0 ? -left : 0, after = beyond > 0 ? beyond : 0;
    for (int32_t row = top; row < top + ROWS; row++) {
        int8_t *end = to + COLUMNS * in_c;
        if (row >= 0 && row < op->in_h && before + after < COLUMNS) {
            to = nn_fill(to, before * in_c, (int8_t)op->pad_value);
            to = nn_copy(to, x + (row * op->in_w + left + before) * in_c, (COLUMNS - before - after) * in_c);
        }
        to = nn_fill(to, end - to, (int8_t)op->pad_value);
    }
}

void nn_conv_2d_winograd_dsp(const nn_conv_2d_winograd_dsp_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const int32_t in_c = op->in_c, in_row = op->in_w * in_c, out_c = op->out_c, out_row = op->out_w * out_c;
    int16_t *input = scratch;
    int32_t *sums = (int32_t *)(input + POSITIONS * TILES * in_c);
    int8_t *gathered = (int8_t *)(sums + SUMS);
    nn_winograd_block_t block = {input, op->stream, 0, out_c, out_row, 0, sums, op->signed_outputs, in_c / 4};
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * in_row, y += op->out_h * out_row) {
        for (int32_t i = 0; i < op->out_h; i += TILE)
            for (int32_t j = 0; j < op->out_w; j += TILE * TILES) {
                const int32_t top = i - op->pad_top, left = j - op->pad_left;
                if ((top | left) >= 0 && top + ROWS <= op->in_h && left + COLUMNS <= op->in_w) {
                    nn_winograd_input_dsp(x + top * in_row + left * in_c, input, in_row, in_c);
                } else {
                    gather(op, x, top, left, gathered);
                    nn_winograd_input_dsp(gathered, input, COLUMNS * in_c, in_c);
                }
                block.y = y + i * out_row + j * out_c;
                block.y_end = block.y + out_c;
                nn_winograd_outputs_dsp(&block);
            }
        if (op->act_min > -128 || op->act_max < 127)
            nn_clamp_outputs(y, op->out_h * out_row, op->act_min, op->act_max);
    }
}
