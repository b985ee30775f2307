// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "tensorflow/lite/c/common.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

#define TFLITE_SCHEMA_VERSION (3)

namespace tflite {

class MicroResourceVariables;
class MicroProfilerInterface;

class MicroInterpreter {
  public:
    MicroInterpreter(const Model *model, const MicroOpResolver &op_resolver, uint8_t *tensor_arena,
                     size_t tensor_arena_size, MicroResourceVariables *resource_variables = nullptr,
                     MicroProfilerInterface *profiler = nullptr, bool preserve_all_tensors = false);
    ~MicroInterpreter();
    TfLiteStatus AllocateTensors();
    TfLiteStatus Invoke();
    TfLiteStatus Reset();
    TfLiteTensor *input(size_t index);
    size_t inputs_size() const;
    TfLiteTensor *output(size_t index);
    size_t outputs_size() const;
    TfLiteStatus initialization_status() const;
    size_t arena_used_bytes() const;
};

} // namespace tflite
