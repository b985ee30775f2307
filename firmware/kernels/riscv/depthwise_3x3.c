/* SPDX-License-Identifier: Apache-2.0 */
#include "riscv/block.h"
#include "riscv/kernels.h"

enum { GROUP = 4, WINDOW = 3, CHANNEL_WORDS = 6 };

/* Four channels of an element, which begin at a multiple of four bytes. */
typedef uint32_t word_t __attribute__((may_alias));

/* One axis of the image: elements of x that any window reaches, outputs, padding before the first element, bytes from
 * one element to the next. */
typedef struct {
    int32_t in, out, pad, x_step, y_step;
} axis_t;

/* The longer axis is along the lines of outputs. pitch: words from one column of inputs to the next; words: of all. */
typedef struct {
    axis_t along, across;
    int32_t pitch, words;
} plane_t;

static int32_t reach(const axis_t *axis, int32_t stride) {
    return (axis->out - 1) * stride + WINDOW;
}

static void clip(axis_t *axis, int32_t elements) {
    if (axis->in > elements - axis->pad)
        axis->in = elements - axis->pad;
}

static plane_t make_plane(const nn_depthwise_conv_2d_3x3_riscv_t *op) {
    const int32_t channels = op->in_c, stride = op->stride;
    const axis_t rows = {op->in_h, op->out_h, op->pad_top, op->in_w * channels, op->out_w * channels};
    const axis_t columns = {op->in_w, op->out_w, op->pad_left, channels, channels};
    plane_t plane = op->out_h > op->out_w ? (plane_t){rows, columns, 0, 0} : (plane_t){columns, rows, 0, 0};
    plane.pitch = reach(&plane.across, stride);
    plane.words = plane.pitch * reach(&plane.along, stride);
    clip(&plane.across, plane.pitch);
    clip(&plane.along, reach(&plane.along, stride));
    return plane;
}

/* A column of inputs. */
static void gather_column(const int8_t *x, int32_t step, int32_t count, word_t *to) {
    for (; count >= 4; count -= 4, to += 4, x += 4 * step) {
        to[0] = *(const word_t *)(const void *)x;
        to[1] = *(const word_t *)(const void *)(x + step);
        to[2] = *(const word_t *)(const void *)(x + 2 * step);
        to[3] = *(const word_t *)(const void *)(x + 3 * step);
    }
    for (; count > 0; count--, x += step)
        *to++ = *(const word_t *)(const void *)x;
}

/* Four channels of x; the padding around them is there already. */
static void gather(const plane_t *plane, const int8_t *x, word_t *to) {
    to += plane->along.pad * plane->pitch + plane->across.pad;
    for (int32_t i = plane->along.in; i > 0; i--, x += plane->along.x_step, to += plane->pitch)
        gather_column(x, plane->across.x_step, plane->across.in, to);
}

void nn_depthwise_conv_2d_3x3_riscv(const nn_depthwise_conv_2d_3x3_riscv_t *op, const int8_t *x, int8_t *y,
                                    void *scratch) {
    const plane_t plane = make_plane(op);
    nn_depthwise_3x3_fn *outputs = op->stride == 1 ? nn_depthwise_3x3_riscv : nn_depthwise_3x3_stride_2_riscv;
    nn_depthwise_3x3_t job = {
        .plane = scratch,
        .count = plane.along.out,
        .lines = plane.across.out,
        .pitch = plane.pitch * GROUP,
        .y_step = plane.along.y_step,
        .y_line_step = plane.across.y_step,
        .act_min = op->act_min,
        .act_max = op->act_max,
    };
    for (word_t *to = scratch, *end = to + plane.words; to < end; to++)
        *to = (uint8_t)op->pad_value * 0x01010101u;
    for (int32_t n = op->batches; n > 0; n--) {
        job.channels = op->channels;
        for (int32_t c = 0; c < op->in_c; c += GROUP) {
            gather(&plane, x + c, scratch);
            job.y = y + c;
            outputs(&job);
            job.channels += GROUP * CHANNEL_WORDS;
        }
        x += op->in_h * op->in_w * op->in_c;
        y += op->out_h * op->out_w * op->in_c;
    }
}
