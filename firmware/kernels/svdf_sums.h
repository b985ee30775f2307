/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF over an ISA's dot_rows() and dot_state(): NN_SVDF is the function's name, NN_SVDF_OP its struct, NN_SVDF_STATE
 * the state's type. dot_rows() adds to four sums what x and four rows have together, count products each; dot_state()
 * gives what count values of a state and their weights do; scale_four() is nn_requantize() by a shift below 0 of four
 * numbers; nn_move_down() is memmove() to lower addresses. */
#include <string.h>

#include "nn_math.h"
#include "recurrent.h"
#include "saturate.h"

enum { ROWS = 4, TOGETHER = NN_SCALED_TOGETHER };
#define NN_SVDF_CLAMP(x) (sizeof(NN_SVDF_STATE) == 1 ? nn_clamp_8(x) : nn_clamp_16(x))

/* The newest values of so many filters, from their sums. */
static inline void newest(const NN_SVDF_OP *op, int32_t *sums, int32_t count, NN_SVDF_STATE *state) {
    const int32_t memory = op->memory, offset = op->state_offset;
    state += memory - 1;
    for (int32_t i = 0; i < count; i++, state += memory) {
        if (i % TOGETHER == 0)
            scale_sums(sums + i, TOGETHER, op->multiplier1, op->shift1);
        *state = (NN_SVDF_STATE)(NN_SVDF_CLAMP(sums[i]) - offset);
    }
}

/* Of every filter; where there are few, one after the other. */
static void features(const NN_SVDF_OP *op, const int8_t *x, NN_SVDF_STATE *state) {
    const int32_t filters = op->units * op->rank, together = filters < ROWS ? 1 : ROWS, in_n = op->in_n;
    for (int32_t first = 0; first < filters; first += together) {
        const int32_t begin = first > filters - together ? filters - together : first;
        const int32_t *from = op->filter_sums + begin, one[ROWS] = {*from};
        int32_t sums[ROWS];
        dot_rows(x, op->features + begin * in_n, together > 1 ? in_n : 0, in_n, together > 1 ? from : one, sums);
        newest(op, sums, together, state + begin * op->memory);
    }
}

/* Of one batch. */
static void outputs(const NN_SVDF_OP *op, const NN_SVDF_STATE *state, int8_t *y) {
    const int32_t of_unit = op->rank * op->memory, offset = op->output_offset;
    const NN_SVDF_STATE *time = op->time;
    for (int32_t unit = 0; unit < op->units; unit += TOGETHER) {
        const int32_t left = op->units - unit, count = left < TOGETHER ? left : TOGETHER;
        int32_t sums[TOGETHER] = {0};
        for (int32_t i = 0; i < count; i++, state += of_unit, time += of_unit)
            sums[i] = nn_add_wrapping(dot_state(state, time, of_unit), op->unit_sums[unit + i]);
        scale_sums(sums, TOGETHER, op->multiplier2, op->shift2);
        for (int32_t i = 0; i < count; i++)
            *y++ = (int8_t)nn_clamp_8(nn_add_wrapping(sums[i], offset));
    }
}

void NN_SVDF(const NN_SVDF_OP *op, const int8_t *x, int8_t *y, NN_SVDF_STATE *state, void *scratch) {
    const int32_t of_batch = op->units * op->rank * op->memory;
    (void)scratch;
    for (int32_t batch = 0; batch < op->batches; batch++, x += op->in_n, y += op->units, state += of_batch) {
        nn_move_down(state, state + 1, (of_batch - 1) * (int32_t)sizeof *state);
        features(op, x, state);
        outputs(op, state, y);
    }
}
