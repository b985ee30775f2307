// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits.h"

namespace tflm {
namespace {

// Whether numbers of these sizes are above 0 and have a product of at most so many.
bool count_within(const int32_t *dims, unsigned axes, uint32_t elements) {
    const uint32_t count = product(dims, axes);
    return count != 0 && count <= elements;
}

template <typename Op, typename State> bool svdf_fits(const Op &op, const Extent &extent) {
    const int32_t x[] = {op.batches, op.in_n}, y[] = {op.batches, op.units}, filters[] = {op.units, op.rank},
                  features[] = {op.units, op.rank, op.in_n}, time[] = {op.units, op.rank, op.memory},
                  state[] = {op.batches, op.units, op.rank, op.memory};
    return product(filters, 2) != 0 && count_within(x, 2, extent.x[0]) && count_within(y, 2, extent.y[0]) &&
           count_within(features, 3, extent.arrays[0]) && count_within(time, 3, extent.arrays[1] / sizeof(State)) &&
           count_within(&op.units, 1, extent.arrays[2] / sizeof(int32_t)) &&
           count_within(state, 4, extent.y[1] / sizeof(State)) && (op.multiplier1 | op.multiplier2) >= 0 &&
           is_shift(op.shift1) && is_shift(op.shift2) && is_offset(op.input_offset) && is_offset(op.output_offset) &&
           is_offset(op.state_offset);
}

} // namespace

bool fits(const nn_svdf_t &op, const Extent &extent) {
    return svdf_fits<nn_svdf_t, int16_t>(op, extent);
}

bool fits(const nn_svdf_int8_t &op, const Extent &extent) {
    return svdf_fits<nn_svdf_int8_t, int8_t>(op, extent);
}

bool fits(const nn_lstm_t &op, const Extent &extent) {
    constexpr int8_t kMostTanhShift = 20;
    constexpr int32_t kMostTanh = 3 << 14; // times an int16 stays in int32
    constexpr unsigned kGates = 4;
    const int32_t x[] = {op.batches, op.steps, op.in_n}, y[] = {op.batches, op.steps, op.units},
                  of_x[] = {op.units, op.in_n}, of_h[] = {op.units, op.units}, state[] = {op.batches, op.units};
    bool within = count_within(x, 3, extent.x[0]) && count_within(y, 3, extent.y[0]) &&
                  count_within(state, 2, extent.y[1]) && count_within(state, 2, extent.y[2] / sizeof(int16_t));
    for (unsigned i = 0; i < kGates; i++) {
        within = within && count_within(of_x, 2, extent.arrays[i]) &&
                 count_within(of_h, 2, extent.arrays[kGates + i]) &&
                 count_within(&op.units, 1, extent.arrays[2 * kGates + i] / sizeof(int32_t));
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
