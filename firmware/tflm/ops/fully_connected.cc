// SPDX-License-Identifier: Apache-2.0
#include "kernels/nn.h"
#include "nn_select.h"
#include "tflm/operator.h"

namespace tflm {
namespace {

enum Option { kActivation = 0, kWeightsFormat = 1 };

void invoke(const Node &node) {
    NN_FULLY_CONNECTED(static_cast<const nn_fully_connected_t *>(node.op), static_cast<const int8_t *>(node.x),
                       static_cast<int8_t *>(node.y), nullptr);
}

Failure prepare(Context &c) {
    const Tensor &x = c.in[0], &weights = c.in[1], &y = c.out;
    if (weights.rank != 2 || c.byte_option(kWeightsFormat) != 0) {
        return Failure::kUnsupported;
    }
    nn_fully_connected_t op = {};
    op.out_n = weights.dims[0];
    op.in_n = weights.dims[1];
    op.batches = static_cast<int32_t>(x.elements) / op.in_n;
    if (static_cast<uint32_t>(op.batches * op.in_n) != x.elements || y.elements % op.out_n != 0 ||
        y.elements / op.out_n != static_cast<uint32_t>(op.batches)) {
        return Failure::kBadModel;
    }
    Failure failure = activation_range(c.byte_option(kActivation), y, &op.act_min, &op.act_max);
    if (failure == Failure::kNone) {
        failure = c.multipliers(op.out_n, &op.multiplier, &op.shift);
    }
    if (failure != Failure::kNone) {
        return failure;
    }
    op.weights = reinterpret_cast<const int8_t *>(weights.data);
    op.bias = c.bias();
    op.input_offset = static_cast<int16_t>(-x.zero_point);
    op.output_offset = static_cast<int16_t>(y.zero_point);
    op.per_channel = weights.scale_count > 1;
    return c.commit(invoke, op);
}

} // namespace

const Operator kFullyConnected = {tflite::BuiltinOperator_FULLY_CONNECTED,
                                  {kInt8, kInt8 | kInt8Channels | kConstant, kInt32 | kAbsent | kConstant},
                                  kInt8,
                                  prepare,
                                  nullptr,
                                  nullptr,
                                  0};

} // namespace tflm
