// SPDX-License-Identifier: Apache-2.0
#ifndef TFLM_OPS_CONVOLUTION_H
#define TFLM_OPS_CONVOLUTION_H

#include "kernels/nn.h"
#include "tflm/operator.h"

namespace tflm {

// CONV_2D and DEPTHWISE_CONV_2D, whose parameters differ in the meaning of one field only. depthwise is 0 or 1: by so
// much the numbers of the latter's options behind the strides are higher.
Failure prepare_convolution(Context &c, unsigned depthwise, void (*invoke)(const Node &));

} // namespace tflm
#endif
