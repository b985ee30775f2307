// SPDX-License-Identifier: Apache-2.0
#include "kernels/nn.h"
#include "nn_select.h"
#include "tflm/fixed_point.h"
#include "tflm/operator.h"

namespace tflm {
namespace {

constexpr uint32_t kAxes = sizeof(nn_mean_t::dims) / sizeof(int32_t);
constexpr uint32_t kMaxRank = 32;        // a bit for each axis
constexpr uint32_t kMaxCount = 1u << 23; // elements whose sum stays in int32_t

void invoke(const Node &node) {
    NN_MEAN(static_cast<const nn_mean_t *>(node.op), static_cast<const int8_t *>(node.x), static_cast<int8_t *>(node.y),
            nullptr);
}

// The bit of every axis that is averaged over; false where there is no such axis.
bool reduced_axes(const Tensor &axes, uint32_t rank, uint32_t *reduced) {
    *reduced = 0;
    for (uint32_t i = 0; i < axes.elements; i++) {
        const int32_t axis = load<int32_t>(axes.data + i * sizeof axis);
        const uint32_t from_start = static_cast<uint32_t>(axis < 0 ? axis + static_cast<int32_t>(rank) : axis);
        if (from_start >= rank || rank > kMaxRank) {
            return false;
        }
        *reduced |= 1u << from_start;
    }
    return rank <= kMaxRank;
}

// TFLM's QuantizedMeanOrSum: the division by count goes into the multiplier, after a shift that keeps its precision.
Multiplier divided(Multiplier m, uint32_t count) {
    const int precision = 31 - __builtin_clz(count);
    const int bits = precision < 31 + m.shift ? precision : 31 + m.shift;
    uint32_t rest;
    const uint64_t quotient = divide(static_cast<uint64_t>(m.value) << bits, count, 8, &rest);
    return {static_cast<int32_t>(quotient), static_cast<int8_t>(m.shift - bits)};
}

Failure prepare(Context &c) {
    const Tensor &x = c.in[0], &y = c.out;
    const uint32_t rank = x.rank;
    uint32_t reduced, count = 1, position = 0; // even positions in dims are kept, odd ones reduced
    if (!reduced_axes(c.in[1], rank, &reduced)) {
        return Failure::kBadModel;
    }
    nn_mean_t op = {{1, 1, 1, 1, 1}, 0, 0, 0, 0};
    for (uint32_t axis = 0; axis < rank; axis++) {
        const uint32_t dim = static_cast<uint32_t>(x.dims[axis]), is_reduced = reduced >> axis & 1;
        if (dim == 1) {
            continue;
        }
        position += (position & 1) != is_reduced;
        if (position >= kAxes) {
            return Failure::kUnsupported;
        }
        op.dims[position] *= static_cast<int32_t>(dim);
        count *= is_reduced != 0 ? dim : 1;
    }
    const Multiplier scale = quantize(x.scales[0], kOne, y.scales[0]);
    if (count > kMaxCount || scale.shift > kMaxRescale) {
        return Failure::kUnsupported;
    }
    const Multiplier m = divided(scale, count);
    op.multiplier = m.value;
    op.shift = m.shift;
    op.input_offset = static_cast<int16_t>(-x.zero_point);
    op.output_offset = static_cast<int16_t>(y.zero_point);
    return y.elements == x.elements / count ? c.commit(invoke, op) : Failure::kBadModel;
}

} // namespace

const Operator kMean = {tflite::BuiltinOperator_MEAN, {kInt8, kInt32 | kConstant, kAbsent}, kInt8, prepare};

} // namespace tflm
