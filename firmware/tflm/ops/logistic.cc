// SPDX-License-Identifier: Apache-2.0
#include "kernels/nn.h"
#include "nn_select.h"
#include "tflm/fixed_point.h"
#include "tflm/operator.h"

namespace tflm {
namespace {

constexpr int kInputBits = 4; // the scaled input is in Q4.27

void invoke(const Node &node) {
    NN_LOGISTIC(static_cast<const nn_logistic_t *>(node.op), static_cast<const int8_t *>(node.x),
                static_cast<int8_t *>(node.y), nullptr);
}

Failure prepare(Context &c) {
    const Tensor &x = c.in[0];
    const Multiplier m = quantize(x.scales[0], kOne, power_of_two(kInputBits - 31));
    if (m.shift < 0) {
        return Failure::kUnsupported;
    }
    const nn_logistic_t op = {static_cast<int32_t>(x.elements), m.value, input_radius(kInputBits, m),
                              static_cast<int16_t>(-x.zero_point), m.shift};
    return same_shape(x, c.out) ? c.commit(invoke, op) : Failure::kBadModel;
}

} // namespace

const Operator kLogistic = {tflite::BuiltinOperator_LOGISTIC, {kInt8, kAbsent, kAbsent}, kInt8, prepare};

} // namespace tflm
