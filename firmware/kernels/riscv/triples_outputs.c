/* SPDX-License-Identifier: Apache-2.0 */
#include "riscv/block.h"

enum { PIXELS = NN_TRIPLES_PIXELS, CHANNELS = NN_TRIPLES_CHANNELS, HEADER_WORDS = NN_TRIPLES_HEADER_WORDS };

/* The outputs of one channel, requantized as triples.S does; header: as there. */
static inline void channel(const nn_triples_t *block, const int32_t *header, const int32_t *sums, int8_t *y) {
    const int32_t up = header[0] & 31, constant = header[2], stride = block->stride;
    const int32_t act_min = block->act_min, act_max = block->act_max;
    const int32_t below_zero = block->signed_outputs ? -(1 << up) : 0;
    const uint32_t multiplier = (uint32_t)header[1];
    for (const int32_t *end = sums + block->pixels; sums < end; sums++, y += stride) {
        const int32_t shifted = *sums * (1 << up);
        int32_t value = (int32_t)((shifted * (int64_t)multiplier) >> 32) + constant;
        value = (value + (shifted < 0 ? below_zero : 0)) >> 15;
        *y = (int8_t)(value < act_min ? act_min : value > act_max ? act_max : value);
    }
}

void nn_triples_outputs_riscv(const nn_triples_t *block) {
    nn_triples_fn *add_sums = block->pixels > PIXELS / 2 ? nn_triples_sums_riscv : nn_triples_sums_of_three_riscv;
    int32_t sums[CHANNELS][PIXELS];
    nn_triples_t part = {.stream = block->stream, .y = (int8_t *)sums};
    for (int8_t *next = block->y; next < block->y_end; next += CHANNELS) {
        const int32_t *headers = part.stream + block->taps;
        for (int32_t c = 0; c < CHANNELS; c++)
            for (int32_t p = 0; p < PIXELS; p++)
                sums[c][p] = headers[c * HEADER_WORDS] >> 5;
        part.columns = block->columns;
        for (int32_t left = block->taps; left > 0; left -= block->segment) {
            part.taps = left < block->segment ? left : block->segment;
            add_sums(&part);
            part.stream += part.taps; /* a word of four weights each */
            part.columns += part.taps * (NN_TRIPLES_TAP_BYTES / 4);
        }
        part.stream += CHANNELS * HEADER_WORDS;
        int8_t *y = block->y_end - next < CHANNELS ? (int8_t *)block->y_end - CHANNELS : next;
        for (int32_t c = 0; c < CHANNELS; c++)
            channel(block, headers + c * HEADER_WORDS, sums[c], y + c);
    }
}
