/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_DSP_BATCH_MATMUL_H
#define NN_DSP_BATCH_MATMUL_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sums of at most 30 bits, shifted to the right. scratch: 36 bytes for each four of the depth. */
nn_batch_matmul_fn nn_batch_matmul_dsp;

#ifdef __cplusplus
}
#endif
#endif
