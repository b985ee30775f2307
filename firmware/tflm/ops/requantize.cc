// SPDX-License-Identifier: Apache-2.0
#include "tflm/ops/requantize.h"
#include "kernels/nn.h"
#include "nn_select.h"

namespace tflm {
namespace {

void invoke(const Node &node) {
    NN_REQUANTIZE(static_cast<const nn_requantize_t *>(node.op), static_cast<const int8_t *>(node.x),
                  static_cast<int8_t *>(node.y), nullptr);
}

} // namespace

Multiplier rescaling(const Context &c) {
    return quantize(c.in[0].scales[0], kOne, c.out.scales[0]);
}

Failure prepare_requantize(Context &c, Multiplier m, int32_t zero_point, int16_t act_min, int16_t act_max) {
    const Tensor &x = c.in[0];
    constexpr uint8_t kFlip = 0x80; // makes the byte of a uint8 u that of the int8 u - 128
    if (m.shift > kMaxRescale) {
        return Failure::kUnsupported;
    }
    nn_requantize_t op = {};
    op.count = static_cast<int32_t>(x.elements);
    op.multiplier = m.value;
    op.shift = m.shift;
    op.flip_x = x.kind == kUInt8 ? kFlip : 0;
    op.flip_y = c.out.kind == kUInt8 ? kFlip : 0;
    op.input_offset = static_cast<int16_t>(op.flip_x - x.zero_point);
    op.output_offset = static_cast<int16_t>(zero_point - op.flip_y);
    op.act_min = act_min;
    op.act_max = act_max;
    return same_shape(x, c.out) ? c.commit(invoke, op) : Failure::kBadModel;
}

} // namespace tflm
