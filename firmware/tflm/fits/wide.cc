// SPDX-License-Identifier: Apache-2.0
//
// Kernels of int16 activations. Their sums of int64 wrap, so that no constants can break them.
#include "tflm/fits_wide.h"

namespace tflm {
namespace {

constexpr int32_t kMostPlace = 1 << 28; // of a window, either way from the input

// Whether no place of a window along an axis leaves int32; sizes and the window are above 0.
bool places_fit(int32_t out, int32_t kernel, int32_t stride, int32_t dilation, int32_t pad) {
    return stride > 0 && dilation > 0 && pad >= 0 && pad <= kMostPlace &&
           (static_cast<int64_t>(out) - 1) * stride + (static_cast<int64_t>(kernel) - 1) * dilation <= kMostPlace;
}

template <typename Op> bool convolves(const Op &op, const int32_t (&window)[4], const Extent &extent) {
    const int32_t in[] = {op.batches, op.in_h, op.in_w, op.in_c}, out[] = {op.batches, op.out_h, op.out_w, op.out_c};
    const uint32_t weights = product(window, 4);
    const int64_t step = static_cast<int64_t>(op.dilation_w) * op.in_c;
    return int16_within(in, out, 4, extent) && weights != 0 && weights <= extent.arrays[0] &&
           places_fit(op.out_h, op.k_h, op.stride_h, op.dilation_h, op.pad_top) &&
           places_fit(op.out_w, op.k_w, op.stride_w, op.dilation_w, op.pad_left) && step <= kMostPlace &&
           rescales(op, extent, 1);
}

} // namespace

bool fits(const nn_conv_2d_int16_t &op, const Extent &extent) {
    const int32_t window[] = {op.out_c, op.k_h, op.k_w, op.group_c};
    return convolves(op, window, extent) && op.in_c % op.group_c == 0 && op.out_c % (op.in_c / op.group_c) == 0;
}

bool fits(const nn_depthwise_conv_2d_int16_t &op, const Extent &extent) {
    const int32_t window[] = {1, op.k_h, op.k_w, op.out_c};
    return convolves(op, window, extent) && op.depth_multiplier > 0 && op.out_c % op.depth_multiplier == 0 &&
           op.out_c / op.depth_multiplier == op.in_c;
}

} // namespace tflm
