// SPDX-License-Identifier: Apache-2.0
//
// What an application needs of the TFLite schema. The interpreter reads everything else through flatbuffer.h, by the
// field numbers of schema version 3.
#ifndef TENSORFLOW_LITE_SCHEMA_SCHEMA_GENERATED_H_
#define TENSORFLOW_LITE_SCHEMA_SCHEMA_GENERATED_H_

#include <stdint.h>

namespace tflite {

enum BuiltinOperator : int32_t {
    BuiltinOperator_ADD = 0,
    BuiltinOperator_AVERAGE_POOL_2D = 1,
    BuiltinOperator_CONCATENATION = 2,
    BuiltinOperator_CONV_2D = 3,
    BuiltinOperator_DEPTHWISE_CONV_2D = 4,
    BuiltinOperator_DEQUANTIZE = 6,
    BuiltinOperator_FULLY_CONNECTED = 9,
    BuiltinOperator_MAX_POOL_2D = 17,
    BuiltinOperator_RELU = 19,
    BuiltinOperator_RELU6 = 21,
    BuiltinOperator_RESHAPE = 22,
    BuiltinOperator_SOFTMAX = 25,
    BuiltinOperator_PAD = 34,
    BuiltinOperator_MEAN = 40,
    BuiltinOperator_SQUEEZE = 43,
    BuiltinOperator_PADV2 = 60,
    BuiltinOperator_EXPAND_DIMS = 70,
    BuiltinOperator_QUANTIZE = 114,
    BuiltinOperator_IF = 118,
    BuiltinOperator_WHILE = 119,
};

// The root table of a .tflite file; exists only as a pointer into it.
class Model {
  public:
    Model() = delete;
    uint32_t version() const;
};

// buffer: a whole .tflite file, aligned to 16 bytes.
const Model *GetModel(const void *buffer);

} // namespace tflite
#endif
