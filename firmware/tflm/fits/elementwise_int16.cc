// SPDX-License-Identifier: Apache-2.0
//
// Kernels of int16 without weights.
#include "tflm/fits_wide.h"

namespace tflm {
namespace {

constexpr int32_t kMostAdded = 65535; // so many int16 stay in int32

// Whether every window along an axis meets the input.
bool windows_meet(int32_t in, int32_t out, int32_t kernel, int32_t stride, int32_t pad) {
    return stride > 0 && pad < kernel && (static_cast<int64_t>(out) - 1) * stride - pad < in;
}

} // namespace

bool fits(const nn_pool_2d_t &op, const Extent &extent) {
    const int32_t in[] = {op.batches, op.in_h, op.in_w, op.channels};
    const int32_t out[] = {op.batches, op.out_h, op.out_w, op.channels};
    const int32_t height = op.k_h < op.in_h ? op.k_h : op.in_h, width = op.k_w < op.in_w ? op.k_w : op.in_w;
    return int16_within(in, out, 4, extent) && windows_meet(op.in_h, op.out_h, op.k_h, op.stride_h, op.pad_top) &&
           windows_meet(op.in_w, op.out_w, op.k_w, op.stride_w, op.pad_left) &&
           static_cast<int64_t>(height) * width <= kMostAdded;
}

bool fits(const nn_mean_int16_t &op, const Extent &extent) {
    const int32_t added[] = {op.dims[1], op.dims[3]}, kept[] = {op.dims[0], op.dims[2], op.dims[4]};
    const uint32_t read = product(op.dims, 5), written = product(kept, 3), count = product(added, 2);
    return read != 0 && read <= extent.x[0] / sizeof(int16_t) && written <= extent.y[0] / sizeof(int16_t) &&
           count <= kMostAdded && op.input_offset == 0 && op.output_offset == 0 && op.multiplier >= 0 &&
           is_shift(op.shift);
}

bool fits(const nn_pad_int16_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    int32_t out[kAxes];
    for (unsigned i = 0; i < kAxes; i++) {
        const int64_t size = static_cast<int64_t>(op.dims[i]) + op.before[i] + op.after[i];
        if (op.before[i] < 0 || op.after[i] < 0 || size > INT32_MAX) {
            return false;
        }
        out[i] = static_cast<int32_t>(size);
    }
    return int16_within(op.dims, out, kAxes, extent);
}

bool fits(const nn_binary_int16_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    constexpr int8_t kMostLeft = 15, kMostRight = -31;
    const uint32_t count = product(op.dims, kAxes);
    const uint32_t bytes2 = op.what == NN_INT16_PRELU ? 1 : sizeof(int16_t);
    return count != 0 && count <= extent.y[0] / sizeof(int16_t) &&
           walks_within(0, op.dims, op.stride1, kAxes, 1, extent.x[0] / sizeof(int16_t)) &&
           walks_within(0, op.dims, op.stride2, kAxes, 1, extent.x[1] / bytes2) && op.shift1 <= 0 &&
           op.shift1 >= kMostRight && op.shift2 <= 0 && op.shift2 >= kMostRight && is_shift(op.output_shift) &&
           op.left_shift >= 0 && op.left_shift <= kMostLeft &&
           (op.multiplier1 | op.multiplier2 | op.output_multiplier) >= 0 && is_offset(op.offset2);
}

bool fits(const nn_slopes_int16_t &op, const Extent &extent) {
    const auto is_sign = [](int8_t sign) { return sign == 1 || sign == -1; };
    return int16_within(&op.count, &op.count, 1, extent) && (op.above | op.below) >= 0 && is_shift(op.above_shift) &&
           is_shift(op.below_shift) && is_sign(op.sign_before) && is_sign(op.sign_after);
}

bool fits(const nn_sigmoid_int16_t &op, const Extent &extent) {
    constexpr int32_t kMostMultiplier = 65535; // times an int16, and half of 2^30, is above -2^31
    constexpr int8_t kMostShift = 30;
    return int16_within(&op.count, &op.count, 1, extent) && op.multiplier >= 0 && op.multiplier <= kMostMultiplier &&
           op.shift >= 0 && op.shift <= kMostShift && (op.shift == 0 || op.multiplier <= kMostMultiplier / 2);
}

} // namespace tflm
