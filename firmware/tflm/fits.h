// SPDX-License-Identifier: Apache-2.0
//
// What the checks of kernels' parameters share. Those of a family stand in one file of fits/; the linker leaves out
// what an image's kernels don't need.
#ifndef TFLM_FITS_H
#define TFLM_FITS_H

#include "tflm/prepared.h"

namespace tflm {

// The elements that axes of these sizes have together, 0 where they are more than any tensor has bytes.
inline uint32_t product(const int32_t *dims, unsigned axes) {
    uint64_t count = 1;
    for (unsigned i = 0; i < axes; i++) {
        count = dims[i] < 1 ? 0 : count * static_cast<uint32_t>(dims[i]);
        if (count == 0 || count > kMostBytes) {
            return 0;
        }
    }
    return static_cast<uint32_t>(count);
}

// Whether a walk from a place in bytes along axes stays within so many bytes, with run of them at every stop.
inline bool walks_within(int64_t start, const int32_t *dims, const int32_t *stride, unsigned axes, int64_t run,
                         uint32_t bytes) {
    int64_t lowest = start, highest = start + run;
    for (unsigned i = 0; i < axes; i++) {
        const int64_t reach = (static_cast<int64_t>(dims[i]) - 1) * stride[i];
        (reach < 0 ? lowest : highest) += reach;
    }
    return lowest >= 0 && highest <= static_cast<int64_t>(bytes);
}

// Of an element, by its number in nn.h; 0 of none.
inline int32_t type_bytes(uint8_t type) {
    constexpr uint8_t kBytes[] = {1, 1, 2, 4, 4, 1, 4};
    return type < sizeof kBytes ? kBytes[type] : 0;
}

// Whether so many bytes are in both.
inline bool in_both(int32_t count, uint32_t a, uint32_t b) {
    return count >= 0 && static_cast<uint32_t>(count) <= a && static_cast<uint32_t>(count) <= b;
}

// Whether the elements that axes of these sizes have together are in the input and in the output.
inline bool axes_within(const int32_t *in, unsigned in_axes, const int32_t *out, unsigned out_axes,
                        const Extent &extent) {
    const uint32_t read = product(in, in_axes), written = product(out, out_axes);
    return read != 0 && read <= extent.x[0] && written != 0 && written <= extent.y[0];
}

// Whether all that axes of these sizes have together is within so many bytes.
inline bool all_within(const int32_t *dims, unsigned axes, uint32_t bytes) {
    const uint32_t all = product(dims, axes);
    return all != 0 && all <= bytes;
}

inline bool is_within(int32_t value, int32_t low, int32_t high) {
    return value >= low && value <= high;
}

// Of an int8 or uint8, either sign.
inline bool is_offset(int offset) {
    return offset >= -255 && offset <= 255;
}

inline bool is_shift(int shift) {
    return shift >= -31 && shift <= 31;
}

} // namespace tflm
#endif
