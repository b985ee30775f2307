/* SPDX-License-Identifier: Apache-2.0
 *
 * Eight channels at a time. Of each a strip holds the three lines of the input that an output line needs, interleaved,
 * so that the nine elements of a window are neighbours: one vmladava an output. A new line takes the place of the
 * oldest, and the weights' order turns with it. An output is written after the lines that it covers were read, and
 * nobody needs them again, so that y may be x when the sizes are the same. */
#include "depthwise_3x3.h"
#include "depthwise.h"

#include <arm_mve.h>

enum { POSITION = 0, LINE = 1, BLOCK = 8, GROUP = 4 };

/* The weight for each lane (3 x position + place of the line in the strip), by the place of the window's first line. */
static const uint8_t orders[3][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8},
    {2, 0, 1, 5, 3, 4, 8, 6, 7},
    {1, 2, 0, 4, 5, 3, 7, 8, 6},
};

/* Eight channels of n elements of a line into place of their strips; x == 0: the padding value. */
static void load_line(int8_t *strips, uint16x8_t offsets, const int8_t *x, int32_t x_step, int32_t n, int8_t value) {
    if (x == 0) {
        for (int32_t i = 0; i < n; i++, strips += 3)
            vstrbq_scatter_offset_s16(strips, offsets, vdupq_n_s16(value));
        return;
    }
    if (n % 2) {
        vstrbq_scatter_offset_s16(strips, offsets, vldrbq_s16(x));
        x += x_step;
        strips += 3;
    }
    __asm volatile(
        "wls lr, %[pairs], 2f\n"
        "1: vldrb.u16 q0, [%[x]]\n"
        "add %[x], %[x], %[x_step]\n"
        "vldrb.u16 q1, [%[x]]\n"
        "add %[x], %[x], %[x_step]\n"
        "vstrb.16 q0, [%[strips], %q[offsets]]\n"
        "vstrb.16 q1, [%[strips], %q[next]]\n"
        "adds %[strips], %[strips], #6\n"
        "le lr, 1b\n"
        "2:\n"
        : [x] "+l"(x), [strips] "+l"(strips)
        : [pairs] "r"(n / 2), [x_step] "r"(x_step), [offsets] "w"(offsets), [next] "w"(vaddq_n_u16(offsets, 3))
        : "lr", "q0", "q1", "memory", "cc");
}

/* Place of an input line in the strips; the first one is line -1 or later. */
static inline uint32_t place(int32_t line) {
    return (uint32_t)(line + 3) % 3;
}

/* What all lines of `groups` groups of channels have in common; channels before `channel` are written already, strips
 * begin with channel `first`. */
static void start(const nn_depthwise_conv_2d_3x3_mve_t *op, nn_depthwise_line_t *line, const int8_t *strips,
                  int32_t first, int32_t channel, int32_t groups, int8_t *y) {
    int32_t begin = channel < op->channels - GROUP ? channel : op->channels - GROUP;
    line->skip = 2 * (channel - begin);
    line->groups = groups;
    line->weights = op->weights + 9 * channel;
    line->params = op->params + 3 * channel;
    line->strips = strips + (begin - first) * line->strip_bytes;
    line->y = y + begin;
}

void nn_depthwise_conv_2d_3x3_mve(const nn_depthwise_conv_2d_3x3_mve_t *op, const int8_t *x, int8_t *y, void *scratch) {
    static nn_depthwise_line_fn *const functions[2][2] = {
        {nn_depthwise_line_1_any_mve, nn_depthwise_line_1_relu_mve},
        {nn_depthwise_line_2_any_mve, nn_depthwise_line_2_relu_mve},
    };
    nn_depthwise_line_fn *compute = functions[op->stride[POSITION] - 1][op->relu];
    int32_t channels = op->channels, pad = op->pad[POSITION],
            positions = (op->out[POSITION] - 1) * op->stride[POSITION] + 3;
    int32_t n = positions - pad < op->in[POSITION] ? positions - pad : op->in[POSITION];
    nn_depthwise_line_t common = {
        .strip_bytes = 3 * positions + 7, /* a window is read as 16 bytes */
        .y_step = 2 * op->y_step[POSITION],
        .offset = op->output_offset,
        .count = op->out[POSITION],
    };
    for (int i = 0; i < 8; i++)
        common.y_offsets[i] = (uint16_t)(i / 2 + i % 2 * op->y_step[POSITION]);
    uint16x8_t offsets = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)common.strip_bytes);
    int8_t *strips = scratch;
    for (int32_t i = 0; i < BLOCK * common.strip_bytes; i += 16)
        vstrbq_s8(strips + i, vdupq_n_s8((int8_t)op->pad_value));

    for (int32_t block = 0; block < channels; block += BLOCK) {
        int32_t first = block < channels - BLOCK ? block : channels - BLOCK; /* the strips' channels */
        int32_t left = channels - block < BLOCK ? channels - block : BLOCK, full = left / GROUP, tail = left % GROUP;
        int32_t next = -op->pad[LINE], top = next; /* input line to be read, first one of the window */
        nn_depthwise_line_t line = common, last = common;
        start(op, &line, strips, first, block, full, y);
        start(op, &last, strips, first, block + GROUP * full, 1, y);
        for (int32_t i = 0; i < op->out[LINE]; i++, top += op->stride[LINE]) {
            for (next = next > top ? next : top; next < top + 3; next++) {
                const int8_t *from = next < 0 || next >= op->in[LINE] ? 0 : x + next * op->x_step[LINE] + first;
                load_line(strips + 3 * pad + place(next), offsets, from, op->x_step[POSITION], n,
                          (int8_t)op->pad_value);
            }
            line.order = last.order = orders[place(top)];
            if (full > 0)
                compute(&line);
            if (tail > 0)
                compute(&last);
            line.y += op->y_step[LINE];
            last.y += op->y_step[LINE];
        }
    }
}

void nn_depthwise_conv_2d_in_place_mve(const nn_depthwise_conv_2d_in_place_mve_t *op, const int8_t *x, int8_t *y,
                                       void *scratch) {
    nn_depthwise_conv_2d_3x3_mve(op, x, y, scratch);
}
