// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits.h"

namespace tflm {

bool fits(const nn_move_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    const uint64_t count = product(op.dims, kAxes);
    return count != 0 && op.run > 0 && count * static_cast<uint32_t>(op.run) <= extent.y[0] &&
           walks_within(op.start, op.dims, op.stride, kAxes, op.run, extent.x[0]);
}

namespace {

// Whether parts of so many bytes each, outer times, are in their tensors and all of them in another.
bool parts_within(const int32_t *inner, int32_t parts, int32_t outer, uint32_t arrays, const uint32_t *bytes,
                  uint32_t count, uint32_t whole) {
    if (parts < 1 || static_cast<uint32_t>(parts) != count || outer < 1 || arrays < count * sizeof *inner) {
        return false;
    }
    uint64_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t part = static_cast<uint64_t>(inner[i]) * static_cast<uint32_t>(outer);
        if (inner[i] < 0 || part > bytes[i]) {
            return false;
        }
        total += part;
    }
    return total <= whole;
}

} // namespace

bool fits(const nn_concatenation_t &op, const Extent &extent) {
    return parts_within(op.inner, op.inputs, op.outer, extent.arrays[0], extent.x, extent.inputs, extent.y[0]);
}

bool fits(const nn_split_t &op, const Extent &extent) {
    return parts_within(op.inner, op.outputs, op.outer, extent.arrays[0], extent.y, extent.outputs, extent.x[0]);
}

bool fits(const nn_reshape_t &op, const Extent &extent) {
    return in_both(op.bytes, extent.x[0], extent.y[0]);
}

bool fits(const nn_constant_t &op, const Extent &extent) {
    return in_both(op.bytes, extent.arrays[0], extent.y[0]);
}

bool fits(const nn_broadcast_args_t &op, const Extent &extent) {
    constexpr uint32_t kItem = sizeof(int32_t);
    return in_both(op.count1, extent.x[0] / kItem, extent.y[0] / kItem) &&
           in_both(op.count2, extent.x[1] / kItem, extent.y[0] / kItem);
}

} // namespace tflm
