/* SPDX-License-Identifier: Apache-2.0
 *
 * What the depthwise convolutions share. */
#ifndef NN_XTENSA_DEPTHWISE_IMAGE_H
#define NN_XTENSA_DEPTHWISE_IMAGE_H

#include "xtensa/depthwise.h"
#include "xtensa/output.h"

typedef nn_depthwise_conv_2d_3x3_xtensa_t nn_depthwise_t;
/* The sums of one channel, on its plane. */
typedef void nn_depthwise_sums_fn(const nn_depthwise_t *op, const uint8_t *weights, uint32_t *plane);

static inline void nn_fill_lines(const nn_depthwise_t *op, uint32_t *plane, int32_t lines) {
    const uint32_t value = (uint32_t)(op->pad_value + 128);
    for (; lines > 0; lines--, plane += op->pitch)
        for (int32_t i = 0; i < op->used; i++)
            plane[i] = value;
}

static inline void nn_channel_outputs(const nn_outputs_t *job, int32_t output_offset) {
    const nn_output_line_t out = {job->mode, job->bits, output_offset, job->act_min, job->act_max};
    if (job->mode != NN_GENERAL) {
        nn_outputs_xtensa(job);
        return;
    }
    for (int32_t i = 0; i < job->lines; i++) {
        const int32_t *sum = job->sums + i * job->line_step / 4;
        int8_t *y = job->y + i * job->y_line_step;
        for (int32_t j = 0; j < job->count; j++, sum += job->step / 4, y += job->y_step)
            *y = nn_output_by_record(&out, *sum, job->record);
    }
}

/* step: words from one sum to the next, from the word `first` on. */
static inline void nn_depthwise_images(const nn_depthwise_t *op, const int8_t *x, int8_t *y, uint32_t *plane,
                                       nn_depthwise_sums_fn *sums, int32_t first, int32_t step) {
    const nn_depthwise_axis_xtensa_t *along = &op->along, *across = &op->across;
    const int32_t line_bytes = op->pitch * 4, taps = op->taps_across * op->taps_along;
    nn_gather_t gather = {plane + across->pad * op->pitch + along->pad,
                          x,
                          along->x_step,
                          across->x_step,
                          along->in,
                          across->in,
                          line_bytes};
    nn_outputs_t outputs = {(const int32_t *)plane + first,
                            y,
                            0,
                            along->out,
                            across->out,
                            step * 4,
                            across->stride * line_bytes,
                            along->y_step,
                            across->y_step,
                            op->bits,
                            op->mode,
                            op->act_min,
                            op->act_max};
    nn_fill_lines(op, plane, op->lines);
    for (int32_t n = 0; n < op->batches; n++) {
        const uint8_t *weights = op->weights;
        gather.from = x + n * op->x_bytes;
        outputs.y = y + n * op->y_bytes;
        outputs.record = op->records;
        for (int32_t c = 0; c < op->channels; c++, weights += taps, gather.from++, outputs.y++) {
            nn_fill_lines(op, plane, op->refill);
            nn_depthwise_gather_xtensa(&gather);
            sums(op, weights, plane);
            nn_channel_outputs(&outputs, op->output_offset);
            outputs.record += nn_record_words(op->mode);
        }
    }
}

#endif
