// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

namespace tflite {
struct Model final {
    uint32_t version() const;
};
inline const Model *GetModel(const void *buf);
inline const Model *GetModel(const void *buf) {
    return static_cast<const Model *>(buf);
}
} // namespace tflite
