/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of TFLite's C types that an application of TFLM touches: status, types, tensors. Names, values and
 * meaning are upstream's; TfLiteTensor holds only the members that this interpreter fills. */
#ifndef TENSORFLOW_LITE_C_COMMON_H_
#define TENSORFLOW_LITE_C_COMMON_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum TfLiteStatus {
    kTfLiteOk = 0,
    kTfLiteError = 1,
} TfLiteStatus;

typedef enum TfLiteType {
    kTfLiteNoType = 0,
    kTfLiteFloat32 = 1,
    kTfLiteInt32 = 2,
    kTfLiteUInt8 = 3,
    kTfLiteInt64 = 4,
    kTfLiteBool = 6,
    kTfLiteInt16 = 7,
    kTfLiteInt8 = 9,
} TfLiteType;

/* Points straight into the model, whose vectors have this layout. */
typedef struct TfLiteIntArray {
    int size;
    int data[];
} TfLiteIntArray;

typedef struct TfLiteQuantizationParams {
    float scale;
    int32_t zero_point;
} TfLiteQuantizationParams;

typedef union TfLitePtrUnion {
    int32_t *i32;
    float *f;
    char *raw;
    const char *raw_const;
    uint8_t *uint8;
    int16_t *i16;
    int8_t *int8;
    void *data;
} TfLitePtrUnion;

typedef struct TfLiteTensor {
    TfLitePtrUnion data;
    TfLiteIntArray *dims;
    size_t bytes;
    TfLiteQuantizationParams params;
    TfLiteType type;
} TfLiteTensor;

#ifdef __cplusplus
}
#endif
#endif
