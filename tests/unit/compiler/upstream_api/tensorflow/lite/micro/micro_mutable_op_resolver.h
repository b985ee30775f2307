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
    TfLiteStatus AddAbs();
    TfLiteStatus AddIrfft();
    TfLiteStatus AddDelay();
    TfLiteStatus AddFramer();
    TfLiteStatus AddOverlapAdd();
    TfLiteStatus AddStacker();
    TfLiteStatus AddWindow();
    TfLiteStatus AddRfft();
    TfLiteStatus AddPCAN();
    TfLiteStatus AddFilterBankSquareRoot();
    TfLiteStatus AddFilterBankSpectralSubtraction();
    TfLiteStatus AddFilterBankLog();
    TfLiteStatus AddFilterBank();
    TfLiteStatus AddFftAutoScale();
    TfLiteStatus AddEnergy();
    TfLiteStatus AddAddN();
    TfLiteStatus AddArgMax();
    TfLiteStatus AddArgMin();
    TfLiteStatus AddAssignVariable();
    TfLiteStatus AddBatchMatMul();
    TfLiteStatus AddBatchToSpaceNd();
    TfLiteStatus AddBroadcastArgs();
    TfLiteStatus AddBroadcastTo();
    TfLiteStatus AddCallOnce();
    TfLiteStatus AddCast();
    TfLiteStatus AddCumSum();
    TfLiteStatus AddDepthToSpace();
    TfLiteStatus AddDiv();
    TfLiteStatus AddDynamicUpdateSlice();
    TfLiteStatus AddElu();
    TfLiteStatus AddEmbeddingLookup();
    TfLiteStatus AddEqual();
    TfLiteStatus AddExpandDims();
    TfLiteStatus AddFill();
    TfLiteStatus AddGather();
    TfLiteStatus AddGatherNd();
    TfLiteStatus AddGreater();
    TfLiteStatus AddGreaterEqual();
    TfLiteStatus AddHardSwish();
    TfLiteStatus AddIf();
    TfLiteStatus AddL2Normalization();
    TfLiteStatus AddLeakyRelu();
    TfLiteStatus AddLess();
    TfLiteStatus AddLessEqual();
    TfLiteStatus AddLogSoftmax();
    TfLiteStatus AddLogicalAnd();
    TfLiteStatus AddLogicalNot();
    TfLiteStatus AddLogicalOr();
    TfLiteStatus AddMaximum();
    TfLiteStatus AddMinimum();
    TfLiteStatus AddMirrorPad();
    TfLiteStatus AddMul();
    TfLiteStatus AddNotEqual();
    TfLiteStatus AddPack();
    TfLiteStatus AddPrelu();
    TfLiteStatus AddReadVariable();
    TfLiteStatus AddReduceAll();
    TfLiteStatus AddReduceMax();
    TfLiteStatus AddReduceMin();
    TfLiteStatus AddResizeBilinear();
    TfLiteStatus AddResizeNearestNeighbor();
    TfLiteStatus AddReverseV2();
    TfLiteStatus AddRsqrt();
    TfLiteStatus AddSelectV2();
    TfLiteStatus AddShape();
    TfLiteStatus AddSlice();
    TfLiteStatus AddSpaceToBatchNd();
    TfLiteStatus AddSpaceToDepth();
    TfLiteStatus AddSplit();
    TfLiteStatus AddSplitV();
    TfLiteStatus AddSquaredDifference();
    TfLiteStatus AddSqueeze();
    TfLiteStatus AddStridedSlice();
    TfLiteStatus AddSub();
    TfLiteStatus AddSum();
    TfLiteStatus AddSvdf();
    TfLiteStatus AddTanh();
    TfLiteStatus AddTranspose();
    TfLiteStatus AddTransposeConv();
    TfLiteStatus AddUnidirectionalSequenceLSTM();
    TfLiteStatus AddUnpack();
    TfLiteStatus AddVarHandle();
    TfLiteStatus AddWhile();
    TfLiteStatus AddZerosLike();
};

} // namespace tflite
