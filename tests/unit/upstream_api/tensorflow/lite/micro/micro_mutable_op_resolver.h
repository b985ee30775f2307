// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tensorflow/lite/c/common.h"

struct TFLMRegistration;

namespace tflite {

class MicroOpResolver {
  public:
    virtual const TFLMRegistration *FindOp(const char *op) const = 0;
    virtual ~MicroOpResolver() {
    }
};

template <unsigned int tOpCount> class MicroMutableOpResolver : public MicroOpResolver {
  public:
    explicit MicroMutableOpResolver() {
    }
    const TFLMRegistration *FindOp(const char *op) const override;
    TfLiteStatus AddAdd(const TFLMRegistration *registration = nullptr);
    TfLiteStatus AddAveragePool2D(const TFLMRegistration *registration = nullptr);
    TfLiteStatus AddConcatenation();
    TfLiteStatus AddConv2D(const TFLMRegistration *registration = nullptr);
    TfLiteStatus AddDepthwiseConv2D(const TFLMRegistration *registration = nullptr);
    TfLiteStatus AddDequantize();
    TfLiteStatus AddFullyConnected(const TFLMRegistration *registration = nullptr);
    TfLiteStatus AddLogistic();
    TfLiteStatus AddMaxPool2D(const TFLMRegistration *registration = nullptr);
    TfLiteStatus AddMean();
    TfLiteStatus AddPad(const TFLMRegistration *registration = nullptr);
    TfLiteStatus AddPadV2();
    TfLiteStatus AddQuantize();
    TfLiteStatus AddRelu();
    TfLiteStatus AddRelu6();
    TfLiteStatus AddReshape();
    TfLiteStatus AddSoftmax(const TFLMRegistration *registration = nullptr);
};

} // namespace tflite
