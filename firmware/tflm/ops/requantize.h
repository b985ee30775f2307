// SPDX-License-Identifier: Apache-2.0
#ifndef TFLM_OPS_REQUANTIZE_H
#define TFLM_OPS_REQUANTIZE_H

#include "tflm/fixed_point.h"
#include "tflm/operator.h"

namespace tflm {

// x to y with this multiplier, y's zero point given, clamped: RELU, RELU6, QUANTIZE from int8.
Failure prepare_requantize(Context &c, Multiplier m, int32_t zero_point, int16_t act_min, int16_t act_max);

// From x's scale to y's.
Multiplier rescaling(const Context &c);

} // namespace tflm
#endif
