/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_math.h"

static int32_t scaled(const nn_lstm_t *op, int number, const int8_t *x, int32_t count, const int8_t *weights,
                      const int32_t *bias, int32_t unit) {
    const int32_t offset = number < 4 ? op->input_offset : op->hidden_offset;
    uint32_t sum = bias != 0 ? (uint32_t)bias[unit] : 0;
    for (int32_t i = 0; i < count; i++)
        sum += (uint32_t)((x[i] + offset) * weights[i]);
    return nn_requantize((int32_t)sum, op->multiplier[number], op->shift[number]);
}

#define NN_ELEMENT int8_t
#define NN_LOW INT8_MIN
#define NN_HIGH INT8_MAX
#define NN_LSTM nn_lstm_portable
#define NN_LSTM_OP nn_lstm_t
#include "lstm.h"
