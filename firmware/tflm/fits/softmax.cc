// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits.h"

namespace tflm {

bool fits(const nn_softmax_t &op, const Extent &extent) {
    constexpr int32_t kMostExponentials = 4095, kMostDifference = 255;
    const int32_t x[] = {op.rows, op.depth}, y[] = {op.rows, op.depth, sizeof(int16_t)};
    if (op.diff_min > 0 || op.shift < 0 || op.shift > 31) {
        return false;
    }
    const int64_t lowest = op.diff_min < -kMostDifference ? -kMostDifference : op.diff_min;
    return axes_within(x, 2, y, 3, extent) && op.depth <= kMostExponentials && op.multiplier >= 0 &&
           lowest * (int64_t{1} << op.shift) >= INT32_MIN;
}

bool fits(const nn_softmax_int16_t &op, const Extent &extent) {
    constexpr uint32_t kEntries = 513;
    constexpr int32_t kMostExponentials = 32767, kMostShift = 15; // as many e^0 in the sum; 65535 shifted so far
    const int32_t dims[] = {op.rows, op.depth, sizeof(int16_t)};
    bool positive = extent.arrays[0] >= kEntries * sizeof(int16_t) && extent.arrays[1] >= kEntries * sizeof(int16_t);
    for (uint32_t i = 0; positive && i < kEntries; i++) {
        positive = op.exponentials[i] >= 0;
    }
    return positive && axes_within(dims, 3, dims, 3, extent) && op.depth <= kMostExponentials && op.multiplier >= 0 &&
           is_shift(op.shift) && op.shift <= kMostShift;
}

} // namespace tflm
