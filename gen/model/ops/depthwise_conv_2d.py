"""DEPTHWISE_CONV_2D: int8 activations and weights (1 x k_h x k_w x out_c), any depth multiplier, dilated."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.conv_2d import OPTIONS as CONV_2D_OPTIONS
from gen.model.ops.conv_2d import convolution_params, interpreter_bytes, rows, taps
from gen.model.ops.interval import Interval, padded, products, requantized
from gen.model.ops.operator import Call, Channels, CStruct, Kernel, Operator, numbers, pointers
from gen.model.ops.quantized import requantize, require_int8, require_rank, weights_and_bias

OPTIONS = CONV_2D_OPTIONS | {"DepthMultiplier": 1}


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    weights, _ = weights_and_bias(graph, op)
    require_int8(op, x, y, weights)
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
    params = convolution_params(graph, op, k_h, k_w, axis=3) | {"depth_multiplier": out_c // in_c}
    return Call(op, "depthwise_conv_2d", params, (x.index,), (y.index,), y.elements * k_h * k_w)


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
    interpreter=("depthwise_conv_2d", "convolution"),
    takes_padding=True,
    nodes=("depthwise",),
)
