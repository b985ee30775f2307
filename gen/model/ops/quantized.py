"""What the convolution-like operators share: their checks, paddings, multipliers and fused activations."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gen.errors import ModelError, NotQuantized, UnsupportedOp
from gen.model.fixed_point import INT32_MAX, activation_range, multiply_by_quantized_multiplier, quantize_multiplier
from gen.model.graph import DTYPES, Array, Graph, Op, Tensor

Weighted = tuple[Tensor, Tensor, Tensor | None, Tensor]  # input, weights, bias, output


def require_int8(op: Op, *tensors: Tensor) -> None:
    """Raise NotQuantized unless every tensor is int8 with quantization parameters, UnsupportedOp on int16, which TFLM
    does not have there, ModelError on a zero point that is no int8."""
    for tensor in tensors:
        if tensor.dtype == "int16":
            raise UnsupportedOp(
                f"{op}: tensor {tensor.name!r} is int16, and int8 is what TFLM takes there: convert the model with "
                "TFLITE_BUILTINS_INT8, or do without this operator."
            )
        if tensor.dtype != "int8" or tensor.quant is None:
            raise NotQuantized(
                f"{op}: tensor {tensor.name!r} is {tensor.dtype}, not quantized int8: convert the model with full "
                "integer quantization (a representative dataset and TFLITE_BUILTINS_INT8)."
            )
        if not all(-128 <= zero_point <= 127 for zero_point in tensor.quant.zero_point):
            raise ModelError(
                f"{op}: tensor {tensor.name!r} has a zero point that is no int8: the model file is damaged."
            )


def require_int8_or_int16(op: Op, x: Tensor, *others: Tensor) -> None:
    """Raise UnsupportedOp, NotQuantized or ModelError unless all tensors are int8, or all int16 with zero points of 0,
    which is how TFLite quantizes int16 symmetrically."""
    if x.dtype != "int16":
        require_int8(op, x, *others)
        return
    require_types(op, "int16", *others)
    for tensor in (x, *others):
        if tensor.zero_point != 0:
            raise UnsupportedOp(
                f"{op}: tensor {tensor.name!r} is int16 with zero point {tensor.zero_point}: TFLM wants 0, convert the "
                "model again."
            )


def require_types(op: Op, dtype: str, *tensors: Tensor) -> None:
    """As require_int8; of other types only that the tensors have it, UnsupportedOp if not."""
    if dtype == "int8":
        require_int8(op, *tensors)
    for tensor in tensors:
        if tensor.dtype != dtype:
            raise UnsupportedOp(
                f"{op}: tensor {tensor.name!r} is {tensor.dtype}, and {dtype} is what TFLM takes there."
            )


def require_same_quantization(op: Op, x: Tensor, y: Tensor) -> None:
    """Raise UnsupportedOp unless the operator can hand bytes on as they are, as TFLM demands."""
    if (x.scale, x.zero_point) != (y.scale, y.zero_point):
        raise UnsupportedOp(
            f"{op} has an output of another scale or zero point than its input, which TFLM refuses: quantize the model "
            "with a converter that gives them the same."
        )


def require_rank(op: Op, rank: int, *tensors: Tensor) -> None:
    for tensor in tensors:
        if len(tensor.shape) != rank:
            raise UnsupportedOp(
                f"{op} has a tensor of shape {tensor.shape}, not of {rank} dimensions: reshape it in the model."
            )


def require_shape(op: Op, tensor: Tensor, shape: Iterable[int]) -> None:
    """Raise ModelError unless the tensor has the shape that the operator's other tensors and options lead to."""
    if tensor.shape != tuple(shape):
        raise ModelError(
            f"{op}: tensor {tensor.name!r} has shape {tensor.shape} where {tuple(shape)} is due: "
            "the model file is damaged or was edited."
        )


def weights_and_bias(
    graph: Graph, op: Op, at: tuple[int, int] = (1, 2), biases: tuple[str, ...] = ("int32",)
) -> tuple[Tensor, Tensor | None]:
    """Constant weights and the bias, if any; at: which inputs they are. biases: types that it may have. Raises
    UnsupportedOp, NotQuantized."""
    weights, bias = graph.input(op, at[0]), graph.optional_input(op, at[1])
    if weights.data is None or (bias is not None and bias.data is None):
        raise UnsupportedOp(f"{op} computes its weights at run time: only constant weights and biases are supported.")
    if weights.quant is not None and any(weights.quant.zero_point):
        raise UnsupportedOp(f"{op} has asymmetric weights: TFLite's int8 scheme needs zero point 0, convert it again.")
    if bias is not None and bias.dtype not in biases:
        raise NotQuantized(
            f"{op} has a bias of type {bias.dtype}, where TFLM takes {' or '.join(biases)}: convert the model again."
        )
    return weights, bias


