// SPDX-License-Identifier: Apache-2.0
#include "kernels/nn.h"
#include "nn_select.h"
#include "tflm/fixed_point.h"
#include "tflm/operator.h"

namespace tflm {
namespace {

enum Option { kBeta = 0 };
constexpr int kDiffBits = 5;        // the scaled difference from the row's maximum is in Q5.26
constexpr int32_t kMaxDepth = 4095; // as many exponentials fit the kernel's sum

void invoke(const Node &node) {
    NN_SOFTMAX(static_cast<const nn_softmax_t *>(node.op), static_cast<const int8_t *>(node.x),
               static_cast<int8_t *>(node.y), nullptr);
}

Failure prepare(Context &c) {
    const Tensor &x = c.in[0];
    const uint32_t beta = static_cast<uint32_t>(c.option(kBeta, kOne));
    const Multiplier m = quantize(x.scales[0], beta, power_of_two(kDiffBits - 31));
    const int32_t depth = x.rank == 0 ? 0 : x.dims[x.rank - 1];
    if (beta == 0 || m.shift < 1 || depth < 1 || depth > kMaxDepth) {
        return Failure::kUnsupported;
    }
    const nn_softmax_t op = {static_cast<int32_t>(x.elements) / depth, depth, m.value, -input_radius(kDiffBits, m),
                             m.shift};
    return same_shape(x, c.out) ? c.commit(invoke, op) : Failure::kBadModel;
}

} // namespace

const Operator kSoftmax = {
    tflite::BuiltinOperator_SOFTMAX, {kInt8, kAbsent, kAbsent}, kInt8, prepare, nullptr, nullptr, 0};

} // namespace tflm
