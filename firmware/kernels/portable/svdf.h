/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF for a state of any type: NN_SVDF is the kernel's name without nn_, NN_SVDF_STATE the type. */
#include <string.h>

#include "nn.h"
#include "nn_math.h"

#define NN_SVDF_LOW (sizeof(NN_SVDF_STATE) == 1 ? INT8_MIN : INT16_MIN)
#define NN_SVDF_HIGH (sizeof(NN_SVDF_STATE) == 1 ? INT8_MAX : INT16_MAX)

#define NN_SVDF_JOIN(a, b, c) a##b##c
#define NN_SVDF_NAME(a, b, c) NN_SVDF_JOIN(a, b, c)
typedef NN_SVDF_NAME(nn_, NN_SVDF, _t) nn_svdf_op_t;

/* A filter's state moves on by a step, at whose end its weighed features stand; what its last steps come to. */
static uint32_t filter(const nn_svdf_op_t *op, int32_t number, const int8_t *x, NN_SVDF_STATE *state) {
    const int32_t offset = op->input_offset, last = op->memory - 1;
    const int8_t *features = op->features + number * op->in_n;
    const NN_SVDF_STATE *time = op->time + number * op->memory;
    uint32_t newest = 0, sum = 0;
    for (int32_t i = 0; i < op->in_n; i++)
        newest += (uint32_t)((x[i] + offset) * features[i]);
    const int32_t scaled = nn_requantize((int32_t)newest, op->multiplier1, op->shift1);
    memmove(state, state + 1, (size_t)last * sizeof *state);
    /* TFLM clamps before it adds the zero point, so that the sum wraps. */
    state[last] = (NN_SVDF_STATE)(nn_clamp(scaled, NN_SVDF_LOW, NN_SVDF_HIGH) - op->state_offset);
    for (int32_t i = 0; i <= last; i++)
        sum += (uint32_t)((state[i] + op->state_offset) * time[i]);
    return sum;
}

void NN_SVDF_NAME(nn_, NN_SVDF, _portable)(const nn_svdf_op_t *op, const int8_t *x, int8_t *y, NN_SVDF_STATE *state,
                                           void *scratch) {
    (void)scratch;
    for (int32_t batch = 0; batch < op->batches; batch++, x += op->in_n)
        for (int32_t unit = 0; unit < op->units; unit++) {
            uint32_t sum = (uint32_t)op->bias[unit];
            for (int32_t i = unit * op->rank; i < (unit + 1) * op->rank; i++, state += op->memory)
                sum += filter(op, i, x, state);
            const int32_t scaled = nn_requantize((int32_t)sum, op->multiplier2, op->shift2);
            *y++ = (int8_t)nn_clamp(nn_add_wrapping(scaled, op->output_offset), INT8_MIN, INT8_MAX);
        }
}
