// SPDX-License-Identifier: Apache-2.0
#include "kernels/nn.h"
#include "nn_select.h"
#include "tflm/operator.h"

namespace tflm {
namespace {

void invoke(const Node &node) {
    NN_DEQUANTIZE(static_cast<const nn_dequantize_t *>(node.op), static_cast<const int8_t *>(node.x),
                  static_cast<float *>(node.y), nullptr);
}

Failure prepare(Context &c) {
    const Tensor &x = c.in[0];
    nn_dequantize_t op = {};
    const uint32_t scale = x.scales[0];
    op.count = static_cast<int32_t>(x.elements);
    memcpy(&op.scale, &scale, sizeof op.scale);
    op.input_offset = static_cast<int16_t>(-x.zero_point);
    return same_shape(x, c.out) ? c.commit(invoke, op) : Failure::kBadModel;
}

} // namespace

const Operator kDequantize = {
    tflite::BuiltinOperator_DEQUANTIZE, {kInt8, kAbsent, kAbsent}, kFloat32, prepare, nullptr, nullptr, 0};

} // namespace tflm
