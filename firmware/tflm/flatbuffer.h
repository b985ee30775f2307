// SPDX-License-Identifier: Apache-2.0
//
// Reading flatbuffer tables in place. Every function takes nullptr for "absent" and hands it on, so that a chain of
// look-ups needs one check at its end. Source: the FlatBuffers format description ("FlatBuffer internals").
#ifndef TFLM_FLATBUFFER_H
#define TFLM_FLATBUFFER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace tflm {

using Bytes = const uint8_t *;

// By memcpy: some writers align nothing beyond 4 bytes.
template <typename T> inline T load(Bytes at) {
    T value;
    memcpy(&value, at, sizeof value);
    return value;
}

// Address of a scalar field, nullptr where the table leaves it at its default.
Bytes field(Bytes table, unsigned id);

// The table or vector that a field refers to.
Bytes child(Bytes table, unsigned id);

int32_t integer(Bytes table, unsigned id, int32_t absent);
int8_t byte(Bytes table, unsigned id, int8_t absent);

// A vector is its length and then its items.
uint32_t length(Bytes vector);
inline Bytes items(Bytes vector) {
    return vector == nullptr ? nullptr : vector + sizeof(uint32_t);
}
// Table number index of a vector of tables, nullptr beyond its end.
Bytes element(Bytes vector, uint32_t index);
// Item of a vector of int32, absent beyond its end.
int32_t item(Bytes vector, uint32_t index, int32_t absent);

// Whether everything that the interpreter reads of a .tflite of so many bytes lies within them, and it can be given the
// file whatever it is. Nothing calls this of a model that was checked when its image was generated: an application that
// receives another model calls it first.
constexpr size_t kMostBytes = 1u << 30;
bool is_whole(const void *content, size_t bytes);

// Field numbers of TFLite's schema, version 3.
enum ModelField {
    kModelVersion = 0,
    kModelOperatorCodes = 1,
    kModelSubgraphs = 2,
    kModelBuffers = 4,
    kModelMetadata = 6
};
enum OperatorCodeField { kCodeDeprecated = 0, kCodeCustom = 1, kCodeBuiltin = 3 };
enum SubgraphField { kGraphTensors = 0, kGraphInputs = 1, kGraphOutputs = 2, kGraphOperators = 3 };
enum TensorField {
    kTensorShape = 0,
    kTensorType = 1,
    kTensorBuffer = 2,
    kTensorQuantization = 4,
    kTensorIsVariable = 5
};
enum QuantizationField { kQuantScale = 2, kQuantZeroPoint = 3, kQuantAxis = 6 };
enum OperatorField { kOpCode = 0, kOpInputs = 1, kOpOutputs = 2, kOpOptions = 4 };
enum BufferField { kBufferData = 0 };
enum MetadataField { kMetadataName = 0, kMetadataBuffer = 1 };

} // namespace tflm
#endif
