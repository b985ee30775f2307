/* SPDX-License-Identifier: Apache-2.0 */
#include "xtensa/kernels.h"
#include "xtensa/output.h"

#define NN_OP nn_conv_2d_triples_xtensa_t
#include "portable/pixels.h"

static void fill(int8_t *to, int32_t count, int8_t value) {
    while (count-- > 0)
        *to++ = value;
}

static void copy(int8_t *to, const int8_t *from, int32_t count) {
    while (count-- > 0)
        *to++ = *from++;
}

/* One row of a window that isn't wholly on x, with the padding written out. */
static const int8_t *careful_row(const nn_conv_2d_triples_xtensa_t *op, const int8_t *x, int32_t row, int32_t left,
                                 int8_t *to) {
    const int32_t in_w = op->in_w, in_c = op->in_c, k_w = op->k_w, dilation = op->dilation_w;
    const int8_t pad_value = (int8_t)op->pad_value;
    if (row < 0 || row >= op->in_h) {
        fill(to, k_w * in_c, pad_value);
        return to;
    }
    x += row * in_w * in_c;
    if (dilation == 1 && left >= 0 && left + k_w <= in_w)
        return x + left * in_c;
    for (int32_t j = 0; j < k_w; j++, left += dilation)
        if (left >= 0 && left < in_w)
            copy(to + j * in_c, x + left * in_c, in_c);
        else
            fill(to + j * in_c, in_c, pad_value);
    return to;
}

static void next_chunk(nn_column_t *column, uint32_t *starts) {
    starts[0] = (uint32_t)NN_SUM_OFFSET * (1u + (1u << NN_MIDDLE_1));
    starts[1] = (uint32_t)NN_SUM_OFFSET * (1u + (1u << NN_MIDDLE_2));
    column->starts = starts;
    column->to = starts + 2;
}

/* One row of the windows, which may go on in the next chunk. */
static void append(const nn_conv_2d_triples_xtensa_t *op, nn_column_t *column) {
    for (int32_t taps = op->k_w * op->in_c; taps > 0; taps -= column->count) {
        int32_t left = op->chunk_taps - (int32_t)(column->to - column->starts - 2) / 2;
        if (left == 0) {
            next_chunk(column, column->to);
            left = op->chunk_taps;
        }
        column->count = taps < left ? taps : left;
        nn_gemm_column_xtensa(column);
    }
}

/* The windows of three pixels into their columns; rows: memory for a row of each. */
static void pack(const nn_conv_2d_triples_xtensa_t *op, const int8_t *x, const nn_pixel_t *at, uint32_t *starts,
                 int8_t *rows) {
    const int32_t in_w = op->in_w, in_c = op->in_c, taps = op->k_w * in_c, dilation = op->dilation_h;
    nn_column_t column = {.rows = 1};
    next_chunk(&column, starts);
    if (nn_are_inside(op, at, 1) && nn_are_inside(op, at + 1, 1) && nn_are_inside(op, at + 2, 1)) {
        column.a = x + (at[0].top * in_w + at[0].left) * in_c;
        column.b = x + (at[1].top * in_w + at[1].left) * in_c;
        column.c = x + (at[2].top * in_w + at[2].left) * in_c;
        column.skip = dilation * in_w * in_c - taps;
        if (op->chunks == 1) {
            column.count = taps;
            column.rows = op->k_h;
            nn_gemm_column_xtensa(&column);
            return;
        }
        const int32_t skip = column.skip;
        column.skip = 0; /* within a row */
        for (int32_t i = op->k_h; i > 0; i--) {
            append(op, &column);
            column.a += skip;
            column.b += skip;
            column.c += skip;
        }
        return;
    }
    for (int32_t i = op->k_h, row = 0; i > 0; i--, row += dilation) {
        column.a = careful_row(op, x, at[0].top + row, at[0].left, rows);
        column.b = careful_row(op, x, at[1].top + row, at[1].left, rows + taps);
        column.c = careful_row(op, x, at[2].top + row, at[2].left, rows + 2 * taps);
        append(op, &column);
    }
}

