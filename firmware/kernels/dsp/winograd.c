/* SPDX-License-Identifier: Apache-2.0 */
#include "gather.h"
#include "gemm_block.h"
#include "winograd_block.h"

/* Where the outputs of two tiles begin, in pixels; their transformed input. */
typedef struct {
    int32_t row, column;
    int16_t *input;
} place_t;

static void gather(const nn_conv_2d_winograd_dsp_t *op, const int8_t *x, int32_t top, int32_t left, int8_t *to) {
    const int32_t in_c = op->in_c, beyond = left + NN_WINDOW_COLUMNS - op->in_w;
    const int32_t before = left < 0 ? -left : 0, after = beyond > 0 ? beyond : 0;
    for (int32_t row = top; row < top + NN_WINDOW_ROWS; row++) {
        int8_t *end = to + NN_WINDOW_COLUMNS * in_c;
        if (row >= 0 && row < op->in_h && before + after < NN_WINDOW_COLUMNS) {
            to = nn_fill(to, before * in_c, (int8_t)op->pad_value);
            to = nn_copy(to, x + (row * op->in_w + left + before) * in_c, (NN_WINDOW_COLUMNS - before - after) * in_c);
        }
        to = nn_fill(to, end - to, (int8_t)op->pad_value);
    }
}

static void transform_input(const nn_conv_2d_winograd_dsp_t *op, const int8_t *x, const place_t *at, int8_t *gathered) {
    const int32_t in_c = op->in_c, in_row = op->in_w * in_c;
    const int32_t top = at->row - op->pad_top, left = at->column - op->pad_left;
    if ((top | left) >= 0 && top + NN_WINDOW_ROWS <= op->in_h && left + NN_WINDOW_COLUMNS <= op->in_w) {
        nn_winograd_input_dsp(x + top * in_row + left * in_c, at->input, in_row, in_c);
    } else {
        gather(op, x, top, left, gathered);
        nn_winograd_input_dsp(gathered, at->input, NN_WINDOW_COLUMNS * in_c, in_c);
    }
}

/* Goes to the next two tiles; 0 behind the last ones. */
static int next(const nn_conv_2d_winograd_dsp_t *op, place_t *at) {
    at->input += op->keep_input ? NN_POSITIONS * NN_TILES * op->in_c : 0;
    at->column += NN_TILE * NN_TILES;
    if (at->column < op->out_w)
        return 1;
    at->column = 0;
    at->row += NN_TILE;
    return at->row < op->out_h;
}

static void image(const nn_conv_2d_winograd_dsp_t *op, nn_winograd_filter_fn *filter, const int8_t *x, int8_t *y,
                  int16_t *input) {
    const int32_t in_c = op->in_c, out_c = op->out_c, out_row = op->out_w * out_c, pair_words = NN_POSITIONS * in_c;
    const int32_t window = NN_WINDOW_ROWS * NN_WINDOW_COLUMNS * in_c;
    const int32_t kept = op->keep_input ? (op->out_h / NN_TILE) * (op->out_w / NN_TILE) / NN_TILES : 1;
    int8_t *gathered = (int8_t *)(input + kept * NN_POSITIONS * NN_TILES * in_c);
    int32_t *stream = (int32_t *)(op->keep_input ? gathered : gathered + window);
    const place_t first = {0, 0, input};
    place_t at = first;
    if (op->keep_input)
        do
            transform_input(op, x, &at, gathered);
        while (next(op, &at));

    nn_winograd_block_t block = {input, 0, out_c, out_row, 0, op->ends, op->linear, in_c / 4, op->stream};
    for (int32_t c = 0, end; c < out_c; c = end) {
        end = c + op->block_c < out_c ? c + op->block_c : out_c;
        if (filter) {
            for (int32_t i = c; i < end; i++)
                filter(op->filters + 9 * in_c * i, in_c, stream + (i - c) / 2 * pair_words + (i & 1) * 2);
            block.stream = stream;
        }
        at = first;
        do {
            if (!op->keep_input)
                transform_input(op, x, &at, gathered);
            int8_t *pixel = y + at.row * out_row + at.column * out_c;
            block.input = at.input;
            block.y = pixel + c;
            block.y_end = pixel + end;
            nn_winograd_outputs_dsp(&block);
        } while (next(op, &at));
        block.ends += 4 * (end - c);
    }
}

void nn_conv_2d_by_winograd(const nn_conv_2d_winograd_dsp_t *op, nn_winograd_filter_fn *filter, const int8_t *x,
                            int8_t *y, void *scratch) {
    const int32_t outputs = op->out_h * op->out_w * op->out_c;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * op->in_w * op->in_c, y += outputs) {
        image(op, filter, x, y, scratch);
        if (op->act_min > -128 || op->act_max < 127)
            nn_clamp_outputs(y, outputs, op->act_min, op->act_max);
    }
}
