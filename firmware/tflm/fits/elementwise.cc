// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits.h"

namespace tflm {

bool fits(const nn_lut_t &op, const Extent &extent) {
    return in_both(op.count, extent.x[0], extent.y[0]);
}

bool fits(const nn_binary_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    constexpr int8_t kMostLeft = 22, kMostRight = -31;
    const uint32_t count = product(op.dims, kAxes);
    return count != 0 && count <= extent.y[0] && walks_within(0, op.dims, op.stride1, kAxes, 1, extent.x[0]) &&
           walks_within(0, op.dims, op.stride2, kAxes, 1, extent.x[1]) && op.shift1 <= 0 && op.shift1 >= kMostRight &&
           op.shift2 <= 0 && op.shift2 >= kMostRight && is_shift(op.output_shift) && op.left_shift >= 0 &&
           op.left_shift <= kMostLeft && (op.multiplier1 | op.multiplier2 | op.output_multiplier) >= 0 &&
           is_offset(op.offset1) && is_offset(op.offset2);
}

bool fits(const nn_select_v2_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    const uint64_t count = product(op.dims, kAxes);
    return count != 0 && op.run > 0 && count * static_cast<uint32_t>(op.run) <= extent.y[0] &&
           walks_within(0, op.dims, op.stride_if, kAxes, 1, extent.x[0]) &&
           walks_within(0, op.dims, op.stride1, kAxes, op.run, extent.x[1]) &&
           walks_within(0, op.dims, op.stride2, kAxes, op.run, extent.x[2]);
}

bool fits(const nn_binary_int32_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    const uint64_t count = product(op.dims, kAxes);
    const uint32_t y_bytes = op.what < NN_INT32_EQUAL ? sizeof(int32_t) : 1;
    return count != 0 && count * y_bytes <= extent.y[0] &&
           walks_within(0, op.dims, op.stride1, kAxes, 1, extent.x[0] / sizeof(int32_t)) &&
           walks_within(0, op.dims, op.stride2, kAxes, 1, extent.x[1] / sizeof(int32_t));
}

} // namespace tflm
