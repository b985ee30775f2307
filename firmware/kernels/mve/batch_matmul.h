/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NN_MVE_BATCH_MATMUL_H
#define NN_MVE_BATCH_MATMUL_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sums shifted to the right. scratch: 4 bytes for each row, then 5 for each of the depth. */
nn_batch_matmul_fn nn_batch_matmul_mve;

#ifdef __cplusplus
}
#endif
#endif
