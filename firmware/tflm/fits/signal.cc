// SPDX-License-Identifier: Apache-2.0
#include "tflm/fits.h"

namespace tflm {
namespace {

// Whether so many elements of these sizes are in the input and in the output.
bool counts_within(int32_t count, int32_t x_bytes, int32_t y_bytes, const Extent &extent) {
    const int32_t x[] = {count, x_bytes}, y[] = {count, y_bytes};
    return axes_within(x, 2, y, 2, extent);
}

// Whether a real FFT of so many points exists, and its tables, twiddles and post, are whole.
bool are_points(int32_t points, const Extent &extent) {
    constexpr int32_t kMostPoints = 1 << 14, kPair = 2 * sizeof(int16_t);
    if (!is_within(points, 4, kMostPoints) || (points & (points - 1)) != 0) {
        return false;
    }
    const int32_t turns = 3 * points / 8, twiddles = kPair * (turns < 1 ? 1 : turns), post = kPair * points / 4;
    return static_cast<uint32_t>(twiddles) <= extent.arrays[0] && static_cast<uint32_t>(post) <= extent.arrays[1];
}

} // namespace

bool fits(const nn_signal_window_t &op, const Extent &extent) {
    const int32_t window[] = {op.size, sizeof(int16_t)};
    return counts_within(op.count, sizeof(int16_t), sizeof(int16_t), extent) && product(window, 2) != 0 &&
           product(window, 2) <= extent.arrays[0] && op.count % op.size == 0 && is_within(op.shift, 0, 31);
}

bool fits(const nn_signal_auto_scale_t &op, const Extent &extent) {
    return counts_within(op.count, sizeof(int16_t), sizeof(int16_t), extent) && extent.y[1] >= sizeof(int32_t);
}

bool fits(const nn_signal_rfft_t &op, const Extent &extent) {
    if (!are_points(op.points, extent)) {
        return false;
    }
    const int32_t x[] = {op.batches, op.in_n, sizeof(int16_t)}, y[] = {op.batches, op.points + 2, sizeof(int16_t)};
    return op.in_n <= op.points && axes_within(x, 3, y, 3, extent);
}

bool fits(const nn_signal_irfft_t &op, const Extent &extent) {
    if (!are_points(op.points, extent)) {
        return false;
    }
    const int32_t x[] = {op.batches, op.points + 2, sizeof(int16_t)}, y[] = {op.batches, op.points, sizeof(int16_t)};
    return axes_within(x, 3, y, 3, extent);
}

bool fits(const nn_signal_energy_t &op, const Extent &extent) {
    return counts_within(op.count, 2 * sizeof(int16_t), sizeof(uint32_t), extent) && is_within(op.end, 0, op.count) &&
           is_within(op.start, 0, op.end);
}

bool fits(const nn_signal_filter_bank_t &op, const Extent &extent) {
    const int32_t y[] = {op.channels, sizeof(uint64_t)};
    const uint32_t bytes = product(y, 2), bands = static_cast<uint32_t>(op.channels) + 1;
    bool within = bytes != 0 && bytes <= extent.y[0];
    for (unsigned table = 2; table < 5; table++) {
        within = within && bands * sizeof(int16_t) <= extent.arrays[table];
    }
    for (uint32_t band = 0; within && band < bands; band++) {
        const int32_t bin = op.bins[band], place = op.places[band], width = op.widths[band];
        within = (bin | place | width) >= 0 && static_cast<uint32_t>(bin + width) * sizeof(uint32_t) <= extent.x[0] &&
                 static_cast<uint32_t>(place + width) * sizeof(int16_t) <= extent.arrays[0] &&
                 static_cast<uint32_t>(place + width) * sizeof(int16_t) <= extent.arrays[1];
    }
    return within;
}

bool fits(const nn_signal_root_t &op, const Extent &extent) {
    return counts_within(op.count, sizeof(uint64_t), sizeof(uint32_t), extent) && extent.x[1] >= sizeof(int32_t);
}

bool fits(const nn_signal_subtract_noise_t &op, const Extent &extent) {
    const uint32_t bytes = static_cast<uint32_t>(op.count) * static_cast<uint32_t>(sizeof(uint32_t));
    return counts_within(op.count, sizeof(uint32_t), sizeof(uint32_t), extent) && bytes <= extent.y[1] &&
           bytes <= extent.y[2] && op.smoothing_bits < 32 && op.bits < 64;
}

bool fits(const nn_signal_pcan_t &op, const Extent &extent) {
    constexpr uint32_t kGains = 4 * 32 - 3;
    const uint32_t bytes = static_cast<uint32_t>(op.count) * static_cast<uint32_t>(sizeof(uint32_t));
    return counts_within(op.count, sizeof(uint32_t), sizeof(uint32_t), extent) && bytes <= extent.x[1] &&
           kGains * sizeof(int16_t) <= extent.arrays[0] && is_within(op.shift, 0, 63);
}

bool fits(const nn_signal_log_t &op, const Extent &extent) {
    constexpr uint32_t kFractions = 129;
    return counts_within(op.count, sizeof(uint32_t), sizeof(int16_t), extent) &&
           kFractions * sizeof(uint16_t) <= extent.arrays[0] && is_within(op.correction, 0, 31);
}

} // namespace tflm
