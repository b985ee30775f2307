"""TRANSPOSE_CONV in int8 and int16, per channel or per tensor, with or without a bias: each input, times the weights,
is added to the outputs that its window covers. Weights are output channels x height x width x input channels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gen.errors import ModelError
from gen.model.graph import Array, Graph, Op
from gen.model.ops import wide
from gen.model.ops.conv_2d import requantization
from gen.model.ops.operator import (
    Call,
    CStruct,
    Kernel,
    Operator,
    Part,
    int8_array,
    int32_array,
    numbers,
    pointers,
)
from gen.model.ops.quantized import (
    Weighted,
    requantize,
    require_int8,
    require_int8_or_int16,
    require_rank,
    require_shape,
    weights_and_bias,
    window_padding,
)

PADS = {"h": "pad_top", "w": "pad_left"}


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 2), graph.output(op)
    biases = ("int64", "int16") if x.dtype == "int16" else ("int32",)
    weights, bias = weights_and_bias(graph, op, at=(1, 3), biases=biases)
    require_rank(op, 4, x, weights, y)
    require_int8_or_int16(op, x, y)
    require_int8(op, weights)
    out_c, k_h, k_w, in_c = weights.shape
    n, in_h, in_w, _ = x.shape
    _, out_h, out_w, _ = y.shape
    require_shape(op, x, (n, in_h, in_w, in_c))
    require_shape(op, y, (n, out_h, out_w, out_c))
    stride_h, stride_w = op.options["StrideH"], op.options["StrideW"]
    sizes, pads = [], []
    for axis, (size, kernel, stride) in enumerate(((out_h, k_h, stride_h), (out_w, k_w, stride_w))):
        covered, before = window_padding(op, size, kernel, stride, 1, axis=axis)
        sizes.append(covered)
        pads.append(before)
    if sizes != [in_h, in_w]:
        raise ModelError(
            f"{op} makes {y.shape} of {x.shape} with windows of {k_h}x{k_w} and strides of {stride_h} and {stride_w}, "
            "which don't fit: the model file is damaged, convert it again."
        )
    if bias is not None:
        require_shape(op, bias, (out_c,))
    rescaling = (wide.requantization if x.dtype == "int16" else _requantization)(op, (x, weights, bias, y), 0)
    params = {
        **{name: value for name, value in rescaling.items() if name != "weights"},
        "batches": n, "in_h": in_h, "in_w": in_w, "in_c": in_c, "out_h": out_h, "out_w": out_w, "out_c": out_c,
        "k_h": k_h, "k_w": k_w, "stride_h": stride_h, "stride_w": stride_w, "pad_top": pads[0], "pad_left": pads[1],
    }  # fmt: skip
    macs = n * in_h * in_w * weights.elements
    if x.dtype == "int16":
        return Call(op, NAME_INT16, params, (x.index, weights.index), (y.index,), macs=macs)
    call = Call(op, "transpose_conv", params, (x.index, weights.index), (y.index,), macs=macs)
    assert weights.data is not None and weights.quant is not None
    return replace(call, parts=parts(call, weights.data.reshape(weights.shape), int(weights.quant.per_channel)))


def parts(call: Call, weights: Array, per_channel: int) -> tuple[Part, ...]:
    """CONV_2D for each phase: the outputs whose row and column leave the same rests when divided by the strides have
    the same taps, which go over the input one by one, the last one first. () for several images, for a phase without
    taps and where a window begins on the input."""
    p = call.params
    phases = [(h, w) for h in range(min(p["stride_h"], p["out_h"])) for w in range(min(p["stride_w"], p["out_w"]))]
    made = []
    for phase in phases:
        sizes: dict[str, int] = {}
        taps = []
        for axis, first in zip("hw", phase, strict=True):
            stride, pad = p[f"stride_{axis}"], p[PADS[axis]]
            place = first + pad
            own = range(place % stride, p[f"k_{axis}"], stride)
            before = len(own) - 1 - place // stride
            if not own or before < 0 or p["batches"] > 1:
                return ()
            taps.append(own[::-1])
            sizes |= {
                f"k_{axis}": len(own), f"out_{axis}": -(-(p[f"out_{axis}"] - first) // stride), f"stride_{axis}": 1,
                f"dilation_{axis}": 1, PADS[axis]: before,
            }  # fmt: skip
        kept = {key: value for key, value in p.items() if key not in sizes}
        own_weights = weights[:, list(taps[0])][:, :, list(taps[1])]
        apart = {"y_pixel": p["stride_w"] * p["out_c"], "y_row": p["stride_h"] * p["out_w"] * p["out_c"]}
        params = kept | sizes | apart | {
            "weights": np.ascontiguousarray(own_weights), "group_c": p["in_c"], "per_channel": per_channel,
        }  # fmt: skip
        macs = sizes["out_h"] * sizes["out_w"] * own_weights.size
        conv = replace(call, kernel="conv_2d", params=params, inputs=call.inputs[:1], macs=macs)
        made.append(Part(conv, (phase[0] * p["out_w"] + phase[1]) * p["out_c"]))
    return tuple(made)


def _requantization(op: Op, tensors: Weighted, axis: int) -> dict[str, Any]:
    """As CONV_2D's, with a bias and a multiplier for each channel."""
    p, channels = requantization(op, tensors, axis), tensors[1].shape[axis]
    return {
        **{name: value for name, value in p.items() if name != "per_channel"},
        "bias": int32_array(np.zeros(channels) if p["bias"] is None else p["bias"]),
        "multiplier": np.broadcast_to(p["multiplier"], channels),
        "shift": int8_array(np.broadcast_to(p["shift"], channels)),
    }


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    return requantize(_sums(p, inputs[0].astype(np.int32) + np.int32(p["input_offset"]), inputs[1]), p)


