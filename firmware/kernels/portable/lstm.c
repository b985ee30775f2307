/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "nn_math.h"
#include "sigmoid.h"

static int32_t clamp_16(int32_t x) {
    return nn_clamp(x, INT16_MIN, INT16_MAX);
}

static int32_t dot(const int8_t *x, int32_t offset, const int8_t *weights, int32_t count, uint32_t sum) {
    for (int32_t i = 0; i < count; i++)
        sum += (uint32_t)((x[i] + offset) * weights[i]);
    return (int32_t)sum;
}

/* The argument of a gate's function for one unit, in steps of 2^-12 / 3. */
static int32_t gate(const nn_lstm_t *op, int number, int32_t of_x, int32_t of_h) {
    const int32_t a = nn_requantize(of_x, op->multiplier[number], op->shift[number]);
    const int32_t b = nn_requantize(of_h, op->multiplier[4 + number], op->shift[4 + number]);
    return 3 * clamp_16(clamp_16(a) + clamp_16(b));
}

/* One unit at one step: changes its cell state, gives its new hidden state. */
static int8_t unit(const nn_lstm_t *op, int32_t number, const int8_t *x, const int8_t *hidden, int16_t *cell) {
    const int8_t *const of_x[] = {op->x_i, op->x_f, op->x_c, op->x_o};
    const int8_t *const of_h[] = {op->h_i, op->h_f, op->h_c, op->h_o};
    const int32_t *const bias[] = {op->bias_i, op->bias_f, op->bias_c, op->bias_o};
    int32_t gates[4];
    for (int i = 0; i < 4; i++) {
        const int32_t a = dot(x, op->input_offset, of_x[i] + number * op->in_n, op->in_n, (uint32_t)bias[i][number]);
        const int32_t b = dot(hidden, op->hidden_offset, of_h[i] + number * op->units, op->units, 0);
        const int32_t argument = gate(op, i, a, b);
        gates[i] = i == 2 ? nn_tanh_q15(argument) : nn_logistic_q15(argument);
    }
    const int32_t kept = nn_requantize(gates[1] * *cell, op->forget_multiplier, op->forget_shift);
    const int32_t added = nn_requantize(gates[0] * gates[2], op->remember_multiplier, op->remember_shift);
    *cell = (int16_t)nn_clamp(clamp_16(kept) + clamp_16(added), op->clip_low, op->clip_high);
    const int32_t half = (1 << op->tanh_shift) >> 1;
    const int32_t shown = nn_tanh_q15((*cell * op->tanh_multiplier + half) >> op->tanh_shift);
    const int32_t scaled = nn_requantize(gates[3] * shown, op->output_multiplier, op->output_shift);
    return (int8_t)nn_clamp(nn_subtract_wrapping(scaled, op->hidden_offset), INT8_MIN, INT8_MAX);
}

void nn_lstm_portable(const nn_lstm_t *op, const int8_t *x, int8_t *y, int8_t *hidden, int16_t *cell, void *scratch) {
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
