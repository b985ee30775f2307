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

} // namespace tflm