/* 1x1: windows are pixels of x. */
static void pack_pixels(const nn_conv_2d_triples_xtensa_t *op, const int8_t *x, int32_t left, uint32_t *starts) {
    nn_column_t column = {.rows = 1};
    next_chunk(&column, starts);
    column.a = x;
    column.b = left > 1 ? x + op->in_c : x;
    column.c = left > 2 ? column.b + op->in_c : column.b;
    append(op, &column);
}

/* Channels whose requantization has no line. */
static void general(const nn_conv_2d_triples_xtensa_t *op, nn_triples_t *job) {
    const nn_output_line_t out = {NN_GENERAL, 0, op->output_offset, op->act_min, op->act_max};
    int8_t *y[NN_TRIPLE] = {job->y, job->y + job->y_1, job->y + job->y_2};
    for (int32_t c = op->out_c; c > 0; c -= NN_CHANNELS) {
        nn_gemm_triples_xtensa(job);
        for (int32_t i = 0; i < NN_CHANNELS && i < c; i++, job->stream += 3)
            for (int p = 0; p < NN_TRIPLE; p++)
                *y[p]++ = nn_output_by_record(&out, job->sums[NN_TRIPLE * i + p], job->stream);
    }
}

static void image(const nn_conv_2d_triples_xtensa_t *op, const int8_t *x, int8_t *y, void *scratch) {
    const int32_t out_c = op->out_c, chunk_bytes = op->chunk_taps * 8;
    int8_t *rows = (int8_t *)scratch + op->chunks * (chunk_bytes + 8);
    const int dense = op->k_h * op->k_w == 1 && op->stride_h * op->stride_w == 1 && op->pad_top + op->pad_left == 0 &&
                      op->in_h == op->out_h && op->in_w == op->out_w;
    nn_pixel_t at = {0, -op->pad_top, -op->pad_left};
    nn_triples_t job;
    job.columns = scratch;
    job.chunks = op->chunks;
    job.chunk_bytes = chunk_bytes;
    job.bits = op->bits;
    job.mode = op->mode;
    job.accumulate = op->chunks > 1 || op->mode == NN_GENERAL;
    job.act_min = op->act_min;
    job.act_max = op->act_max;
    for (int32_t left = op->out_h * op->out_w; left > 0; left -= NN_TRIPLE, y += NN_TRIPLE * out_c) {
        if (dense) {
            pack_pixels(op, x, left, scratch);
            x += NN_TRIPLE * op->in_c;
        } else {
            nn_pixel_t pixels[NN_TRIPLE];
            for (int p = 0; p < NN_TRIPLE; p++) {
                pixels[p] = p < left ? at : pixels[p - 1]; /* the last one again where there are fewer */
                nn_advance(op, &at, 1);
            }
            pack(op, x, pixels, scratch, rows);
        }
        job.stream = op->stream;
        job.channels = out_c;
        job.y = y;
        job.y_1 = left > 1 ? out_c : 0;
        job.y_2 = left > 2 ? 2 * out_c : job.y_1;
        if (op->mode == NN_GENERAL)
            general(op, &job);
        else
            nn_gemm_triples_xtensa(&job);
    }
}

void nn_conv_2d_triples_xtensa(const nn_conv_2d_triples_xtensa_t *op, const int8_t *x, int8_t *y, void *scratch) {
    for (int32_t n = 0; n < op->batches; n++) {
        image(op, x, y, scratch);
        x += op->in_h * op->in_w * op->in_c;
        y += op->out_h * op->out_w * op->out_c;
    }
}

/* Three windows are packed before their outputs are written, and those end before the next window. */
void nn_conv_2d_in_place_xtensa(const nn_conv_2d_in_place_xtensa_t *op, const int8_t *x, int8_t *y, void *scratch) {
    nn_conv_2d_triples_xtensa(op, x, y, scratch);
}
