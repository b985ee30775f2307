"""FULLY_CONNECTED: int8 activations and weights (out_n x in_n), per channel or per tensor, inputs of any rank; and
int16 activations, whose kernel is in conv_2d_int16.py."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops import conv_2d_int16, wide
from gen.model.ops.conv_2d import interpreter_bytes, requantization
from gen.model.ops.interval import Interval, products, requantized
from gen.model.ops.operator import Call, Channels, CStruct, Kernel, Operator, numbers, pointers
from gen.model.ops.quantized import (
    requantize,
    require_int8,
    require_int8_or_int16,
    require_rank,
    require_shape,
    weights_and_bias,
)

OPTIONS = {"FusedActivationFunction": "none", "WeightsFormat": 0, "KeepNumDims": False}


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    biases = ("int64", "int32") if x.dtype == "int16" else ("int32",)
    weights, bias = weights_and_bias(graph, op, biases=biases)
    require_int8_or_int16(op, x, y)
    require_int8(op, weights)
    require_rank(op, 2, weights)
    if op.options["WeightsFormat"] != 0:
        raise UnsupportedOp(f"{op} has shuffled weights: convert the model without weight shuffling.")
    out_n, in_n = weights.shape
    # As TFLM: the last axis of the output counts, all before it is batches, and the input's shape does not matter.
    if (
        not weights.elements
        or x.elements % in_n
        or y.elements != x.elements // in_n * out_n
        or y.shape[-1:] != (out_n,)
    ):
        raise ModelError(
            f"{op} takes {x.shape} with weights {weights.shape} to {y.shape}, which does not fit together: "
            "the model file is damaged or was edited."
        )
    if bias is not None:
        require_shape(op, bias, (out_n,))
    _require_scale(op, x, weights, bias, y)
    pixels, macs = x.elements // in_n, y.elements * in_n
    if x.dtype == "int16":
        params = wide.requantization(op, (x, weights, bias, y), axis=0) | conv_2d_int16.row(pixels, in_n, out_n)
        return Call(op, conv_2d_int16.NAME, params, (x.index,), (y.index,), macs)
    sizes = {"batches": pixels, "in_n": in_n, "out_n": out_n}
    params = requantization(op, (x, weights, bias, y), axis=0) | sizes
    return Call(op, "fully_connected", params, (x.index,), (y.index,), macs)


def _require_scale(op: Op, x: Tensor, weights: Tensor, bias: Tensor | None, y: Tensor) -> None:
    """Raise UnsupportedOp where TFLM refuses a model: per tensor it wants the bias to have the product of the two
    scales as its own (GetQuantizedConvolutionMultipler)."""
    assert weights.quant is not None
    if bias is not None and not weights.quant.per_channel:
        bias_scale = bias.scale if bias.quant is not None else 0.0
        if abs(x.scale * weights.scale - bias_scale) / y.scale > 0.02:
            raise UnsupportedOp(
                f"{op} has a bias of scale {bias_scale:g} where input and weights have {x.scale * weights.scale:g}: "
                "TFLM refuses such a model, convert it again."
            )


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["batches"], p["in_n"]).astype(np.int32) + np.int32(p["input_offset"])
    acc = x @ p["weights"].astype(np.int32).T
    return requantize(acc, p)


def interval(call: Call, x: Interval, y: Tensor) -> Interval:
    p = call.params
    if len(x.low) != p["in_n"]:
        x = Interval(np.full(p["in_n"], x.low.min()), np.full(p["in_n"], x.high.max()))
    weights = p["weights"].astype(np.int64).reshape(p["out_n"], p["in_n"])
    least, most = products(weights, x.low + p["input_offset"], x.high + p["input_offset"], False)
    return requantized(p, least.sum(axis=1), most.sum(axis=1))


def channels(params: Mapping[str, Any]) -> Channels:
    return Channels.MIXED


KERNEL = Kernel(
    "fully_connected",
    CStruct(
        "nn_fully_connected_t",
        pointers("int8_t", "weights")
        + pointers("int32_t", "bias multiplier")
        + pointers("int8_t", "shift")
        + numbers("int32_t", "batches in_n out_n")
        + numbers("int16_t", "input_offset output_offset act_min act_max")
        + numbers("uint16_t", "per_channel"),
    ),
    reference,
    interpreter_bytes=interpreter_bytes,
    channels=channels,
    interval=interval,
)
OPERATOR = Operator(
    "fully_connected",
    "FULLY_CONNECTED",
    "FullyConnected",
    "FullyConnectedOptions",
    OPTIONS,
    lower,
    kernels=("fully_connected", conv_2d_int16.NAME),
    interpreter=("fully_connected",),
    prepared=(conv_2d_int16.NAME,),
    nodes=("matmul", "tensordot"),
)
