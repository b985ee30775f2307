// SPDX-License-Identifier: Apache-2.0
#include "tflm/ops/requantize.h"

namespace tflm {
namespace {

Failure prepare(Context &c) {
    int16_t act_min, act_max;
    activation_range(kActRelu, c.out, &act_min, &act_max);
    return prepare_requantize(c, rescaling(c), c.out.zero_point, act_min, act_max);
}

} // namespace

const Operator kRelu = {tflite::BuiltinOperator_RELU, {kInt8, kAbsent, kAbsent}, kInt8, prepare, nullptr, nullptr, 0};

} // namespace tflm
