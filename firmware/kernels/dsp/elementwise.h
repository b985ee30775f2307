/* SPDX-License-Identifier: Apache-2.0
 *
 * Element-wise kernels that take the structs of nn.h. */
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

#ifdef __cplusplus
}
#endif
#endif
