// SPDX-License-Identifier: Apache-2.0
#include "tflm/ops/requantize.h"

namespace tflm {
namespace {

// As TFLM: clamped to the input's range of 0 to 6, never rescaled.
Failure prepare(Context &c) {
    constexpr Multiplier kIdentity = {1 << 30, 1};
    int16_t act_min, act_max;
    activation_range(kActRelu6, c.in[0], &act_min, &act_max);
    return prepare_requantize(c, kIdentity, c.in[0].zero_point, act_min, act_max);
}

} // namespace

const Operator kRelu6 = {tflite::BuiltinOperator_RELU6, {kInt8, kAbsent, kAbsent}, kInt8, prepare, nullptr, nullptr, 0};

} // namespace tflm
