/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "dsp/depthwise.h"

/* Channels are gathered in eights: the second four are the other line. */
enum { GROUP = 4, GROUPS = 2, PAIR_WORDS = 4 };

/* Four planes of pairs of eight channels, in slot 0 or 1; lead: a zero before them. */
static void gather(const int8_t *from, int32_t step, int32_t count, int32_t lead, uint32_t *to, int32_t plane_words) {
    nn_depthwise_gather_t gather = {
        .from = from,
        .line_step = GROUP,
        .step = step,
        .to = to,
        .plane_bytes = plane_words * 4,
        .halves = count + lead - 2,
        .lead = lead,
    };
    nn_depthwise_gather_dsp(&gather);
}

/* One line of eight channels from number c on. */
static void eight(const nn_depthwise_conv_2d_line_dsp_t *op, int32_t c, uint32_t *taps, uint32_t *planes, int8_t *y) {
    const int32_t tap_words = op->steps * PAIR_WORDS, plane_words = op->pairs * PAIR_WORDS;
    for (int i = 0; i < GROUP * GROUPS; i++, c++) {
        int32_t scale = op->per_channel ? c : 0, multiplier = op->multiplier[scale];
        int32_t exponent = multiplier == 0 ? 1 : -op->shift[scale];
        nn_depthwise_line_t line = {
            .from = planes + i % GROUP * plane_words + i / GROUP,
            .taps = taps + i % GROUP * tap_words + i / GROUP,
            .y = y + i,
            .bias = op->bias[c],
            .steps = op->steps,
            .multiplier = multiplier,
            .rounding = (1 << (exponent - 1)) + op->output_offset * (1 << exponent),
            .shift = exponent,
            .step = op->along.y_step,
            .left = op->along.out,
            .back = (op->steps - 1) * PAIR_WORDS * 4,
        };
        nn_depthwise_line_dsp(&line);
    }
}

void nn_depthwise_conv_2d_line_dsp(const nn_depthwise_conv_2d_line_dsp_t *op, const int8_t *x, int8_t *y,
                                   void *scratch) {
    const int32_t tap_words = op->steps * PAIR_WORDS, plane_words = op->pairs * PAIR_WORDS;
    uint32_t *taps = scratch, *planes = taps + GROUP * tap_words;
    memset(taps, 0, (uint32_t)(GROUP * tap_words) * 4);
    for (int32_t c = 0; c < op->channels; c += GROUP * GROUPS) {
        gather(op->weights + c, op->channels, op->taps, 0, taps, tap_words);
        gather(op->weights + c, op->channels, op->taps, 1, taps + 2, tap_words);
        for (int n = 0; n < op->batches; n++)
            for (int32_t i = 0; i < op->across.out; i++) {
                gather(x + n * op->x_bytes + i * op->across.x_step + c, op->along.x_step, op->along.in, 0, planes,
                       plane_words);
                eight(op, c, taps, planes, y + n * op->y_bytes + i * op->across.y_step + c);
            }
    }
}

void nn_depthwise_conv_2d_line_in_place_dsp(const nn_depthwise_conv_2d_line_in_place_dsp_t *op, const int8_t *x,
                                            int8_t *y, void *scratch) {
    nn_depthwise_conv_2d_line_dsp(op, x, y, scratch);
}
