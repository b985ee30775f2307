/* SPDX-License-Identifier: Apache-2.0
 *
 * LSTM over an ISA's dot_rows(): NN_LSTM is the function's name. dot_rows() adds to sum[i] what x and row[i] have
 * together, count products each. */
#include <string.h>

#include "nn_math.h"
#include "portable/sigmoid.h"
#include "recurrent.h"

enum { GATES = 4, CELL_GATE = 2 };

static inline int32_t clamp_16(int32_t x) {
    __asm__("ssat %0, #16, %0" : "+r"(x));
    return x;
}

/* down() by a shift of -(right + 1), below 0. */
static inline int32_t down(int32_t x, int32_t multiplier, int right) {
    const int32_t product = nn_mul_q31(x, multiplier);
    const int32_t halves = (product + (product >> 31)) >> right;
    return (halves >> 1) + (halves & 1);
}

/* One unit at one step: changes its cell state, gives its new hidden state. */
static int8_t unit(const nn_lstm_sums_t *op, int32_t number, const int8_t *x, const int8_t *hidden, int16_t *cell) {
    const int32_t of_x = number * op->in_n, of_h = number * op->units;
    const int8_t *const x_rows[GATES] = {op->x_i + of_x, op->x_f + of_x, op->x_c + of_x, op->x_o + of_x};
    const int8_t *const h_rows[GATES] = {op->h_i + of_h, op->h_f + of_h, op->h_c + of_h, op->h_o + of_h};
    int32_t a[GATES], b[GATES], gates[GATES];
    memcpy(a, op->x_sums + GATES * number, sizeof a);
    memcpy(b, op->h_sums + GATES * number, sizeof b);
    dot_rows(x, x_rows, op->in_n, a);
    dot_rows(hidden, h_rows, op->units, b);
    for (int i = 0; i < GATES; i++) {
        const int32_t one = clamp_16(down(a[i], op->multiplier[i], op->right[i]));
        const int32_t other = clamp_16(down(b[i], op->multiplier[GATES + i], op->right[GATES + i]));
        const int32_t argument = 3 * clamp_16(one + other);
        gates[i] = i == CELL_GATE ? nn_tanh_q15(argument) : nn_logistic_q15(argument);
    }
    const int32_t kept = down(gates[1] * *cell, op->forget_multiplier, op->forget_right);
    const int32_t added = down(gates[0] * gates[CELL_GATE], op->remember_multiplier, op->remember_right);
    *cell = (int16_t)nn_clamp(clamp_16(kept) + clamp_16(added), op->clip_low, op->clip_high);
    const int32_t half = (1 << op->tanh_shift) >> 1;
    const int32_t shown = nn_tanh_q15((*cell * op->tanh_multiplier + half) >> op->tanh_shift);
    const int32_t scaled = down(gates[3] * shown, op->output_multiplier, op->output_right);
    return (int8_t)nn_clamp(nn_subtract_wrapping(scaled, op->hidden_offset), INT8_MIN, INT8_MAX);
}

void NN_LSTM(const nn_lstm_sums_t *op, const int8_t *x, int8_t *y, int8_t *hidden, int16_t *cell, void *scratch) {
    (void)scratch;
    for (int32_t batch = 0; batch < op->batches; batch++, hidden += op->units, cell += op->units)
        for (int32_t step = 0; step < op->steps; step++) {
            const int32_t row = op->time_major ? step * op->batches + batch : batch * op->steps + step;
            int8_t *made = y + row * op->units;
            for (int32_t i = 0; i < op->units; i++)
                made[i] = unit(op, i, x + row * op->in_n, hidden, cell + i);
            memcpy(hidden, made, (size_t)op->units);
        }
}
