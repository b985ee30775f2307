/* SPDX-License-Identifier: Apache-2.0 */
#include "gemm.h"
#include "gather.h"
#include "gemm_block.h"

/* The next output pixel. first, end: those of its row whose window is wholly on x; pixel 0's window begins at x. */
typedef struct {
    int32_t row, column, first, end;
    const int8_t *x;
} position_t;

/* A window that is not wholly on x, row by row with the padding written out. */
static void gather(const nn_conv_2d_gemm_dsp_t *op, const position_t *at, const int8_t *x, int8_t *to) {
    const int32_t in_c = op->in_c, dilation_w = op->dilation_w, k_w = op->k_w, run = op->run;
    const int32_t left = at->column * op->stride_w - op->pad_left;
    int32_t row = at->row * op->stride_h - op->pad_top, first = 0, end = k_w;
    while (first < k_w && left + first * dilation_w < 0)
        first++;
    while (end > first && left + (end - 1) * dilation_w >= op->in_w)
        end--;
    x += (row * op->in_w + left + first * dilation_w) * in_c;
    /* Taps that are neighbours are copied together. */
    const int32_t length = dilation_w == 1 ? (end - first) * in_c : in_c, copies = dilation_w == 1 ? 1 : end - first;
    for (int32_t i = 0; i < op->k_h; i++, row += op->dilation_h, x += op->dilation_h * op->in_w * in_c, to += run) {
        const int32_t inside = row >= 0 && row < op->in_h ? end - first : 0;
        int8_t *next = to;
        if (inside > 0) {
            next = nn_fill(next, first * in_c, (int8_t)op->pad_value);
            for (int32_t j = 0; j < copies; j++)
                next = nn_copy(next, x + j * dilation_w * in_c, length);
        }
        nn_fill(next, to + run - next, (int8_t)op->pad_value);
    }
}

static void begin_row(const nn_conv_2d_gemm_dsp_t *op, position_t *at) {
    const int32_t direct = at->row >= op->direct_top && at->row < op->direct_bottom;
    at->first = direct ? op->direct_left : 0;
    at->end = direct ? op->direct_right : 0;
}

static void next_row(const nn_conv_2d_gemm_dsp_t *op, position_t *at) {
    at->column = 0;
    at->row++;
    at->x += op->stride_h * op->in_w * op->in_c;
    begin_row(op, at);
}

/* Finds the windows of the block's output pixels one by one, fewer at the end; the others get any window. */
static void locate(const nn_conv_2d_gemm_dsp_t *op, const int8_t *x, position_t *at, int32_t pixels,
                   nn_windows_t *windows, int8_t *gathered) {
    const int32_t window = op->k_h * op->run, down = op->dilation_h * op->in_w * op->in_c - 4 * op->words;
    for (int32_t p = 0; p < NN_MAX_PIXELS; p++, gathered += window) {
        if (p >= pixels) {
            windows->x[p] = windows->x[0];
            windows->step[p] = windows->step[0];
            continue;
        }
        if (at->column >= at->first && at->column < at->end) {
            windows->x[p] = at->x + at->column * op->stride_w * op->in_c;
            windows->step[p] = down;
        } else {
            windows->x[p] = gathered;
            windows->step[p] = op->run - 4 * op->words;
            gather(op, at, x, gathered);
        }
        if (++at->column == op->out_w)
            next_row(op, at);
    }
}

/* Also for fewer pixels, and for a last channel without a pair: those go by way of a small buffer. */
static void careful_block(const nn_conv_2d_gemm_dsp_t *op, const nn_gemm_t *gemm, nn_gemm_block_t block,
                          int32_t pixels) {
    const int32_t out_c = op->out_c, pair_words = gemm->constants + gemm->words * block.steps;
    const int32_t paired = pixels == gemm->pixels ? out_c & ~1 : 0;
    int8_t *y = block.y, results[2 * NN_MAX_PIXELS];
    if (paired > 0)
        gemm->outputs(&block);
    block.y = results;
    block.y_end = results + 2;
    block.stride = 2;
    for (int32_t c = paired; c < out_c; c += 2) {
        block.stream = op->stream + c / 2 * pair_words;
        gemm->outputs(&block);
        for (int32_t p = 0; p < pixels; p++)
            for (int32_t i = 0; i < 2 && c + i < out_c; i++)
                y[p * out_c + c + i] = results[2 * p + i];
    }
}

