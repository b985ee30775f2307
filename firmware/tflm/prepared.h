// SPDX-License-Identifier: Apache-2.0
//
// Operators whose kernels' parameters go with the model, as metadata "gen.calls" (gen/compiler/engines/prepared.py has
// the format): prepared when the model was generated, and only checked and placed here.
#ifndef TFLM_PREPARED_H
#define TFLM_PREPARED_H

#include "kernels/nn.h"
#include "tflm/operator.h"

namespace tflm {

constexpr unsigned kMostInputs = 8; // of a prepared kernel

// The bytes behind the pointers that a kernel is given.
struct Extent {
    uint32_t x[kMostInputs], y;
};

// Whether a kernel with these parameters stays within its tensors, and does nothing that C leaves undefined.
bool fits(const nn_lut_t &op, const Extent &extent);
bool fits(const nn_binary_t &op, const Extent &extent);
bool fits(const nn_move_t &op, const Extent &extent);

template <typename Op> bool fits_erased(const void *op, const Extent &extent) {
    return fits(*static_cast<const Op *>(op), extent);
}

struct PreparedKernel {
    uint32_t id;            // of the kernel and the layout of its parameters
    uint16_t bytes, inputs; // of its parameters; how many tensors it reads
    bool (*fits)(const void *op, const Extent &extent);
    void (*invoke)(
        const Node &node); // node.x is the input, or the place of the inputs' addresses where there are several
};

// The image's; generated with the model.
extern const PreparedKernel kPreparedKernels[];
extern const unsigned kPreparedKernelCount;

Failure prepare_from_model(Context &c);

// What MicroMutableOpResolver adds for an operator that has no file in tflm/ops.
template <int builtin> struct Prepared { static const Operator kOperator; };
constexpr uint16_t kAnyTensor = static_cast<uint16_t>(~kConstant);
template <int builtin>
const Operator Prepared<builtin>::kOperator = {
    static_cast<uint8_t>(builtin), {kAnyTensor, kAnyTensor, kAnyTensor}, kAnyTensor, prepare_from_model};

} // namespace tflm
#endif
