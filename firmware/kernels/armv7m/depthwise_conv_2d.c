/* SPDX-License-Identifier: Apache-2.0 */
#include "armv7m/block.h"
#include "armv7m/kernels.h"

enum { TAPS = 3, OUTPUTS = 4, SHIFT = 14 }; /* the last: of the requantization in gemm_lanes.S */

/* One axis of the image; steps from one element to the next in bytes of x, y and weights. threes: of taps. */
typedef struct {
    int32_t in, out, pad, taps, x_step, y_step, w_step, threes;
} axis_t;

/* The longer axis is along the lines of the plane, where it wastes least of four outputs at a time. in of both axes:
 * only the elements that any window reaches. */
typedef struct {
    axis_t along, across;
    int32_t pitch, lines;
} plane_t;

static int32_t least(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static plane_t make_plane(const nn_depthwise_conv_2d_plane_armv7m_t *op) {
    const int32_t x_row = op->in_w * op->in_c, y_row = op->out_w * op->in_c, stride = op->stride;
    const axis_t rows = {op->in_h, op->out_h, op->pad_top, op->k_h, x_row, y_row, op->k_w, (op->k_h + 2) / TAPS};
    const axis_t columns = {op->in_w, op->out_w, op->pad_left, op->k_w, op->in_c, op->in_c, 1, (op->k_w + 2) / TAPS};
    plane_t plane = op->out_h > op->out_w ? (plane_t){rows, columns, 0, 0} : (plane_t){columns, rows, 0, 0};
    axis_t *along = &plane.along, *across = &plane.across;
    plane.pitch = (((along->out + 3) & ~3) - 1) * stride + along->threes * TAPS;
    plane.lines = (across->out - 1) * stride + across->taps;
    along->in = least(along->in, plane.pitch - along->pad);
    across->in = least(across->in, plane.lines - across->pad);
    return plane;
}

/* Where each three taps are. The steps are the same for all channels. */
static nn_taps_t *make_steps(const plane_t *plane, nn_taps_t *taps) {
    for (int32_t line = 0; line < plane->across.taps; line++) {
        for (int32_t i = 1; i < plane->along.threes; i++)
            taps++->step = TAPS;
        taps++->step = plane->pitch - TAPS * (plane->along.threes - 1);
    }
    return taps;
}

static void load_weights(const plane_t *plane, const int8_t *weights, int32_t scale, nn_taps_t *taps) {
    const int32_t count = plane->along.taps, step = plane->along.w_step;
    for (int32_t line = 0; line < plane->across.taps; line++, weights += plane->across.w_step) {
        const int8_t *w = weights;
        for (int32_t i = 0; i < count; taps++)
            for (int32_t j = 0; j < TAPS; i++, j++, w += step)
                taps->weights[j] = i < count ? *w * scale : 0;
    }
}

/* One channel of x; the padding around it is there already. */
static void gather(const plane_t *plane, const int8_t *x, int8_t *to) {
    const int32_t step = plane->along.x_step, pitch = plane->pitch, count = plane->along.in;
    to += plane->across.pad * pitch + plane->along.pad;
    for (int32_t line = plane->across.in; line > 0; line--, x += plane->across.x_step, to += pitch) {
        const int8_t *from = x;
        int8_t *next = to;
        for (int8_t *end = to + (count & ~3); next < end; next += 4, from += 4 * step) {
            int8_t a = from[0], b = from[step], c = from[2 * step], d = from[3 * step];
            next[0] = a;
            next[1] = b;
            next[2] = c;
            next[3] = d;
        }
        for (int8_t *end = to + count; next < end; from += step)
            *next++ = *from;
    }
}

void nn_depthwise_conv_2d_plane_armv7m(const nn_depthwise_conv_2d_plane_armv7m_t *op, const int8_t *x, int8_t *y,
                                       void *scratch) {
    const plane_t plane = make_plane(op);
    const int32_t outputs = op->out_h * op->out_w * op->in_c, taps_of_channel = op->k_h * op->k_w;
    int32_t *constants = scratch;
    nn_taps_t *taps = (nn_taps_t *)(constants + OUTPUTS);
    nn_taps_t *taps_end = make_steps(&plane, taps);
    int8_t *padded = (int8_t *)taps_end;
    nn_depthwise_plane_t job = {
        .plane = padded,
        .constants = constants,
        .constants_end = (const int32_t *)taps_end,
        .count = plane.along.out,
        .lines = plane.across.out,
        .plane_line_step = plane.pitch * op->stride,
        .y_line_step = plane.across.y_step,
        .block_step = OUTPUTS * op->stride,
        .y_step = plane.along.y_step,
        .stride_2 = op->stride - 1,
    };
    for (int32_t i = 0; i < plane.pitch * plane.lines; i++)
        padded[i] = (int8_t)op->pad_value;
    for (int32_t n = 0; n < op->batches; n++, x += op->in_h * op->in_w * op->in_c, y += outputs) {
        const int8_t *weights = op->weights;
        const int32_t *channel = op->channels;
        for (int32_t c = 0; c < op->in_c; c++, weights += taps_of_channel, channel += 2) {
            gather(&plane, x + c, padded);
            const int32_t scale = 1 << (channel[0] & 0xff), bias = (channel[0] >> 8) * scale;
            load_weights(&plane, weights, scale, taps);
            for (int i = 0; i < OUTPUTS; i++)
                constants[i] = bias;
            job.multiplier = channel[1];
            job.rounding = op->rounding * (1 << SHIFT) + scale / 4;
            job.negative = op->signed_outputs ? scale / 2 : 0;
            job.y = y + c;
            nn_depthwise_plane_armv7m(&job);
        }
        nn_clamp_outputs(y, outputs, op->act_min, op->act_max);
    }
}
