/* SPDX-License-Identifier: Apache-2.0
 *
 * LSTM of any type: NN_ELEMENT, whose limits are NN_LOW and NN_HIGH; NN_LSTM is the kernel's name, NN_LSTM_OP its
 * struct. Before the #include, scaled() is defined: what a gate's sum over x or over the hidden state comes to for a
 * unit. */
#include <string.h>

#include "sigmoid.h"

static int32_t clamp_16(int32_t x) {
    return nn_clamp(x, INT16_MIN, INT16_MAX);
}

/* The argument of a gate's function, in steps of 2^-12 / 3. */
static int32_t argument(int32_t of_x, int32_t of_h) {
    return 3 * clamp_16(clamp_16(of_x) + clamp_16(of_h));
}

/* One unit at one step: changes its cell state, gives its new hidden state. */
static NN_ELEMENT unit(const NN_LSTM_OP *op, int32_t number, const NN_ELEMENT *x, const NN_ELEMENT *hidden,
                       int16_t *cell) {
    const int8_t *const of_x[] = {op->x_i, op->x_f, op->x_c, op->x_o};
    const int8_t *const of_h[] = {op->h_i, op->h_f, op->h_c, op->h_o};
    const int32_t *const bias[] = {op->bias_i, op->bias_f, op->bias_c, op->bias_o};
    int32_t gates[4];
    for (int i = 0; i < 4; i++) {
        const int32_t a = scaled(op, i, x, op->in_n, of_x[i] + number * op->in_n, bias[i], number);
        const int32_t b = scaled(op, 4 + i, hidden, op->units, of_h[i] + number * op->units, 0, number);
        const int32_t to = argument(a, b);
        gates[i] = i == 2 ? nn_tanh_q15(to) : nn_logistic_q15(to);
    }
    const int32_t kept = nn_requantize(gates[1] * *cell, op->forget_multiplier, op->forget_shift);
    const int32_t added = nn_requantize(gates[0] * gates[2], op->remember_multiplier, op->remember_shift);
    *cell = (int16_t)nn_clamp(clamp_16(kept) + clamp_16(added), op->clip_low, op->clip_high);
    const int32_t half = (1 << op->tanh_shift) >> 1;
    const int32_t shown = nn_tanh_q15((*cell * op->tanh_multiplier + half) >> op->tanh_shift);
    const int32_t out = nn_requantize(gates[3] * shown, op->output_multiplier, op->output_shift);
    return (NN_ELEMENT)nn_clamp(nn_subtract_wrapping(out, op->hidden_offset), NN_LOW, NN_HIGH);
}

void NN_LSTM(const NN_LSTM_OP *op, const NN_ELEMENT *x, NN_ELEMENT *y, NN_ELEMENT *hidden, int16_t *cell,
             void *scratch) {
    (void)scratch;
    for (int32_t batch = 0; batch < op->batches; batch++, hidden += op->units, cell += op->units)
        for (int32_t step = 0; step < op->steps; step++) {
            const int32_t row = op->time_major ? step * op->batches + batch : batch * op->steps + step;
            NN_ELEMENT *made = y + row * op->units;
            for (int32_t i = 0; i < op->units; i++)
                made[i] = unit(op, i, x + row * op->in_n, hidden, cell + i);
            memcpy(hidden, made, (size_t)op->units * sizeof *made);
        }
}
