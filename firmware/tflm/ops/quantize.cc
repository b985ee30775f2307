// SPDX-License-Identifier: Apache-2.0
#include "kernels/nn.h"
#include "nn_select.h"
#include "tflm/ops/requantize.h"

namespace tflm {
namespace {

void invoke(const Node &node) {
    NN_QUANTIZE(static_cast<const nn_quantize_t *>(node.op), static_cast<const float *>(node.x),
                static_cast<int8_t *>(node.y), nullptr);
}

Failure prepare(Context &c) {
    const Tensor &x = c.in[0], &y = c.out;
    if (x.kind != kFloat32) {
        return prepare_requantize(c, rescaling(c), y.zero_point, -128, 127);
    }
    if (y.kind != kInt8) {
        return Failure::kUnsupported;
    }
    nn_quantize_t op = {};
    const uint32_t scale = y.scales[0];
    op.count = static_cast<int32_t>(x.elements);
    memcpy(&op.scale, &scale, sizeof op.scale);
    op.output_offset = static_cast<int16_t>(y.zero_point);
    return same_shape(x, y) ? c.commit(invoke, op) : Failure::kBadModel;
}

} // namespace

const Operator kQuantize = {tflite::BuiltinOperator_QUANTIZE,
                            {kInt8 | kUInt8 | kFloat32, kAbsent, kAbsent},
                            kInt8 | kUInt8,
                            prepare,
                            nullptr,
                            nullptr,
                            0};

} // namespace tflm
