/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools of channels in fours, windows that lie wholly on the input. */
#ifndef NN_DSP_POOL_H
#define NN_DSP_POOL_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

nn_average_pool_2d_fn nn_average_pool_2d_dsp; /* at most 256 elements in a window: their sum is an int16 */
nn_max_pool_2d_fn nn_max_pool_2d_dsp;

#ifdef __cplusplus
}
#endif
#endif
