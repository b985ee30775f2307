// SPDX-License-Identifier: Apache-2.0
//
// As wide.cc.
#include "tflm/fits_wide.h"

namespace tflm {

bool fits(const nn_transpose_conv_int16_t &op, const Extent &extent) {
    constexpr int32_t kMostPadding = 1 << 20;
    const int32_t in[] = {op.batches, op.in_h, op.in_w, op.in_c}, out[] = {op.batches, op.out_h, op.out_w, op.out_c};
    const int32_t window[] = {op.out_c, op.k_h, op.k_w, op.in_c};
    const uint32_t weights = product(window, 4);
    return int16_within(in, out, 4, extent) && weights != 0 && weights <= extent.x[1] && op.stride_h > 0 &&
           op.stride_h <= kMostPadding && op.stride_w > 0 && op.stride_w <= kMostPadding && op.pad_top >= 0 &&
           op.pad_top <= kMostPadding && op.pad_left >= 0 && op.pad_left <= kMostPadding && rescales(op, extent, 0);
}

bool fits(const nn_batch_matmul_int16_t &op, const Extent &extent) {
    const int32_t *const dims = op.dims, *const s1 = op.stride1, *const s2 = op.stride2;
    const int32_t left[] = {dims[0], dims[1], dims[2], op.rows, op.depth};
    const int32_t right[] = {dims[0], dims[1], dims[2], op.columns, op.depth};
    const int32_t steps1[] = {s1[0], s1[1], s1[2], op.row1, op.depth1};
    const int32_t steps2[] = {s2[0], s2[1], s2[2], op.column2, op.depth2};
    const int32_t out[] = {dims[0], dims[1], dims[2], op.rows, op.columns};
    const uint32_t written = product(out, 5);
    return written != 0 && written <= extent.y[0] / sizeof(int16_t) && op.depth > 0 &&
           walks_within(0, left, steps1, 5, 1, extent.x[0] / sizeof(int16_t)) &&
           walks_within(0, right, steps2, 5, 1, extent.x[1] / sizeof(int16_t)) && op.multiplier >= 0 &&
           is_wide_shift(op.shift);
}

} // namespace tflm
