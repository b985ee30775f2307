// SPDX-License-Identifier: Apache-2.0
#ifndef TENSORFLOW_LITE_MICRO_MICRO_OP_RESOLVER_H_
#define TENSORFLOW_LITE_MICRO_MICRO_OP_RESOLVER_H_

#include <stdint.h>

#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace tflm {

// Each in firmware/tflm/ops, or control.cc, linked where a resolver's Add method names it.
struct Operator;
extern const Operator kAveragePool2D, kConv2D, kDepthwiseConv2D, kDequantize, kFullyConnected, kIf, kMaxPool2D, kPad,
    kPadV2, kQuantize, kRelu, kRelu6, kReshape, kSoftmax, kWhile;

} // namespace tflm

namespace tflite {

// The operators that the interpreter may use: a table in the derived MicroMutableOpResolver, without virtual calls.
class MicroOpResolver {
  public:
    // nullptr where op was not added. custom: its name where it is a custom operator, as the flatbuffer has it.
    const tflm::Operator *FindOp(BuiltinOperator op, const void *custom) const;

  protected:
    constexpr MicroOpResolver(const tflm::Operator **operators, uint16_t capacity)
        : operators_(operators), capacity_(capacity) {
    }
    // kTfLiteError when the table is full or has the operator already.
    TfLiteStatus Add(const tflm::Operator &op);

  private:
    const tflm::Operator **operators_;
    uint16_t capacity_;
    uint16_t size_ = 0;
};

} // namespace tflite
#endif
