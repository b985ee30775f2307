/* SPDX-License-Identifier: Apache-2.0 */
#include "gemm.h"
#include "gather.h"
#include "gemm_block.h"

/* The next output pixel. first, end: those of its row whose window is wholly on x; pixel 0's window begins at x. */
typedef struct {
    int32_t row, column, first, end;
    const int8_t *x;
} position_t;

/* A window that is not wholly on x, with the padding written out. */
static void gather(const nn_conv_2d_gemm_dsp_t *op, const position_t *at, const int8_t *x, int8_t *to) {
    const int32_t in_c = op->in_c, dilation_w = op->dilation_w, k_w = op->k_w, run = op->run;
    const int32_t left = at->column * op->stride_w - op->pad_left;
    int32_t row = at->row * op->stride_h - op->pad_top, first = 0, end = k_w;
    while (first < k_w && left + first * dilation_w < 0)
        first++;
    while (end > first && left + (end - 1) * dilation_w >= op->in_w)
        end--;
    nn_fill(to, op->k_h * run, (int8_t)op->pad_value);
    x += (row * op->in_w + left + first * dilation_w) * in_c;
    to += first * in_c;
    /* Taps that are neighbors are copied together. */
    const int32_t length = dilation_w == 1 ? (end - first) * in_c : in_c, copies = dilation_w == 1 ? 1 : end - first;
    const int32_t down = op->dilation_h * op->in_w * in_c, right = dilation_w * in_c;
    for (int32_t i = op->k_h; i > 0; i--, row += op->dilation_h, x += down, to += run)
        if (row >= 0 && row < op->in_h)
            for (int32_t j = 0; j < copies; j++)
                nn_copy(to + j * in_c, x + j * right, length);
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
    const int32_t out_c = op->out_c, paired = pixels == gemm->pixels ? out_c & ~1 : 0;
    int8_t *y = block.y, results[2 * NN_MAX_PIXELS];
    if (paired > 0)
        gemm->outputs(&block);
    block.y = results;
    block.y_end = results + 2;
    block.stride = 2;
    for (int32_t c = paired; c < out_c; c += 2) {
        block.stream = op->stream + c / 2 * op->pair_words;
        gemm->outputs(&block);
        for (int32_t p = 0; p < pixels; p++)
            for (int32_t i = 0; i < 2 && c + i < out_c; i++)
                y[p * op->y_pixel + c + i] = results[2 * p + i];
    }
}

/* Each byte after the whole words of a row, together with those of the next three rows; what has no row counts with a
 * weight of 0. */
__attribute__((noinline)) static void columns_of_tails(const nn_conv_2d_gemm_dsp_t *op, const nn_gemm_t *gemm,
                                                       const nn_windows_t *windows, uint32_t *columns) {
    const int32_t words = 4 * op->words, rows = op->k_h, pixels = gemm->pixels, next = gemm->next;
    const int32_t second = gemm->second;
    for (int32_t j = words; j < words + op->tail; j++)
        for (int32_t i = 0; i < rows; i += 4, columns += 2 * pixels) {
            const int32_t down1 = rows - i > 1, down2 = rows - i > 2 ? 2 : 0, down3 = rows - i > 3 ? 3 : 0;
            uint32_t *to = columns;
            for (int32_t p = 0; p < pixels; p++, to += next) {
                const int32_t row = windows->step[p] + words;
                const int8_t *x = windows->x[p] + j + i * row;
                to[0] = (x[0] & 0xffffu) | (uint32_t)x[down2 * row] << 16;
                to[second] = (x[down1 * row] & 0xffffu) | (uint32_t)x[down3 * row] << 16;
            }
        }
}

/* The windows of a block become its columns. */
static inline void columns(const nn_conv_2d_gemm_dsp_t *op, const nn_gemm_t *gemm, const nn_windows_t *windows,
                           int16_t *to) {
    gemm->columns(to, windows, op->k_h, op->words);
    if (op->tail)
        columns_of_tails(op, gemm, windows, (uint32_t *)to + 2 * gemm->pixels * op->k_h * op->words);
}

/* The blocks whose windows are wholly on x, from one of those on to the end of its row's; outputs in pairs. */
__attribute__((noinline)) static void direct_blocks(const nn_conv_2d_gemm_dsp_t *op, const nn_gemm_t *gemm,
                                                    nn_gemm_block_t *block, position_t *at) {
    const int32_t right = op->stride_w * op->in_c, down = op->dilation_h * op->in_w * op->in_c - 4 * op->words;
    const int32_t pixels = gemm->pixels;
    const int8_t *x = at->x + at->column * right;
    nn_windows_t windows = {{0}, {down, down, down}};
    for (; at->column + pixels <= at->end; at->column += pixels) {
        windows.x[0] = x;
        windows.x[1] = x + right;
        windows.x[2] = x + 2 * right;
        x += pixels * right;
        columns(op, gemm, &windows, block->columns);
        block->y_end = block->y + op->out_c;
        gemm->outputs(block);
        block->y += pixels * op->y_pixel;
    }
}

static void image(const nn_conv_2d_gemm_dsp_t *op, const nn_gemm_t *gemm, const int8_t *x, int8_t *y, void *scratch) {
    const int32_t out_c = op->out_c, paired = out_c & ~1;
    const int32_t gap = op->y_row - op->out_w * op->y_pixel; /* 0 where blocks may go from row to row */
    int8_t *gathered = (int8_t *)scratch + 8 * gemm->pixels * op->steps, *const end = y + op->out_h * op->y_row;
    nn_gemm_block_t block = {scratch, op->stream, y, op->y_pixel, 0, op->linear, op->steps};
    position_t at = {.x = x - (op->pad_top * op->in_w + op->pad_left) * op->in_c};
    begin_row(op, &at);
    while (block.y < end) {
        if (at.column >= at.first && at.column + gemm->pixels <= at.end && paired == out_c) {
            direct_blocks(op, gemm, &block, &at);
            if (at.column == op->out_w) {
                next_row(op, &at);
                block.y += gap;
            }
            continue;
        }
        const int32_t left = gap ? op->out_w - at.column : (end - block.y) / op->y_pixel;
        const int32_t pixels = left < gemm->pixels ? left : gemm->pixels;
        nn_windows_t windows;
        locate(op, x, &at, pixels, &windows, gathered);
        columns(op, gemm, &windows, scratch);
        block.y_end = block.y + paired;
        if (pixels == gemm->pixels && paired == out_c)
            gemm->outputs(&block);
        else
            careful_block(op, gemm, block, pixels);
        block.y += pixels * op->y_pixel + (at.column == 0 ? gap : 0);
    }
}

void nn_conv_2d_by_gemm(const nn_conv_2d_gemm_dsp_t *op, const nn_gemm_t *gemm, const int8_t *x, int8_t *y,
                        void *scratch) {
    const int32_t clamped = op->act_min > -128 || op->act_max < 127 ? op->out_h : 0;
    for (int32_t n = 0; n < op->batches; n++) {
        image(op, gemm, x, y, scratch);
        for (int32_t i = 0; i < clamped; i++)
            for (int32_t j = 0; j < op->out_w; j++)
                nn_clamp_outputs(y + i * op->y_row + j * op->y_pixel, op->out_c, op->act_min, op->act_max);
        x += op->in_h * op->in_w * op->in_c;
        y += op->out_h * op->y_row;
    }
}
