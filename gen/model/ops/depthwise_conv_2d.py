"""DEPTHWISE_CONV_2D: int8 activations and weights (1 x k_h x k_w x out_c), any depth multiplier, dilated; and int16
activations, whose kernel is in depthwise_conv_2d_int16.py."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops import depthwise_conv_2d_int16
from gen.model.ops.conv_2d import OPTIONS as CONV_2D_OPTIONS
from gen.model.ops.conv_2d import convolution_params, interpreter_bytes, rows
from gen.model.ops.interval import Interval, padded, products, requantized
from gen.model.ops.operator import Call, Channels, CStruct, Kernel, Operator, numbers, pointers
from gen.model.ops.quantized import (
    requantize,
    require_int8,
    require_int8_or_int16,
    require_rank,
    weights_and_bias,
)
from gen.model.ops.taps import taps

OPTIONS = CONV_2D_OPTIONS | {"DepthMultiplier": 1}


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    weights, bias = weights_and_bias(graph, op, biases=("int64",) if x.dtype == "int16" else ("int32",))
    require_int8_or_int16(op, x, y)
    require_int8(op, weights)
    require_rank(op, 4, x, y, weights)
    one, k_h, k_w, out_c = weights.shape
    in_c, declared = x.shape[3], op.options["DepthMultiplier"]
    if declared == 0:
        raise UnsupportedOp(f"{op} has depth multiplier 0, with which TFLM computes nothing: convert the model again.")
    if one != 1 or not in_c or out_c % in_c or declared != out_c // in_c:
        raise UnsupportedOp(
            f"{op} has {in_c} input channels, weights of shape {weights.shape} and depth multiplier {declared}, "
            "which do not belong together: convert the model again."
        )
    params = convolution_params(op, (x, weights, bias, y), k_h, k_w, axis=3) | {"depth_multiplier": out_c // in_c}
    kernel = "depthwise_conv_2d" if x.dtype == "int8" else depthwise_conv_2d_int16.NAME
    return Call(op, kernel, params, (x.index,), (y.index,), y.elements * k_h * k_w)


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].astype(np.int32) + np.int32(p["input_offset"])
    weights = p["weights"].astype(np.int32).reshape(p["k_h"], p["k_w"], p["out_c"])
    acc = np.zeros((p["batches"], p["out_h"], p["out_w"], p["out_c"]), np.int32)
    for i, j, tap in taps(p, x):
        acc += np.repeat(tap, p["depth_multiplier"], axis=3) * weights[i, j]
    return requantize(acc, p)


def interval(call: Call, x: Interval, y: Tensor) -> Interval:
    p = call.params
    weights = p["weights"].astype(np.int64).reshape(p["k_h"] * p["k_w"], p["out_c"])
    low, high = (np.repeat(b + p["input_offset"], p["depth_multiplier"]) for b in (x.low, x.high))
    least, most = products(weights, low, high, padded(p))
    return requantized(p, least.sum(axis=0), most.sum(axis=0))


def channels(params: Mapping[str, Any]) -> Channels | None:
    return Channels.KEPT if params["depth_multiplier"] == 1 else None


KERNEL = Kernel(
    "depthwise_conv_2d",
    CStruct(
        "nn_depthwise_conv_2d_t",
        pointers("int8_t", "weights")
        + pointers("int32_t", "bias multiplier")
        + pointers("int8_t", "shift")
        + numbers("int16_t", "input_offset output_offset act_min act_max")
        + numbers("uint16_t", "batches in_h in_w in_c out_h out_w out_c k_h k_w depth_multiplier stride_h stride_w")
        + numbers("uint16_t", "dilation_h dilation_w pad_top pad_left per_channel"),
    ),
    reference,
    interpreter_bytes=interpreter_bytes,
    channels=channels,
    interval=interval,
    rows=rows,
    ends_bands=True,
)
OPERATOR = Operator(
    "depthwise_conv_2d",
    "DEPTHWISE_CONV_2D",
    "DepthwiseConv2D",
    "DepthwiseConv2DOptions",
    OPTIONS,
    lower,
    kernels=("depthwise_conv_2d", depthwise_conv_2d_int16.NAME),
    interpreter=("depthwise_conv_2d", "convolution"),
    prepared=(depthwise_conv_2d_int16.NAME,),
    takes_padding=True,
    nodes=("depthwise",),
)
