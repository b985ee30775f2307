// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits_recurrent.h"

namespace tflm {
namespace {

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
    return lstm_fits<int8_t>(op, extent, 1);
}

} // namespace tflm