/* The bytes after the whole words of each row, together. */
static void columns_of_tails(const nn_conv_2d_gemm_dsp_t *op, const nn_gemm_t *gemm, const nn_windows_t *windows,
                             int16_t *columns, int8_t *tails) {
    const int32_t tail = op->tail, words = 4 * op->words, tail_words = (op->k_h * tail + 3) / 4;
    nn_windows_t together = {{0}, {0}};
    for (int32_t p = 0; p < gemm->pixels; p++) {
        const int8_t *x = windows->x[p] + words;
        const int32_t row = windows->step[p] + words;
        int8_t *to = tails + 4 * tail_words * p;
        together.x[p] = to;
        for (int32_t i = 0; i < op->k_h; i++, x += row)
            for (int32_t j = 0; j < tail; j++)
                *to++ = x[j];
    }
    gemm->columns(columns, &together, 1, tail_words);
}

static void image(const nn_conv_2d_gemm_dsp_t *op, const nn_gemm_t *gemm, const int8_t *x, int8_t *y, void *scratch) {
    const int32_t block_pixels = gemm->pixels, rows = op->k_h, words = op->words, out_c = op->out_c;
    const int32_t right = op->stride_w * op->in_c, down = op->dilation_h * op->in_w * op->in_c - 4 * words;
    const int32_t paired = out_c & ~1, clamped = op->act_min > -128 || op->act_max < 127;
    int16_t *columns = scratch, *columns_of_tail = columns + 4 * block_pixels * rows * words;
    int8_t *gathered = (int8_t *)(columns + 4 * block_pixels * op->steps);
    int8_t *tails = gathered + block_pixels * rows * op->run;
    nn_gemm_block_t block = {columns, op->stream, y, out_c, 0, op->rounding, op->signed_outputs, op->steps};
    position_t at = {.x = x - (op->pad_top * op->in_w + op->pad_left) * op->in_c};
    begin_row(op, &at);

    for (int32_t left = op->out_h * op->out_w; left > 0; left -= block_pixels) {
        const int32_t pixels = left < block_pixels ? left : block_pixels;
        nn_windows_t windows;
        if (at.column >= at.first && at.column + block_pixels <= at.end) {
            const int8_t *first = at.x + at.column * right;
            windows = (nn_windows_t){{first, first + right, first + 2 * right}, {down, down, down}};
            at.column += block_pixels;
            if (at.column == op->out_w)
                next_row(op, &at);
        } else {
            locate(op, x, &at, pixels, &windows, gathered);
        }
        gemm->columns(columns, &windows, rows, words);
        if (op->tail)
            columns_of_tails(op, gemm, &windows, columns_of_tail, tails);
        block.y_end = block.y + paired;
        if (pixels == block_pixels && paired == out_c)
            gemm->outputs(&block);
        else
            careful_block(op, gemm, block, pixels);
        if (clamped)
            nn_clamp_outputs(block.y, pixels * out_c, op->act_min, op->act_max);
        block.y += block_pixels * out_c;
    }
}

void nn_conv_2d_by_gemm(const nn_conv_2d_gemm_dsp_t *op, const nn_gemm_t *gemm, const int8_t *x, int8_t *y,
                        void *scratch) {
    for (int32_t n = 0; n < op->batches; n++) {
        image(op, gemm, x, y, scratch);
        x += op->in_h * op->in_w * op->in_c;
        y += op->out_h * op->out_w * op->out_c;
    }
}
