/* SPDX-License-Identifier: Apache-2.0
 *
 * Element-wise kernels, and SOFTMAX, that take the structs of nn.h. */
#ifndef NN_DSP_ELEMENTWISE_H
#define NN_DSP_ELEMENTWISE_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Results are shifted to the right, and the operands of a sum not to the left. */
nn_add_fn nn_add_dsp;
nn_sub_fn nn_sub_dsp;
nn_mul_fn nn_mul_dsp;
nn_maximum_fn nn_maximum_dsp;
nn_minimum_fn nn_minimum_dsp;

/* Differences are shifted to the left by at most 13. */
nn_softmax_int16_fn nn_softmax_int16_dsp;

#ifdef __cplusplus
}
#endif
#endif
