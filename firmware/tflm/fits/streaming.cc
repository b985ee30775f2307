// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits.h"

namespace tflm {

bool fits(const nn_signal_delay_t &op, const Extent &extent) {
    const int32_t x[] = {op.batches, op.size, sizeof(int16_t)}, state[] = {op.batches, op.delay, sizeof(int16_t)};
    return axes_within(x, 3, x, 3, extent) && all_within(state, 3, extent.y[1]);
}

bool fits(const nn_signal_overlap_add_t &op, const Extent &extent) {
    const int32_t x[] = {op.batches, op.frames, op.size, sizeof(int16_t)},
                  y[] = {op.batches, op.frames, op.step, sizeof(int16_t)},
                  state[] = {op.batches, op.size, sizeof(int16_t)};
    return axes_within(x, 4, y, 4, extent) && all_within(state, 3, extent.y[1]) && op.step <= op.size;
}

// What the state holds is checked by the kernel, since it may change.
bool fits(const nn_signal_stacker_t &op, const Extent &extent) {
    const int32_t x[] = {op.channels, sizeof(int16_t)}, y[] = {op.size, sizeof(int16_t)};
    return axes_within(x, 2, y, 2, extent) && all_within(y, 2, extent.y[2]) && extent.y[1] >= 1 &&
           extent.y[3] >= sizeof(int32_t) && op.channels <= op.size && is_within(op.step, 1, op.size) &&
           is_within(op.left, 0, op.size / op.channels - 1);
}

bool fits(const nn_signal_framer_t &op, const Extent &extent) {
    const int32_t x[] = {op.batches, op.frames, op.step, sizeof(int16_t)},
                  y[] = {op.batches, op.frames, op.size, sizeof(int16_t)},
                  state[] = {op.batches, op.capacity, sizeof(int16_t)};
    return axes_within(x, 4, y, 4, extent) && all_within(state, 3, extent.y[2]) && extent.y[1] >= 1 &&
           extent.y[3] >= sizeof(int32_t) && is_within(op.size, 1, op.capacity) && is_within(op.step, 1, op.capacity) &&
           is_within(op.first, 0, op.capacity - op.step);
}

} // namespace tflm
