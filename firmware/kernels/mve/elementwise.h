/* SPDX-License-Identifier: Apache-2.0
 *
 * MVE kernels that take the structs of nn.h. */
#ifndef MVE_ELEMENTWISE_H
#define MVE_ELEMENTWISE_H

#include "nn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ADD without broadcasting, output range -128..127, no left shift, one input that is only halved (multiplier 2^30 and
 * shift 0, which TFLite gives to the larger scale). scratch: 1024 bytes, aligned to 4. */
typedef nn_add_t nn_add_mve_t;
nn_add_fn nn_add_mve;

/* Of any operands: results are shifted to the right, and the operands of a sum not to the left. */
nn_add_fn nn_add_rows_mve;
nn_sub_fn nn_sub_mve;
nn_mul_fn nn_mul_mve;
nn_maximum_fn nn_maximum_mve;
nn_minimum_fn nn_minimum_mve;

/* AVERAGE_POOL_2D with windows of at most 255 elements. */
typedef nn_pool_2d_t nn_average_pool_2d_mve_t;
nn_average_pool_2d_fn nn_average_pool_2d_mve;

#ifdef __cplusplus
}
#endif
#endif
