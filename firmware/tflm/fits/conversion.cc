// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits.h"

namespace tflm {
namespace {

// Whether so many elements of these types are in the input and in the output.
bool typed_within(int32_t count, uint8_t x_type, uint8_t y_type, const Extent &extent) {
    const int32_t x[] = {count, type_bytes(x_type)}, y[] = {count, type_bytes(y_type)};
    return axes_within(x, 2, y, 2, extent);
}

} // namespace

bool fits(const nn_quantize_int16_t &op, const Extent &extent) {
    return typed_within(op.count, NN_FLOAT32, NN_INT16, extent);
}

bool fits(const nn_dequantize_typed_t &op, const Extent &extent) {
    return typed_within(op.count, op.x_type, NN_FLOAT32, extent);
}

bool fits(const nn_rescale_t &op, const Extent &extent) {
    return typed_within(op.count, op.x_type, op.y_type, extent) && op.multiplier >= 0 && is_shift(op.shift);
}

bool fits(const nn_cast_t &op, const Extent &extent) {
    return typed_within(op.count, op.x_type, op.y_type, extent);
}

} // namespace tflm
