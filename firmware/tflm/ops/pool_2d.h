// SPDX-License-Identifier: Apache-2.0
#ifndef TFLM_OPS_POOL_2D_H
#define TFLM_OPS_POOL_2D_H

#include "kernels/nn.h"
#include "tflm/operator.h"

namespace tflm {

// AVERAGE_POOL_2D and MAX_POOL_2D.
Failure prepare_pool_2d(Context &c, void (*invoke)(const Node &));

} // namespace tflm
#endif
