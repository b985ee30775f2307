// SPDX-License-Identifier: Apache-2.0
#include "nn_select.h"
#include "tflm/ops/convolution.h"

namespace tflm {
namespace {

void invoke(const Node &node) {
    NN_DEPTHWISE_CONV_2D(static_cast<const nn_depthwise_conv_2d_t *>(node.op), static_cast<const int8_t *>(node.x),
                         static_cast<int8_t *>(node.y), nullptr);
}

Failure prepare(Context &c) {
    return prepare_convolution(c, 1, invoke);
}

} // namespace

const Operator kDepthwiseConv2D = {tflite::BuiltinOperator_DEPTHWISE_CONV_2D,
                                   {kInt8, kInt8 | kInt8Channels | kConstant, kInt32 | kAbsent | kConstant},
                                   kInt8,
                                   prepare,
                                   nullptr,
                                   nullptr,
                                   0};

} // namespace tflm
