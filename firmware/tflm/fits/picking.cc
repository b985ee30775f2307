// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits.h"

namespace tflm {

// A walk along axes, each regular or with places of its own in a table. Neither its start nor a sum of some of its
// parts leaves the input.
bool fits(const nn_pick_t &op, const Extent &extent) {
    constexpr unsigned kAxes = sizeof op.dims / sizeof op.dims[0];
    const uint32_t count = product(op.dims, kAxes);
    const int64_t entries = extent.arrays[0] / sizeof *op.offsets;
    if (count == 0 || op.run < 1 || static_cast<uint64_t>(count) * static_cast<uint32_t>(op.run) > extent.y[0]) {
        return false;
    }
    int64_t lowest = op.start, highest = static_cast<int64_t>(op.start) + op.run;
    for (unsigned i = 0; i < kAxes; i++) {
        int64_t least = 0, most = 0;
        if (op.table[i] < 0) {
            const int64_t reach = (static_cast<int64_t>(op.dims[i]) - 1) * op.stride[i];
            (reach < 0 ? least : most) = reach;
        } else if (op.table[i] + static_cast<int64_t>(op.dims[i]) > entries) {
            return false;
        } else {
            for (const int32_t *at = op.offsets + op.table[i], *end = at + op.dims[i]; at < end; at++) {
                least = *at < least ? *at : least;
                most = *at > most ? *at : most;
            }
        }
        lowest += least;
        highest += most;
    }
    return lowest >= 0 && highest <= static_cast<int64_t>(extent.x[0]);
}

bool fits(const nn_lookup_t &op, const Extent &extent) {
    constexpr int32_t kMostDepth = sizeof op.dims / sizeof op.dims[0];
    if (op.depth < 1 || op.depth > kMostDepth) {
        return false;
    }
    const int32_t depth = op.depth, index[] = {op.batches, op.count, depth, sizeof(int32_t)};
    const int32_t out[] = {op.batches, op.outer, op.count, op.run},
                  in[] = {op.batches, op.outer, op.dims[0], op.stride[0]};
    const uint32_t read = product(in, 4), written = product(out, 4), indices = product(index, 4);
    return read != 0 && read <= extent.x[0] && written != 0 && written <= extent.y[0] && indices != 0 &&
           indices <= extent.x[1] && product(op.dims, static_cast<unsigned>(depth)) != 0 &&
           walks_within(0, op.dims, op.stride, static_cast<unsigned>(depth), op.run,
                        static_cast<uint32_t>(op.dims[0]) * static_cast<uint32_t>(op.stride[0]));
}

bool fits(const nn_dynamic_update_slice_t &op, const Extent &extent) {
    constexpr int32_t kAxes = sizeof op.dims / sizeof op.dims[0];
    const uint64_t count = product(op.dims, kAxes);
    int32_t reach[kAxes]; // the elements of y along each axis
    for (int32_t i = 0; i < kAxes; i++) {
        if (op.most[i] < 0 || op.dims[i] > INT32_MAX - op.most[i]) {
            return false;
        }
        reach[i] = op.dims[i] + op.most[i];
    }
    return count != 0 && op.run > 0 && count * static_cast<uint32_t>(op.run) <= extent.x[1] && op.axes >= 0 &&
           op.axes <= kAxes && static_cast<uint32_t>(op.axes) * sizeof(int32_t) <= extent.x[2] &&
           in_both(op.bytes, extent.x[0], extent.y[0]) &&
           walks_within(0, reach, op.stride, kAxes, op.run, static_cast<uint32_t>(op.bytes));
}

} // namespace tflm