def window_padding(op: Op, size: int, kernel: int, stride: int, dilation: int, *, axis: int) -> tuple[int, int]:
    """(output size, zeros before the first element) along one axis, as TFLite's ComputePadding does.

    axis: 0 height, 1 width. The attribute Padding is "same", "valid" or, after a pass has merged a PAD, the zeros
    before and after along each axis: ((top, bottom), (left, right)).

    Raises ModelError on a window that does not exist or leaves no output."""
    if min(size, kernel, stride, dilation) < 1:
        raise ModelError(f"{op} has a size, kernel, stride or dilation of 0: the model file is damaged.")
    span = (kernel - 1) * dilation + 1
    padding = op.options["Padding"]
    if not isinstance(padding, str):
        before, after = padding[axis]
        return (size + before + after - span + stride) // stride, before
    out = -(-size // stride) if padding == "same" else (size - span + stride) // stride
    if out < 1:
        raise ModelError(f"{op} has a window of {span} on an input of {size}: use SAME padding or a smaller kernel.")
    return out, max((out - 1) * stride + span - size, 0) // 2


def fused_activation(op: Op, y: Tensor) -> tuple[int, int]:
    """(act_min, act_max) of the operator's fused activation. Raises UnsupportedOp."""
    name = op.options["FusedActivationFunction"]
    if name in ("relu6", "relu_n1_to_1"):
        require_coarse(op, y)
    if name not in ("none", "relu", "relu6", "relu_n1_to_1"):
        raise UnsupportedOp(
            f"{op} has the fused activation {name.upper()}: only RELU, RELU6 and RELU_N1_TO_1 exist in {y.dtype}."
        )
    return activation_range(name, y.scale, y.zero_point, y.dtype)


def require_coarse(op: Op, tensor: Tensor) -> None:
    """Raise UnsupportedOp where 6 is beyond int32 in steps of the tensor's scale, which TFLM leaves undefined."""
    if 6.0 / tensor.scale >= 2**31:
        raise UnsupportedOp(
            f"{op} clamps tensor {tensor.name!r} of scale {tensor.scale:g}, too fine for int32 to hold its limits: "
            "quantize the model again with representative data."
        )


def channel_multipliers(op: Op, x: Tensor, weights: Tensor, y: Tensor, channels: int) -> tuple[Array, Array]:
    """(int32 multipliers, int8 shifts) of input scale * weight scale / output scale: one pair for each weight scale.

    In double, as TFLM's PopulateConvolutionQuantizationParams computes it, and for FULLY_CONNECTED per tensor too since
    2026 (see gen/model/upstream.py). Raises ModelError unless weights have one scale or one for each output channel."""
    assert weights.quant is not None
    if len(weights.quant.scale) not in (1, channels):
        raise ModelError(
            f"{op} has {len(weights.quant.scale)} weight scales for {channels} output channels: convert it again."
        )
    return multiplier_arrays(x.scale * scale / y.scale for scale in weights.quant.scale)


def require_sums(op: Op, x: Tensor, weights: Array, bias: Array | None, shift: Array) -> None:
    """Raise UnsupportedOp where a sum, shifted left as its multiplier wants, may leave int32: C leaves that undefined,
    and what TFLM computes depends on its compiler. weights: output channels first. shift: as channel_multipliers'."""
    if (shift <= 0).all():
        return  # a sum that leaves int32 wraps wherever it is computed
    limits = np.iinfo(DTYPES[x.dtype])
    farthest = max(int(limits.max) - x.zero_point, x.zero_point - int(limits.min))
    sums = np.abs(weights.reshape(len(weights), -1).astype(np.int64)).sum(axis=1) * farthest
    highest = sums if bias is None else sums + np.abs(bias.astype(np.int64))
    if (highest * 2.0 ** shift.astype(np.float64) > INT32_MAX)[np.broadcast_to(shift > 0, len(weights))].any():
        raise UnsupportedOp(
            f"{op} has weights of scales so large for its output's that its sums can leave int32, which TFLM leaves "
            "undefined: quantize the model again with representative data."
        )


def multiplier_arrays(reals: Iterable[float]) -> tuple[Array, Array]:
    """quantize_multiplier of each: (int32 multipliers, int8 shifts)."""
    pairs = [quantize_multiplier(real) for real in reals]
    return np.array([m for m, _ in pairs], np.int32), np.array([s for _, s in pairs], np.int8)


def requantize(acc: Array, p: Mapping[str, Any]) -> Array:
    """int32 sums (channels last) -> int8, as every kernel with weights ends; p are its parameters. Wraps where int32
    does."""
    biased = acc if p["bias"] is None else acc + p["bias"]
    scaled = multiply_by_quantized_multiplier(biased, p["multiplier"], p["shift"]) + np.int32(p["output_offset"])
    clamped: Array = np.clip(scaled, p["act_min"], p["act_max"]).astype(np.int8)
    return clamped
