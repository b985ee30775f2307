/* SPDX-License-Identifier: Apache-2.0
 *
 * Elements whose type the parameters say, read as int32 and written from it; what is wider wraps. */
#ifndef NN_TYPED_H
#define NN_TYPED_H

#include "nn.h"

static inline int32_t nn_element(uint8_t type, const void *x, int32_t i) {
    switch (type) {
    case NN_INT8:
        return ((const int8_t *)x)[i];
    case NN_UINT8:
        return ((const uint8_t *)x)[i];
    case NN_INT16:
        return ((const int16_t *)x)[i];
    case NN_BOOL:
        return ((const uint8_t *)x)[i] != 0;
    default: /* NN_UINT32 and NN_FLOAT32 by their bits */
        return ((const int32_t *)x)[i];
    }
}

static inline void nn_set_element(uint8_t type, void *y, int32_t i, int32_t value) {
    switch (type) {
    case NN_INT8:
    case NN_UINT8:
        ((uint8_t *)y)[i] = (uint8_t)value;
        break;
    case NN_INT16:
        ((uint16_t *)y)[i] = (uint16_t)value;
        break;
    case NN_BOOL:
        ((uint8_t *)y)[i] = value != 0;
        break;
    default:
        ((int32_t *)y)[i] = value;
    }
}

#endif
