// SPDX-License-Identifier: Apache-2.0
//
// Variables, which keep their values from one inference to the next. Linked by the operators that have such.
#include "tflm/operator.h"

namespace tflm {
namespace {

Failure prepare(Preparation &p, Variable **variables, uint32_t *count) {
    *count = 0;
    for (uint32_t i = 0; i < length(p.tensors); i++) {
        *count += p.placements[i].bytes != 0 && byte(element(p.tensors, i), kTensorIsVariable, 0) != 0;
    }
    *variables = *count == 0 ? nullptr : static_cast<Variable *>(p.allocate(*count * sizeof(Variable)));
    if (*count != 0 && *variables == nullptr) {
        return Failure::kArenaTooSmall;
    }
    Variable *next = *variables;
    for (uint32_t i = 0; i < length(p.tensors); i++) {
        Tensor tensor;
        if (p.placements[i].bytes != 0 && p.load(static_cast<int32_t>(i), &tensor) == Failure::kNone &&
            tensor.variable) {
            const bool zero = tensor.kind != kInt8 && tensor.kind != kInt8Channels;
            *next++ = {tensor.data, tensor.first, tensor.bytes, zero ? 0 : static_cast<uint32_t>(tensor.zero_point)};
        }
    }
    return Failure::kNone;
}

void reset(const Variable *variables, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const Variable &variable = variables[i];
        if (variable.first != nullptr) {
            memcpy(variable.data, variable.first, variable.bytes);
        } else {
            memset(variable.data, static_cast<int>(variable.fill), variable.bytes);
        }
    }
}

} // namespace

const State kState = {prepare, reset};

} // namespace tflm
