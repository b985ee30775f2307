/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 } TfLiteStatus;
typedef enum { kTfLiteNoType = 0, kTfLiteFloat32 = 1, kTfLiteInt8 = 9 } TfLiteType;
typedef union TfLitePtrUnion {
    int8_t *int8;
    void *data;
} TfLitePtrUnion;
typedef struct TfLiteTensor {
    TfLitePtrUnion data;
    struct TfLiteIntArray *dims;
    size_t bytes;
    TfLiteType type;
} TfLiteTensor;
