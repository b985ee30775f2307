// SPDX-License-Identifier: Apache-2.0
//
// PAD and PADV2: the latter's value is a third input.
#include "kernels/nn.h"
#include "nn_select.h"
#include "tflm/operator.h"

namespace tflm {
namespace {

constexpr uint32_t kAxes = sizeof(nn_pad_t::dims) / sizeof(int32_t);

void invoke(const Node &node) {
    NN_PAD(static_cast<const nn_pad_t *>(node.op), static_cast<const int8_t *>(node.x), static_cast<int8_t *>(node.y),
           nullptr);
}

Failure prepare(Context &c) {
    const Tensor &x = c.in[0], &paddings = c.in[1], &value = c.in[2], &y = c.out;
    const uint32_t rank = x.rank, words = paddings.bytes / paddings.elements / sizeof(int32_t);
    if (y.rank != rank || paddings.elements != 2 * rank) {
        return Failure::kBadModel;
    }
    nn_pad_t op = {};
    uint32_t axes = kAxes;
    int32_t inner = 1; // axes that have no padding, waiting to be merged into the next one outside them
    for (uint32_t i = rank; i-- > 0;) {
        const uint8_t *pair = paddings.data + 2 * i * words * sizeof(int32_t);
        // Of an int64 the low half: with the high one not 0 the shapes would not fit.
        const int32_t before = load<int32_t>(pair), after = load<int32_t>(pair + words * sizeof(int32_t));
        const int32_t dim = x.dims[i];
        if (before < 0 || after < 0 || before > y.dims[i] || after > y.dims[i] || before + dim + after != y.dims[i]) {
            return Failure::kBadModel;
        }
        inner *= dim;
        if (i > 0 && before == 0 && after == 0) {
            continue;
        }
        if (axes == 0) {
            return Failure::kUnsupported;
        }
        axes--;
        op.dims[axes] = inner;
        op.before[axes] = before * (inner / dim);
        op.after[axes] = after * (inner / dim);
        inner = 1;
    }
    while (axes > 0) {
        op.dims[--axes] = 1;
    }
    op.value = value.kind == kAbsent ? static_cast<int8_t>(y.zero_point) : static_cast<int8_t>(value.data[0]);
    return c.commit(invoke, op);
}

constexpr uint8_t kPaddings = kInt32 | kInt64 | kConstant;

} // namespace

const Operator kPad = {tflite::BuiltinOperator_PAD, {kInt8, kPaddings, kAbsent}, kInt8, prepare, nullptr, nullptr, 0};
const Operator kPadV2 = {
    tflite::BuiltinOperator_PADV2, {kInt8, kPaddings, kInt8 | kConstant}, kInt8, prepare, nullptr, nullptr, 0};

} // namespace tflm
