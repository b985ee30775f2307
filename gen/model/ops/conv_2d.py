"""CONV_2D: int8 activations and weights (OHWI), per channel or per tensor, grouped and dilated; and int16 activations,
whose kernel is in conv_2d_int16.py."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import INT32_MAX
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops import conv_2d_int16, wide
from gen.model.ops.interval import Interval, anything, padded, products, requantized
from gen.model.ops.operator import Call, Channels, CStruct, Kernel, Operator, numbers, pointers
from gen.model.ops.quantized import (
    Weighted,
    channel_multipliers,
    fused_activation,
    requantize,
    require_int8,
    require_int8_or_int16,
    require_rank,
    require_shape,
    require_sums,
    weights_and_bias,
    window_padding,
)
from gen.model.ops.taps import taps

OPTIONS = {
    "Padding": "same",
    "StrideW": 1,
    "StrideH": 1,
    "FusedActivationFunction": "none",
    "DilationWFactor": 1,
    "DilationHFactor": 1,
}


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    biases = ("int64", "int32") if x.dtype == "int16" else ("int32",)
    weights, bias = weights_and_bias(graph, op, biases=biases)
    require_int8_or_int16(op, x, y)
    require_int8(op, weights)
    require_rank(op, 4, x, y, weights)
    out_c, k_h, k_w, group_c = weights.shape
    in_c = x.shape[3]
    if not group_c or in_c % group_c or out_c % (in_c // group_c):
        raise UnsupportedOp(
            f"{op} has {in_c} input and {out_c} output channels, which its filter of depth {group_c} "
            "does not split into equal groups."
        )
    params = convolution_params(op, (x, weights, bias, y), k_h, k_w, axis=0) | {"group_c": group_c}
    macs = y.elements * k_h * k_w * group_c
    kernel = "conv_2d" if x.dtype == "int8" else conv_2d_int16.NAME
    return Call(op, kernel, params, (x.index,), (y.index,), macs)


def convolution_params(op: Op, tensors: Weighted, k_h: int, k_w: int, axis: int) -> dict[str, Any]:
    """The fields that CONV_2D's and DEPTHWISE_CONV_2D's structs share. axis: of the weights' output channels.

    Raises UnsupportedOp, ModelError."""
    x, weights, bias, y = tensors
    batches, in_h, in_w, in_c = x.shape
    out_c = weights.shape[axis]
    stride_h, stride_w = op.options["StrideH"], op.options["StrideW"]
    dilation_h, dilation_w = op.options["DilationHFactor"], op.options["DilationWFactor"]
    out_h, pad_top = window_padding(op, in_h, k_h, stride_h, dilation_h, axis=0)
    out_w, pad_left = window_padding(op, in_w, k_w, stride_w, dilation_w, axis=1)
    require_shape(op, y, (batches, out_h, out_w, out_c))
    if max(dilation_h * in_w, dilation_w) * in_c > INT32_MAX:
        raise UnsupportedOp(f"{op} has dilation {dilation_h} x {dilation_w}, too far apart for its input: reduce it.")
    if bias is not None:
        require_shape(op, bias, (out_c,))
    rescaling = (wide.requantization if x.dtype == "int16" else requantization)(op, tensors, axis)
    return rescaling | {
        "batches": batches, "in_h": in_h, "in_w": in_w, "in_c": in_c,
        "out_h": out_h, "out_w": out_w, "out_c": out_c, "k_h": k_h, "k_w": k_w,
        "stride_h": stride_h, "stride_w": stride_w, "dilation_h": dilation_h, "dilation_w": dilation_w,
        "pad_top": pad_top, "pad_left": pad_left,
    }  # fmt: skip


def requantization(op: Op, tensors: Weighted, axis: int) -> dict[str, Any]:
    """Of int8: weights, bias, and the fields that say what becomes of their sums; as convolution_params()."""
    x, weights, bias, y = tensors
    multiplier, shift = channel_multipliers(op, x, weights, y, weights.shape[axis])
    assert weights.data is not None
    require_sums(op, x, np.moveaxis(weights.data, axis, 0), None if bias is None else bias.data, shift)
    act_min, act_max = fused_activation(op, y)
    return {
        "weights": weights.data, "bias": None if bias is None else bias.data,
        "multiplier": multiplier, "shift": shift, "per_channel": int(len(multiplier) > 1),
        "input_offset": -x.zero_point, "output_offset": y.zero_point, "act_min": act_min, "act_max": act_max,
    }  # fmt: skip


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].astype(np.int32) + np.int32(p["input_offset"])  # N H W C; padding is 0 after the offset
    groups = p["in_c"] // p["group_c"]
    weights = p["weights"].astype(np.int32).reshape(groups, p["out_c"] // groups, p["k_h"], p["k_w"], p["group_c"])
    acc = np.zeros((p["batches"], p["out_h"], p["out_w"], groups, p["out_c"] // groups), np.int32)
    for i, j, tap in taps(p, x):
        grouped = tap.reshape(*acc.shape[:4], p["group_c"])
        acc += np.einsum("nhwgc,goc->nhwgo", grouped, weights[:, :, i, j])
    flat = acc.reshape(p["batches"], p["out_h"], p["out_w"], p["out_c"])
    return requantize(flat, p)


def dense(call: Call) -> Call | None:
    """FULLY_CONNECTED, where the window is the whole input and so there is one output pixel."""
    p = call.params
    window, image = ((p["k_h"], p["k_w"]), (p["in_h"], p["in_w"]))
    spread = (p["k_h"] > 1 and p["dilation_h"] > 1) or (p["k_w"] > 1 and p["dilation_w"] > 1)
    if window != image or spread or p["pad_top"] or p["pad_left"] or p["group_c"] != p["in_c"]:
        return None
    if (p["out_h"], p["out_w"]) != (1, 1):
        return None
    kept = ("bias", "multiplier", "shift", "batches", "input_offset", "output_offset", "act_min", "act_max")
    sizes = {"in_n": p["k_h"] * p["k_w"] * p["in_c"], "out_n": p["out_c"], "per_channel": p["per_channel"]}
    params = {"weights": p["weights"].reshape(p["out_c"], -1), **sizes, **{name: p[name] for name in kept}}
    return replace(call, kernel="fully_connected", params=params)


def interval(call: Call, x: Interval, y: Tensor) -> Interval:
    p = call.params
    if p["group_c"] != p["in_c"]:
        return anything(y)
    weights = p["weights"].astype(np.int64)  # O H W I
    least, most = products(weights, x.low + p["input_offset"], x.high + p["input_offset"], padded(p))
    return requantized(p, least.sum(axis=(1, 2, 3)), most.sum(axis=(1, 2, 3)))


def interpreter_bytes(call: Call, pointer_bytes: int) -> int:
    """An int32 multiplier and an int8 shift for each channel."""
    return 5 * len(call.params["multiplier"])


def rows(call: Call, start: int, end: int, banded: int, row: int) -> tuple[Call, int, int]:
    """As Kernel.rows; no rows are needed if all is padding."""
    p = call.params
    first = start * p["stride_h"] - p["pad_top"]
    last = (end - 1) * p["stride_h"] - p["pad_top"] + (p["k_h"] - 1) * p["dilation_h"]
    top, bottom = max(first, 0), min(last + 1, p["in_h"])
    params = {**p, "in_h": bottom - top, "out_h": end - start, "pad_top": max(-first, 0)}
    macs = call.macs * (end - start) // p["out_h"]
    return replace(call, params=params, macs=macs), top, bottom


def channels(params: Mapping[str, Any]) -> Channels | None:
    return Channels.MIXED if params["group_c"] == params["in_c"] else None


KERNEL = Kernel(
    "conv_2d",
    CStruct(
        "nn_conv_2d_t",
        pointers("int8_t", "weights")
        + pointers("int32_t", "bias multiplier")
        + pointers("int8_t", "shift")
        + numbers("int16_t", "input_offset output_offset act_min act_max")
        + numbers("uint16_t", "batches in_h in_w in_c out_h out_w out_c k_h k_w group_c stride_h stride_w")
        + numbers("uint16_t", "dilation_h dilation_w pad_top pad_left per_channel"),
    ),
    reference,
    interpreter_bytes=interpreter_bytes,
    channels=channels,
    interval=interval,
    rows=rows,
    begins_bands=True,
    simpler=dense,
)
OPERATOR = Operator(
    "conv_2d",
    "CONV_2D",
    "Conv2D",
    "Conv2DOptions",
    OPTIONS,
    lower,
    kernels=("conv_2d", conv_2d_int16.NAME),
    interpreter=("conv_2d", "convolution"),
    prepared=(conv_2d_int16.NAME,),
    takes_padding=True,
    nodes=("convolution", "conv2d"),
)
