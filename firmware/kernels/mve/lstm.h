/* SPDX-License-Identifier: Apache-2.0
 *
 * UNIDIRECTIONAL_SEQUENCE_LSTM on Cortex-M55 with repacked constants; gen/compiler/kernels/mve/lstm.py makes them. */
#ifndef NN_MVE_LSTM_H
#define NN_MVE_LSTM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As nn_lstm_t. x_weights: of each unit its four gates' rows; x_sums: of each unit the four gates' biases and offset *
 * weights; both likewise of the hidden state. Each shift is below 0. */
typedef struct {
    const int8_t *x_weights, *h_weights;
    const int32_t *x_sums, *h_sums;
    int32_t batches, steps, in_n, units, time_major;
    int32_t multiplier[8], forget_multiplier, remember_multiplier, output_multiplier, tanh_multiplier;
    int8_t shift[8], forget_shift, remember_shift, output_shift, tanh_shift;
    int16_t hidden_offset, clip_low, clip_high;
} nn_lstm_mve_t;
typedef void nn_lstm_mve_fn(const nn_lstm_mve_t *op, const int8_t *x, int8_t *y, int8_t *hidden, int16_t *cell,
                            void *scratch);
nn_lstm_mve_fn nn_lstm_mve;

#ifdef __cplusplus
}
#endif
#endif
