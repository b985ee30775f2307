/* SPDX-License-Identifier: Apache-2.0 */
#include "riscv/block.h"
#include "riscv/kernels.h"

#define NN_OP nn_conv_2d_triples_riscv_t
#include "portable/pixels.h"

enum { PIXELS = NN_TRIPLES_PIXELS, TAP_WORDS = NN_TRIPLES_TAP_BYTES / 4 };

/* Tap i of three pixels into two words of the column. */
#define PACK(i)                                                                                                        \
    do {                                                                                                               \
        const uint32_t middle = (uint32_t)b[i];                                                                        \
        column[(i)*TAP_WORDS] = (int32_t)((uint32_t)a[i] + (middle << 21));                                            \
        column[(i)*TAP_WORDS + 1] = (int32_t)((uint32_t)c[i] + (middle << 11));                                        \
    } while (0)

/* Taps of three pixels into their column; the end of it. */
static int32_t *pack_taps(int32_t *column, const int8_t *a, const int8_t *b, const int8_t *c, int32_t taps) {
    for (int32_t fours = taps >> 2; fours > 0; fours--, column += 4 * TAP_WORDS, a += 4, b += 4, c += 4) {
        PACK(0);
        PACK(1);
        PACK(2);
        PACK(3);
    }
    for (int32_t rest = taps & 3; rest > 0; rest--, column += TAP_WORDS, a++, b++, c++)
        PACK(0);
    return column;
}

/* Row i of a window: where it is on x, or in `to` with the padding written out. */
static inline const int8_t *window_row(const nn_conv_2d_triples_riscv_t *op, const int8_t *x, const nn_pixel_t *at,
                                       int32_t i, int8_t *to) {
    const int32_t in_w = op->in_w, in_c = op->in_c, row = at->top + i * op->dilation_h;
    const int inside = row >= 0 && row < op->in_h;
    int32_t left = at->left;
    int8_t *next = to;
    if (inside && left >= 0 && left + op->k_w <= in_w && op->dilation_w == 1)
        return x + (row * in_w + left) * in_c;
    for (int32_t j = op->k_w; j > 0; j--, left += op->dilation_w) {
        const int on_x = inside && left >= 0 && left < in_w;
        const int8_t *from = on_x ? x + (row * in_w + left) * in_c : x;
        for (int8_t *end = next + in_c; next < end; next++)
            *next = on_x ? *from++ : (int8_t)op->pad_value;
    }
    return to;
}

/* The windows of three pixels into their column, wherever they are; rows: memory for a row of each. */
static void pack_any(const nn_conv_2d_triples_riscv_t *op, const int8_t *x, const nn_pixel_t *at, int32_t *column,
                     int8_t *rows) {
    const int32_t taps = op->k_w * op->in_c;
    for (int32_t i = 0; i < op->k_h; i++)
        column = pack_taps(column, window_row(op, x, at, i, rows), window_row(op, x, at + 1, i, rows + taps),
                           window_row(op, x, at + 2, i, rows + 2 * taps), taps);
}

/* The windows of six neighbors that are wholly on x. */
static void pack_inside(const nn_conv_2d_triples_riscv_t *op, const int8_t *x, const nn_pixel_t *at, int32_t *columns) {
    const int32_t in_c = op->in_c, taps = op->k_w * in_c, step = op->stride_w * in_c;
    const int32_t down = op->dilation_h * op->in_w * in_c;
    x += (at->top * op->in_w + at->left) * in_c;
    for (int32_t i = op->k_h; i > 0; i--, x += down) {
        const int8_t *other = x + 3 * step;
        pack_taps(columns + 2, other, other + step, other + 2 * step, taps);
        columns = pack_taps(columns, x, x + step, x + 2 * step, taps);
    }
}

/* The windows of the next six pixels, or as many as are left and the last one again. Not inlined, for the stack. */
__attribute__((noinline)) static void pack_block(const nn_conv_2d_triples_riscv_t *op, const int8_t *x,
                                                 nn_pixel_t *next, int32_t left, int32_t *columns, int8_t *rows) {
    nn_pixel_t at[PIXELS];
    for (int32_t p = 0; p < PIXELS; p++) {
        at[p] = *next;
        if (p + 1 < left)
            nn_advance(op, next, 1);
    }
    pack_any(op, x, at, columns, rows);
    pack_any(op, x, at + 3, columns + 2, rows);
}

static void image(const nn_conv_2d_triples_riscv_t *op, const int8_t *x, int8_t *y, int32_t *columns,
                  nn_triples_fn *outputs) {
    const int32_t out_c = op->out_c, taps = op->k_h * op->k_w * op->in_c;
    int8_t *rows = (int8_t *)(columns + taps * TAP_WORDS);
    nn_pixel_t next = {0, -op->pad_top, -op->pad_left};
    nn_triples_t block = {
        .columns = columns,
        .stream = op->stream,
        .y = y,
        .stride = out_c,
        .taps = taps,
        .act_min = op->act_min,
        .act_max = op->act_max,
        .segment = op->segment,
        .signed_outputs = op->signed_outputs,
    };

    for (int32_t left = op->out_h * op->out_w; left > 0; left -= PIXELS, block.y += PIXELS * out_c) {
        if (next.column + PIXELS <= op->out_w && nn_are_inside(op, &next, PIXELS)) {
            pack_inside(op, x, &next, columns);
            nn_advance(op, &next, PIXELS);
        } else {
            pack_block(op, x, &next, left, columns, rows);
        }
        block.y_end = block.y + out_c;
        block.pixels = left < PIXELS ? left : PIXELS;
        if (left < PIXELS)
            nn_triples_outputs_riscv(&block);
        else
            outputs(&block);
    }
}

static void convolve(const nn_conv_2d_triples_riscv_t *op, const int8_t *x, int8_t *y, void *scratch,
                     nn_triples_fn *outputs) {
    for (int32_t n = op->batches; n > 0; n--) {
        image(op, x, y, scratch, outputs);
        x += op->in_h * op->in_w * op->in_c;
        y += op->out_h * op->out_w * op->out_c;
    }
}

void nn_conv_2d_triples_riscv(const nn_conv_2d_triples_riscv_t *op, const int8_t *x, int8_t *y, void *scratch) {
    convolve(op, x, y, scratch, nn_triples_clamped_riscv);
}

void nn_conv_2d_signed_riscv(const nn_conv_2d_signed_riscv_t *op, const int8_t *x, int8_t *y, void *scratch) {
    convolve(op, x, y, scratch, nn_triples_signed_riscv);
}

void nn_conv_2d_long_riscv(const nn_conv_2d_long_riscv_t *op, const int8_t *x, int8_t *y, void *scratch) {
    convolve(op, x, y, scratch, nn_triples_outputs_riscv);
}

/* A block's windows are packed before its outputs are written, and those end before the next block's windows. */
void nn_conv_2d_triples_in_place_riscv(const nn_conv_2d_triples_in_place_riscv_t *op, const int8_t *x, int8_t *y,
                                       void *scratch) {
    convolve(op, x, y, scratch, nn_triples_clamped_riscv);
}

void nn_conv_2d_signed_in_place_riscv(const nn_conv_2d_signed_in_place_riscv_t *op, const int8_t *x, int8_t *y,
                                      void *scratch) {
    convolve(op, x, y, scratch, nn_triples_signed_riscv);
}

void nn_conv_2d_long_in_place_riscv(const nn_conv_2d_long_in_place_riscv_t *op, const int8_t *x, int8_t *y,
                                    void *scratch) {
    convolve(op, x, y, scratch, nn_triples_outputs_riscv);
}
