/* SPDX-License-Identifier: Apache-2.0 */
#include "wide.h"

static int32_t scaled(const nn_lstm_int16_t *op, int number, const int16_t *x, int32_t count, const int8_t *weights,
                      const int32_t *bias, int32_t unit) {
    uint64_t sum = bias != 0 ? nn_wide_bias(bias, unit) : 0;
    for (int32_t i = 0; i < count; i++)
        sum += (uint64_t)(int64_t)(x[i] * weights[i]);
    return nn_requantize_wide((int64_t)sum, op->multiplier[number], op->shift[number]);
}

#define NN_ELEMENT int16_t
#define NN_LOW INT16_MIN
#define NN_HIGH INT16_MAX
#define NN_LSTM nn_lstm_int16_portable
#define NN_LSTM_OP nn_lstm_int16_t
#include "lstm.h"
