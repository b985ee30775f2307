/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF over an ISA's dot_rows() and dot_state(): NN_SVDF is the function's name, NN_SVDF_OP its struct, NN_SVDF_STATE
 * the state's type. dot_rows() adds to sum[i] what x and row[i] have together, count products each; dot_state() gives
 * what count values of a state and their weights do. */
#include <string.h>

#include "nn_math.h"
#include "recurrent.h"

enum { ROWS = 4 };
#define NN_SVDF_LOW (sizeof(NN_SVDF_STATE) == 1 ? INT8_MIN : INT16_MIN)
#define NN_SVDF_HIGH (sizeof(NN_SVDF_STATE) == 1 ? INT8_MAX : INT16_MAX)

/* The newest value of every filter; where there are few, one after the other. */
static void features(const NN_SVDF_OP *op, const int8_t *x, NN_SVDF_STATE *state) {
    const int32_t filters = op->units * op->rank, together = filters < ROWS ? 1 : ROWS;
    for (int32_t first = 0; first < filters; first += together) {
        const int32_t begin = first > filters - together ? filters - together : first;
        const int8_t *rows[ROWS];
        int32_t sums[ROWS];
        for (int32_t i = 0; i < ROWS; i++) {
            const int32_t number = begin + (i < together ? i : 0);
            rows[i] = op->features + number * op->in_n;
            sums[i] = op->filter_sums[number];
        }
        dot_rows(x, rows, op->in_n, sums);
        for (int32_t i = 0; i < together; i++) {
            const int32_t newest =
                nn_clamp(nn_requantize(sums[i], op->multiplier1, op->shift1), NN_SVDF_LOW, NN_SVDF_HIGH);
            state[(begin + i + 1) * op->memory - 1] = (NN_SVDF_STATE)(newest - op->state_offset);
        }
    }
}

void NN_SVDF(const NN_SVDF_OP *op, const int8_t *x, int8_t *y, NN_SVDF_STATE *state, void *scratch) {
    const int32_t of_unit = op->rank * op->memory, of_batch = op->units * of_unit;
    (void)scratch;
    for (int32_t batch = 0; batch < op->batches; batch++, x += op->in_n, state += of_batch) {
        memmove(state, state + 1, (size_t)(of_batch - 1) * sizeof *state);
        features(op, x, state);
        for (int32_t unit = 0; unit < op->units; unit++) {
            const int32_t sum = dot_state(state + unit * of_unit, op->time + unit * of_unit, of_unit);
            const int32_t biased = nn_add_wrapping(sum, op->unit_sums[unit]);
            const int32_t scaled = nn_requantize(biased, op->multiplier2, op->shift2);
            *y++ = (int8_t)nn_clamp(nn_add_wrapping(scaled, op->output_offset), INT8_MIN, INT8_MAX);
        }
    }
}
