// SPDX-License-Identifier: Apache-2.0
#include "nn_select.h"
#include "tflm/ops/pool_2d.h"

namespace tflm {
namespace {

void invoke(const Node &node) {
    NN_AVERAGE_POOL_2D(static_cast<const nn_average_pool_2d_t *>(node.op), static_cast<const int8_t *>(node.x),
                       static_cast<int8_t *>(node.y), nullptr);
}

Failure prepare(Context &c) {
    return prepare_pool_2d(c, invoke);
}

} // namespace

const Operator kAveragePool2D = {
    tflite::BuiltinOperator_AVERAGE_POOL_2D, {kInt8, kAbsent, kAbsent}, kInt8, prepare, nullptr, nullptr, 0};

} // namespace tflm
