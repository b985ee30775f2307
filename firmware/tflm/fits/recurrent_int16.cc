// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits_recurrent.h"
#include "tflm/fits_wide.h"

namespace tflm {

bool fits(const nn_lstm_int16_t &op, const Extent &extent) {
    bool within = op.input_offset == 0 && op.hidden_offset == 0;
    for (int8_t shift : op.shift) {
        within = within && is_wide_shift(shift);
    }
    return within && lstm_fits<int16_t>(op, extent, 2);
}

} // namespace tflm