def reference_int16(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    return wide.requantize(_sums(p, inputs[0].astype(np.int64), inputs[1]), p)


def _sums(p: Mapping[str, Any], x: Array, weights: Array) -> Array:
    """In the type of x."""
    x = x.reshape(p["batches"], p["in_h"], p["in_w"], p["in_c"])
    weights = np.asarray(weights, x.dtype).reshape(p["out_c"], p["k_h"], p["k_w"], p["in_c"])
    reach_h = max((p["in_h"] - 1) * p["stride_h"] + p["k_h"], p["out_h"] + p["pad_top"])
    reach_w = max((p["in_w"] - 1) * p["stride_w"] + p["k_w"], p["out_w"] + p["pad_left"])
    sums = np.zeros((p["batches"], reach_h, reach_w, p["out_c"]), x.dtype)
    rows, columns = (p[f"in_{axis}"] * p[f"stride_{axis}"] for axis in "hw")
    for h in range(p["k_h"]):
        for w in range(p["k_w"]):
            covered = sums[:, h : h + rows : p["stride_h"], w : w + columns : p["stride_w"]]
            covered[:, : p["in_h"], : p["in_w"]] += np.matmul(x, weights[:, h, w].T, dtype=x.dtype)
    return sums[:, p["pad_top"] :, p["pad_left"] :][:, : p["out_h"], : p["out_w"]]


NAME_INT16 = f"transpose_conv{wide.SUFFIX}"
GEOMETRY = numbers("int32_t", "batches in_h in_w in_c out_h out_w out_c k_h k_w stride_h stride_w pad_top pad_left")
KERNELS = (
    Kernel(
        "transpose_conv",
        CStruct(
            "nn_transpose_conv_t",
            pointers("int32_t", "bias multiplier")
            + pointers("int8_t", "shift")
            + GEOMETRY
            + numbers("int16_t", "input_offset output_offset act_min act_max"),
            "matrix",
        ),
        reference,
        arity=2,
    ),
    Kernel(
        NAME_INT16,
        CStruct(f"nn_{NAME_INT16}_t", wide.CONSTANTS + GEOMETRY + wide.CLAMP, "wide_matrix"),
        reference_int16,
        arity=2,
        types=("int16",),
    ),
)
OPERATOR = Operator(
    "transpose_conv",
    "TRANSPOSE_CONV",
    "TransposeConv",
    "TransposeConvOptions",
    {"Padding": "same", "StrideW": 1, "StrideH": 1, "FusedActivationFunction": "none"},
    lower,
    kernels=("transpose_conv", NAME_INT16),
)
