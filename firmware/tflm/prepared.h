// SPDX-License-Identifier: Apache-2.0
//
// Operators whose kernels' parameters go with the model, as metadata "gen.calls" (gen/compiler/engines/prepared.py has
// the format): prepared when the model was generated, and only checked and placed here.
#ifndef TFLM_PREPARED_H
#define TFLM_PREPARED_H

#include "kernels/nn.h"
#include "tflm/operator.h"

namespace tflm {

constexpr unsigned kMostTensors = 64; // of a prepared kernel, inputs and outputs
constexpr unsigned kMostArrays = 12;  // that its parameters point to

// The bytes behind the pointers that a kernel is given: of its inputs, its outputs, and the arrays of its parameters in
// the order of the struct.
struct Extent {
    const uint32_t *x, *y;
    uint32_t inputs, outputs;
    uint32_t arrays[kMostArrays];
};

// Whether a kernel with these parameters stays within its tensors, and does nothing that C leaves undefined.
bool fits(const nn_lut_t &op, const Extent &extent);
bool fits(const nn_binary_t &op, const Extent &extent);
bool fits(const nn_move_t &op, const Extent &extent);
bool fits(const nn_concatenation_t &op, const Extent &extent);
bool fits(const nn_split_t &op, const Extent &extent);
bool fits(const nn_mean_t &op, const Extent &extent);
bool fits(const nn_reduce_t &op, const Extent &extent);
bool fits(const nn_arg_t &op, const Extent &extent);
bool fits(const nn_reshape_t &op, const Extent &extent);
bool fits(const nn_constant_t &op, const Extent &extent);
bool fits(const nn_svdf_t &op, const Extent &extent);
bool fits(const nn_svdf_int8_t &op, const Extent &extent);
bool fits(const nn_lstm_t &op, const Extent &extent);
bool fits(const nn_pick_t &op, const Extent &extent);
bool fits(const nn_batch_matmul_t &op, const Extent &extent);
bool fits(const nn_transpose_conv_t &op, const Extent &extent);
bool fits(const nn_add_n_t &op, const Extent &extent);
bool fits(const nn_cumsum_t &op, const Extent &extent);
bool fits(const nn_resize_bilinear_t &op, const Extent &extent);
bool fits(const nn_log_softmax_t &op, const Extent &extent);
bool fits(const nn_l2_normalization_t &op, const Extent &extent);
bool fits(const nn_lookup_t &op, const Extent &extent);
bool fits(const nn_dynamic_update_slice_t &op, const Extent &extent);
bool fits(const nn_select_v2_t &op, const Extent &extent);
bool fits(const nn_broadcast_args_t &op, const Extent &extent);
bool fits(const nn_binary_int32_t &op, const Extent &extent);
bool fits(const nn_quantize_int16_t &op, const Extent &extent);
bool fits(const nn_dequantize_typed_t &op, const Extent &extent);
bool fits(const nn_rescale_t &op, const Extent &extent);
bool fits(const nn_softmax_t &op, const Extent &extent); // to int16
bool fits(const nn_softmax_int16_t &op, const Extent &extent);
bool fits(const nn_cast_t &op, const Extent &extent);
bool fits(const nn_conv_2d_int16_t &op, const Extent &extent);
bool fits(const nn_depthwise_conv_2d_int16_t &op, const Extent &extent);
bool fits(const nn_transpose_conv_int16_t &op, const Extent &extent);
bool fits(const nn_batch_matmul_int16_t &op, const Extent &extent);
bool fits(const nn_pool_2d_t &op, const Extent &extent); // of int16
bool fits(const nn_mean_int16_t &op, const Extent &extent);
bool fits(const nn_pad_int16_t &op, const Extent &extent);
bool fits(const nn_binary_int16_t &op, const Extent &extent);
bool fits(const nn_slopes_int16_t &op, const Extent &extent);
bool fits(const nn_sigmoid_int16_t &op, const Extent &extent);
bool fits(const nn_lstm_int16_t &op, const Extent &extent);
bool fits(const nn_signal_window_t &op, const Extent &extent);
bool fits(const nn_signal_auto_scale_t &op, const Extent &extent);
bool fits(const nn_signal_rfft_t &op, const Extent &extent);
bool fits(const nn_signal_irfft_t &op, const Extent &extent);
bool fits(const nn_signal_energy_t &op, const Extent &extent);
bool fits(const nn_signal_filter_bank_t &op, const Extent &extent);
bool fits(const nn_signal_root_t &op, const Extent &extent);
bool fits(const nn_signal_subtract_noise_t &op, const Extent &extent);
bool fits(const nn_signal_pcan_t &op, const Extent &extent);
bool fits(const nn_signal_log_t &op, const Extent &extent);
bool fits(const nn_signal_delay_t &op, const Extent &extent);
bool fits(const nn_signal_overlap_add_t &op, const Extent &extent);
bool fits(const nn_signal_stacker_t &op, const Extent &extent);
bool fits(const nn_signal_framer_t &op, const Extent &extent);

template <typename Op> bool fits_erased(const void *op, const Extent &extent) {
    return fits(*static_cast<const Op *>(op), extent);
}

// What a kernel is given, of whichever type it takes.
struct Input {
    const void *at;
    template <typename T> operator const T *() const {
        return static_cast<const T *>(at);
    }
};
struct Output {
    void *at;
    template <typename T> operator T *() const {
        return static_cast<T *>(at);
    }
};

// Of several inputs one, or all as a list; and a list of outputs behind so many inputs.
inline Input input(const Node &node, unsigned number) {
    return {static_cast<const void *const *>(node.x)[number]};
}
inline const int8_t *const *inputs(const Node &node) {
    return static_cast<const int8_t *const *>(node.x);
}
inline Output output(const Node &node, unsigned number) {
    return {static_cast<void *const *>(node.x)[number]};
}
inline int8_t *const *outputs(const Node &node, unsigned count) {
    return static_cast<int8_t *const *>(node.x) + count;
}

struct PreparedKernel {
    uint32_t id;             // of the kernel and the layout of its parameters
    uint16_t bytes;          // of its parameters
    uint8_t inputs, outputs; // how many tensors it reads and writes; 0: a list
    bool in_place;           // whether its output may be an input's memory
    uint8_t array_count;     // addresses among its parameters, and where they are
    uint8_t arrays[kMostArrays];
    bool (*fits)(const void *op, const Extent &extent);
    // node.x is the input, or where the addresses of several are, and behind them those of a list of outputs.
    void (*invoke)(const Node &node);
};

// The image's; generated with the model.
extern const PreparedKernel kPreparedKernels[];
extern const unsigned kPreparedKernelCount;

Failure prepare_from_model(Context &c);

// What MicroMutableOpResolver adds for an operator that has no file in tflm/ops.
template <int builtin, const State *state> struct Prepared { static const Operator kOperator; };
template <int builtin, const State *state>
const Operator Prepared<builtin, state>::kOperator = {static_cast<uint8_t>(builtin),
                                                      {kAnyTensor, kAnyTensor, kAnyTensor},
                                                      kAnyTensor,
                                                      prepare_from_model,
                                                      state,
                                                      nullptr,
                                                      0};

// Likewise of a custom operator.
constexpr uint8_t kCustom = 32; // in the schema
template <uint32_t bytes> constexpr Operator custom(const char (&code)[bytes], const State *state) {
    return {kCustom, {kAnyTensor, kAnyTensor, kAnyTensor}, kAnyTensor, prepare_from_model, state, code, bytes - 1};
}

} // namespace tflm
#endif
