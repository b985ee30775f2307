// SPDX-License-Identifier: Apache-2.0
//
// What the checks of kernels of int16 activations share.
#ifndef TFLM_FITS_WIDE_H
#define TFLM_FITS_WIDE_H

#include "tflm/fits.h"

namespace tflm {

constexpr int kMostWideShift = 7;

inline bool is_wide_shift(int shift) {
    return shift >= -31 && shift <= kMostWideShift;
}

inline bool int16_within(const int32_t *in, const int32_t *out, unsigned axes, const Extent &extent) {
    const uint32_t read = product(in, axes), written = product(out, axes);
    return read != 0 && read <= extent.x[0] / sizeof(int16_t) && written != 0 &&
           written <= extent.y[0] / sizeof(int16_t);
}

// bias, multiplier and shift are arrays[first] and the next two.
template <typename Op> bool rescales(const Op &op, const Extent &extent, unsigned first) {
    const uint32_t channels = static_cast<uint32_t>(op.out_c), words = op.wide ? 2 : 1;
    bool within = op.out_c > 0 && channels <= extent.arrays[first] / sizeof *op.bias / words &&
                  channels <= extent.arrays[first + 1] / sizeof *op.multiplier && channels <= extent.arrays[first + 2];
    for (uint32_t c = 0; within && c < channels; c++) {
        within = op.multiplier[c] >= 0 && (op.wide ? is_wide_shift(op.shift[c]) : is_shift(op.shift[c]));
    }
    return within;
}

} // namespace tflm
#endif
