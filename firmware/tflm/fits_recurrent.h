// SPDX-License-Identifier: Apache-2.0
//
// What the checks of kernels with state share.
#ifndef TFLM_FITS_RECURRENT_H
#define TFLM_FITS_RECURRENT_H

#include "tflm/fits.h"

namespace tflm {

// Whether numbers of these sizes are above 0 and have a product of at most so many.
inline bool count_within(const int32_t *dims, unsigned axes, uint32_t elements) {
    const uint32_t count = product(dims, axes);
    return count != 0 && count <= elements;
}

// words: of a bias.
template <typename Element, typename Op> bool lstm_fits(const Op &op, const Extent &extent, uint32_t words) {
    constexpr int8_t kMostTanhShift = 20;
    constexpr int32_t kMostTanh = 3 << 14; // times an int16 stays in int32
    constexpr unsigned kGates = 4;
    const int32_t x[] = {op.batches, op.steps, op.in_n}, y[] = {op.batches, op.steps, op.units},
                  of_x[] = {op.units, op.in_n}, of_h[] = {op.units, op.units}, state[] = {op.batches, op.units};
    bool within =
        count_within(x, 3, extent.x[0] / sizeof(Element)) && count_within(y, 3, extent.y[0] / sizeof(Element)) &&
        count_within(state, 2, extent.y[1] / sizeof(Element)) && count_within(state, 2, extent.y[2] / sizeof(int16_t));
    for (unsigned i = 0; i < kGates; i++) {
        within = within && count_within(of_x, 2, extent.arrays[i]) &&
                 count_within(of_h, 2, extent.arrays[kGates + i]) &&
                 count_within(&op.units, 1, extent.arrays[2 * kGates + i] / sizeof(int32_t) / words);
    }
    for (unsigned i = 0; i < 2 * kGates; i++) {
        within = within && op.multiplier[i] >= 0 && is_shift(op.shift[i]);
    }
    return within && (op.forget_multiplier | op.remember_multiplier | op.output_multiplier) >= 0 &&
           is_shift(op.forget_shift) && is_shift(op.remember_shift) && is_shift(op.output_shift) &&
           op.tanh_multiplier >= 0 && op.tanh_multiplier <= kMostTanh && op.tanh_shift >= 0 &&
           op.tanh_shift <= kMostTanhShift && is_offset(op.input_offset) && is_offset(op.hidden_offset);
}

} // namespace tflm
#endif
