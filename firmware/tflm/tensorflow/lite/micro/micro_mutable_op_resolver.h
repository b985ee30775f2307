// SPDX-License-Identifier: Apache-2.0
//
// Upstream's resolver for the operators that this tree computes. Only the Add methods that are called link their
// operator and its kernel into the image.
#ifndef TENSORFLOW_LITE_MICRO_MICRO_MUTABLE_OP_RESOLVER_H_
#define TENSORFLOW_LITE_MICRO_MICRO_MUTABLE_OP_RESOLVER_H_

#include "tensorflow/lite/micro/micro_op_resolver.h"
#include "tflm/prepared.h"

namespace tflite {

template <unsigned int tOpCount> class MicroMutableOpResolver : public MicroOpResolver {
  public:
    constexpr MicroMutableOpResolver() : MicroOpResolver(table_, tOpCount) {
    }

#define TFLM_PREPARED(name, builtin)                                                                                   \
    TfLiteStatus Add##name() {                                                                                         \
        return Add(tflm::Prepared<builtin, nullptr>::kOperator);                                                       \
    }
#define TFLM_STATEFUL(name, builtin)                                                                                   \
    TfLiteStatus Add##name() {                                                                                         \
        return Add(tflm::Prepared<builtin, &tflm::kState>::kOperator);                                                 \
    }
#define TFLM_CUSTOM(name, code, state)                                                                                 \
    TfLiteStatus Add##name() {                                                                                         \
        static const tflm::Operator kOperator = tflm::custom(code, state);                                             \
        return Add(kOperator);                                                                                         \
    }
#include "tflm/prepared_operators.inc"
#undef TFLM_CUSTOM
#undef TFLM_PREPARED
#undef TFLM_STATEFUL

    TfLiteStatus AddAveragePool2D() {
        return Add(tflm::kAveragePool2D);
    }
    TfLiteStatus AddConv2D() {
        return Add(tflm::kConv2D);
    }
    TfLiteStatus AddDepthwiseConv2D() {
        return Add(tflm::kDepthwiseConv2D);
    }
    TfLiteStatus AddDequantize() {
        return Add(tflm::kDequantize);
    }
    TfLiteStatus AddFullyConnected() {
        return Add(tflm::kFullyConnected);
    }
    TfLiteStatus AddIf() {
        return Add(tflm::kIf);
    }
    TfLiteStatus AddMaxPool2D() {
        return Add(tflm::kMaxPool2D);
    }
    TfLiteStatus AddPad() {
        return Add(tflm::kPad);
    }
    TfLiteStatus AddPadV2() {
        return Add(tflm::kPadV2);
    }
    TfLiteStatus AddQuantize() {
        return Add(tflm::kQuantize);
    }
    TfLiteStatus AddRelu() {
        return Add(tflm::kRelu);
    }
    TfLiteStatus AddRelu6() {
        return Add(tflm::kRelu6);
    }
    TfLiteStatus AddReshape() {
        return Add(tflm::kReshape);
    }
    TfLiteStatus AddSoftmax() {
        return Add(tflm::kSoftmax);
    }
    TfLiteStatus AddWhile() {
        return Add(tflm::kWhile);
    }

  private:
    const tflm::Operator *table_[tOpCount] = {};
};

} // namespace tflite
#endif
