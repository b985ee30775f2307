/* SPDX-License-Identifier: Apache-2.0
 *
 * UNIDIRECTIONAL_SEQUENCE_LSTM on Cortex-M4, M7 and M33 with repacked constants; gen/compiler/kernels/dsp/lstm.py makes
 * them and proves the ranges that the arithmetic relies on. */
#ifndef NN_DSP_LSTM_H
#define NN_DSP_LSTM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As nn_lstm_t. stream: of each unit what its gates do with the input, then what they do with the hidden state. Each of
 * both is T and S of the input and the forget gate, T and S of the cell and the output gate, then for each four values
 * two words of the former pair and two of the latter; of a pair the first gate's weights are in the low bytes, T is its
 * sum at the start, S - T that of the second one, times 256. scale: of each gate multiplier, half of what the second
 * rounding divides by, and its shift, for the input, then the same for the hidden state. scratch: 8 bytes for each four
 * inputs and for each four units. */
typedef struct {
    const int32_t *stream;
    int32_t batches, steps, in_n, units, time_major;
    int32_t scale[24], output_scale[3], tanh_multiplier;
    int8_t remember_right, tanh_shift;
    int16_t hidden_offset, clip_low, clip_high;
} nn_lstm_dsp_t;
typedef void nn_lstm_dsp_fn(const nn_lstm_dsp_t *op, const int8_t *x, int8_t *y, int8_t *hidden, int16_t *cell,
                            void *scratch);
nn_lstm_dsp_fn nn_lstm_dsp;

#ifdef __cplusplus
}
#endif
#endif
