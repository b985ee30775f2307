// SPDX-License-Identifier: Apache-2.0
#include "kernels/nn.h"
#include "nn_select.h"
#include "tflm/operator.h"

namespace tflm {
namespace {

enum Option { kAxis = 0, kActivation = 1 };
constexpr uint32_t kMaxInputs = 0xFFFF;

void invoke(const Node &node) {
    NN_CONCATENATION(static_cast<const nn_concatenation_t *>(node.op), static_cast<const int8_t *const *>(node.x),
                     static_cast<int8_t *>(node.y), nullptr);
}

// Elements of x in one run along axis; 0 where x can't be a part of y.
uint32_t run(const Tensor &x, const Tensor &y, uint32_t axis) {
    bool fits = x.kind == kInt8 && x.rank == y.rank && x.scales[0] == y.scales[0] && x.zero_point == y.zero_point;
    uint32_t elements = 1;
    for (uint32_t i = 0; fits && i < y.rank; i++) {
        fits = i == axis || x.dims[i] == y.dims[i];
        elements *= static_cast<uint32_t>(i < axis ? 1 : x.dims[i]);
    }
    return fits ? elements : 0;
}

Failure prepare(Context &c) {
    const Tensor &y = c.out;
    const uint32_t count = length(c.inputs), rank = y.rank;
    const int32_t option = c.option(kAxis, 0);
    const uint32_t axis = static_cast<uint32_t>(option < 0 ? option + static_cast<int32_t>(rank) : option);
    if (axis >= rank || count > kMaxInputs || c.byte_option(kActivation) != kActNone) {
        return Failure::kUnsupported;
    }
    // The pointers to the inputs and, behind them, the elements in each one's run.
    void *memory = c.p.allocate(count * static_cast<uint32_t>(sizeof(int8_t *) + sizeof(int32_t)));
    if (memory == nullptr) {
        return Failure::kArenaTooSmall;
    }
    const int8_t **inputs = static_cast<const int8_t **>(memory);
    int32_t *inner = reinterpret_cast<int32_t *>(inputs + count);
    const uint32_t y_run = run(y, y, axis);
    uint32_t joined = 0;
    for (uint32_t i = 0; i < count; i++) {
        Tensor x;
        const Failure failure = c.p.load(item(c.inputs, i, -1), &x);
        const uint32_t elements = failure == Failure::kNone && x.kind != kAbsent ? run(x, y, axis) : 0;
        if (elements == 0 || elements > y_run - joined) {
            return Failure::kUnsupported;
        }
        joined += elements;
        inputs[i] = reinterpret_cast<const int8_t *>(x.data);
        inner[i] = static_cast<int32_t>(elements);
    }
    if (joined != y_run) {
        return Failure::kBadModel;
    }
    const nn_concatenation_t op = {inner, static_cast<int32_t>(count), static_cast<int32_t>(y.elements / y_run)};
    const Failure failure = c.commit(invoke, op);
    c.node->x = inputs;
    return failure;
}

} // namespace

const Operator kConcatenation = {
    tflite::BuiltinOperator_CONCATENATION, {kInt8, kInt8 | kAbsent, kInt8 | kAbsent}, kInt8, prepare};

} // namespace tflm
