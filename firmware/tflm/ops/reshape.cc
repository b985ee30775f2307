// SPDX-License-Identifier: Apache-2.0
#include "kernels/nn.h"
#include "nn_select.h"
#include "tflm/operator.h"

namespace tflm {
namespace {

constexpr uint8_t kAnything = kInt8 | kInt8Channels | kFloat32 | kOther;

void invoke(const Node &node) {
    NN_RESHAPE(static_cast<const nn_reshape_t *>(node.op), static_cast<const int8_t *>(node.x),
               static_cast<int8_t *>(node.y), nullptr);
}

// The output's shape counts: the shape input and the attribute say the same or are missing.
Failure prepare(Context &c) {
    const nn_reshape_t op = {static_cast<int32_t>(c.in[0].bytes)};
    return c.in[0].bytes != c.out.bytes ? Failure::kBadModel : c.commit(invoke, op);
}

} // namespace

const Operator kReshape = {
    tflite::BuiltinOperator_RESHAPE, {kAnything, kInt32 | kAbsent, kAbsent}, kAnything, prepare, nullptr, nullptr, 0};

} // namespace tflm
