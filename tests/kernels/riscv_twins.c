/* SPDX-License-Identifier: Apache-2.0
 *
 * The assembly of firmware/kernels/riscv in C, step by step: so that the host tests run what is around it with
 * AddressSanitizer and UBSan, and hold the arithmetic itself against the reference. */
#include "riscv/block.h"

enum { CHANNELS = NN_TRIPLES_CHANNELS, HEADER_WORDS = NN_TRIPLES_HEADER_WORDS, TAP_WORDS = NN_TRIPLES_TAP_BYTES / 4 };

static int32_t wrapped(uint32_t value) {
    return (int32_t)value;
}

/* The two words of each three pixels, for one channel. */
static void multiply(const nn_triples_t *block, const int8_t *weights, uint32_t words[TAP_WORDS]) {
    for (int i = 0; i < TAP_WORDS; i++) {
        words[i] = 0;
        for (int32_t k = 0; k < block->taps; k++)
            words[i] += (uint32_t)block->columns[k * TAP_WORDS + i] * (uint32_t)weights[k * CHANNELS];
    }
}

/* Three sums from two words. */
static void decode(const uint32_t words[2], int32_t sums[3]) {
    sums[0] = wrapped(words[0] << 11) >> 11;
    uint32_t first = words[0] - (uint32_t)sums[0];
    uint32_t second = words[1] - (uint32_t)(wrapped(first) >> 10);
    sums[2] = wrapped(second << 10) >> 10;
    second -= (uint32_t)sums[2];
    sums[1] = (wrapped(first) >> 21) + (wrapped(second) >> 11);
}

static void six_sums(const nn_triples_t *block, const int8_t *weights, int32_t sums[NN_TRIPLES_PIXELS]) {
    uint32_t words[TAP_WORDS];
    multiply(block, weights, words);
    decode(words, sums);
    decode(words + 2, sums + 3);
}

static int32_t requantized(const int32_t header[HEADER_WORDS], int32_t shifted, int is_signed) {
    int32_t value = (int32_t)((shifted * (int64_t)(uint32_t)header[1]) >> 32);
    if (is_signed && value < 0)
        value -= 1 << (header[0] & 31);
    return (value + header[2]) >> 15;
}

static int8_t clamped(int32_t value, int32_t least, int32_t most) {
    return (int8_t)(value < least ? least : value > most ? most : value);
}

static void outputs(const nn_triples_t *block, int is_signed) {
    const int32_t *stream = block->stream;
    for (int8_t *y = block->y; y < block->y_end; y += CHANNELS, stream += block->taps + CHANNELS * HEADER_WORDS) {
        int8_t *to = block->y_end - y < CHANNELS ? (int8_t *)block->y_end - CHANNELS : y;
        for (int c = 0; c < CHANNELS; c++) {
            const int32_t *header = stream + block->taps + c * HEADER_WORDS;
            int32_t sums[NN_TRIPLES_PIXELS];
            six_sums(block, (const int8_t *)stream + c, sums);
            for (int p = 0; p < NN_TRIPLES_PIXELS; p++) {
                int32_t shifted = (sums[p] + (header[0] >> 5)) * (1 << (header[0] & 31));
                to[p * block->stride + c] =
                    clamped(requantized(header, shifted, is_signed), block->act_min, block->act_max);
            }
        }
    }
}

void nn_triples_clamped_riscv(const nn_triples_t *block) {
    outputs(block, 0);
}

void nn_triples_signed_riscv(const nn_triples_t *block) {
    outputs(block, 1);
}

static void add_sums(const nn_triples_t *block, int pixels) {
    int32_t *to = (int32_t *)(void *)block->y;
    for (int c = 0; c < CHANNELS; c++, to += NN_TRIPLES_PIXELS) {
        int32_t sums[NN_TRIPLES_PIXELS];
        six_sums(block, (const int8_t *)block->stream + c, sums);
        for (int p = 0; p < pixels; p++)
            to[p] += sums[p];
    }
}

void nn_triples_sums_riscv(const nn_triples_t *block) {
    add_sums(block, 6);
}

void nn_triples_sums_of_three_riscv(const nn_triples_t *block) {
    add_sums(block, 3);
}

static void depthwise_channel(const nn_depthwise_3x3_t *job, int stride, int c) {
    const int32_t *channel = job->channels + 6 * c, *header = channel + 3, scale = 1 << (header[0] & 31);
    const int8_t *weights = (const int8_t *)channel;
    for (int32_t line = 0; line < job->lines; line++)
        for (int32_t i = 0; i < job->count; i++) {
            const int8_t *window = job->plane + i * stride * job->pitch + line * stride * 4 + c;
            int32_t sum = (header[0] >> 5) * scale;
            for (int k = 0; k < 9; k++)
                sum += window[k % 3 * job->pitch + k / 3 * 4] * (weights[k] * scale);
            job->y[i * job->y_step + line * job->y_line_step + c] =
                clamped(requantized(header, sum, 0), job->act_min, job->act_max);
        }
}

static void depthwise(const nn_depthwise_3x3_t *job, int stride) {
    for (int c = 0; c < 4; c++)
        depthwise_channel(job, stride, c);
}

void nn_depthwise_3x3_riscv(const nn_depthwise_3x3_t *job) {
    depthwise(job, 1);
}

void nn_depthwise_3x3_stride_2_riscv(const nn_depthwise_3x3_t *job) {
    depthwise(job, 2);
}

void nn_depthwise_window_riscv(const nn_depthwise_window_t *job) {
    for (int32_t c = 0; c < job->y_end - job->y; c++) {
        const int8_t *x = job->x + c, *w = job->weights + c;
        int32_t sum = job->bias[c];
        for (int32_t row = 0; row < job->rows; row++, x += job->x_skip, w += job->w_skip)
            for (int32_t run = 0; run < job->runs; run++, x += job->x_run, w += job->w_run)
                sum += (*x + job->offset) * *w;
        int32_t doubled = (int32_t)((sum * 4 * (int64_t)job->multiplier[c]) >> 32) + 1, e = -job->shift[c];
        int32_t rounded = (doubled + 2 * (doubled >> 31) + (1 << e)) >> (e + 1);
        job->y[c] = clamped(rounded + job->output_offset, job->act_min, job->act_max);
    }
}
