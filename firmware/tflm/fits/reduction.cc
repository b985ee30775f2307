// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits.h"

namespace tflm {

bool fits(const nn_reduce_t &op, const Extent &extent) {
    const int32_t kept[] = {op.dims[0], op.dims[2], op.dims[4]};
    return axes_within(op.dims, 5, kept, 3, extent);
}

bool fits(const nn_mean_t &op, const Extent &extent) {
    constexpr uint32_t kMostAdded = 1u << 23; // so many differences of int8 stay in int32
    const int32_t added[] = {op.dims[1], op.dims[3]};
    nn_reduce_t dims;
    memcpy(dims.dims, op.dims, sizeof dims.dims);
    return fits(dims, extent) && product(added, 2) <= kMostAdded && is_offset(op.input_offset) && op.multiplier >= 0 &&
           is_shift(op.shift);
}

bool fits(const nn_arg_t &op, const Extent &extent) {
    const int32_t in[] = {op.outer, op.count, op.inner}, out[] = {op.outer, op.inner, sizeof(int32_t)};
    return axes_within(in, 3, out, 3, extent);
}

bool fits(const nn_add_n_t &op, const Extent &extent) {
    bool within = op.count > 0 && static_cast<uint32_t>(op.count) <= extent.y[0] && op.inputs > 0 &&
                  static_cast<uint32_t>(op.inputs) == extent.inputs;
    for (uint32_t i = 0; within && i < extent.inputs; i++) {
        within = static_cast<uint32_t>(op.count) <= extent.x[i];
    }
    return within && op.multiplier >= 0 && is_shift(op.shift) && is_offset(op.input_offset);
}

bool fits(const nn_cumsum_t &op, const Extent &extent) {
    const int32_t dims[] = {op.outer, op.count, op.inner};
    return axes_within(dims, 3, dims, 3, extent) && op.multiplier >= 0 && is_shift(op.shift) &&
           is_offset(op.input_offset);
}

namespace {

// Whether each of a table's places, in 1024ths, is at one of so many rows or between two.
bool between(const int32_t *places, int32_t count, uint32_t bytes, int32_t rows) {
    bool within = static_cast<uint32_t>(count) <= bytes / sizeof *places && rows <= (1 << 20);
    for (int32_t i = 0; within && i < count; i++) {
        within = places[i] >= 0 && places[i] <= (rows - 1) * 1024;
    }
    return within;
}

} // namespace

bool fits(const nn_resize_bilinear_t &op, const Extent &extent) {
    const int32_t in[] = {op.batches, op.in_h, op.in_w, op.channels};
    const int32_t out[] = {op.batches, op.out_h, op.out_w, op.channels};
    return axes_within(in, 4, out, 4, extent) && between(op.rows, op.out_h, extent.arrays[0], op.in_h) &&
           between(op.columns, op.out_w, extent.arrays[1], op.in_w);
}

bool fits(const nn_log_softmax_t &op, const Extent &extent) {
    constexpr int32_t kMostDepth = 4095; // of e^0 in Q12.19
    const int32_t dims[] = {op.rows, op.depth};
    const int64_t reach = op.diff_min < -255 ? 255 : -op.diff_min; // shifted left it stays in int32
    return axes_within(dims, 2, dims, 2, extent) && op.depth <= kMostDepth && op.multiplier >= 0 && op.back >= 0 &&
           op.shift >= 0 && op.shift <= 31 && reach << op.shift <= INT32_MAX && is_shift(op.back_shift) &&
           op.diff_min <= 0;
}

bool fits(const nn_l2_normalization_t &op, const Extent &extent) {
    constexpr int32_t kMostDepth = 1 << 15; // so many squares of differences of int8 stay in int32
    const int32_t dims[] = {op.rows, op.depth};
    return axes_within(dims, 2, dims, 2, extent) && op.depth <= kMostDepth && is_offset(op.input_offset);
}

} // namespace tflm
