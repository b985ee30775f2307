"""AVERAGE_POOL_2D in int8 and int16; and what it shares with MAX_POOL_2D."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.interval import Interval
from gen.model.ops.operator import Call, Channels, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import fused_activation, require_int8_or_int16, require_rank, require_shape, window_padding
from gen.model.ops.taps import taps

OPTIONS = {
    "Padding": "same",
    "StrideW": 1,
    "StrideH": 1,
    "FilterWidth": 1,
    "FilterHeight": 1,
    "FusedActivationFunction": "none",
}
FIELDS = numbers("int16_t", "act_min act_max") + numbers(
    "uint16_t", "batches in_h in_w channels out_h out_w k_h k_w stride_h stride_w pad_top pad_left"
)
STRUCT = CStruct("nn_pool_2d_t", FIELDS)
STRUCT_INT16 = CStruct("nn_pool_2d_t", FIELDS, "elementwise_int16")
MAX_WINDOW = 65535  # as many int16 have a sum in int32


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_int8_or_int16(op, x, y)
    require_rank(op, 4, x, y)
    # TFLM does not requantize here; it tolerates scales that differ by rounding only.
    if abs(x.scale - y.scale) > 1e-6 or x.zero_point != y.zero_point:
        raise UnsupportedOp(
            f"{op} has other scales or zero points before and after: TFLM refuses such a model, convert it again."
        )
    batches, in_h, in_w, channels = x.shape
    k_h, k_w = op.options["FilterHeight"], op.options["FilterWidth"]
    stride_h, stride_w = op.options["StrideH"], op.options["StrideW"]
    out_h, pad_top = window_padding(op, in_h, k_h, stride_h, 1, axis=0)
    out_w, pad_left = window_padding(op, in_w, k_w, stride_w, 1, axis=1)
    require_shape(op, y, (batches, out_h, out_w, channels))
    if x.dtype == "int16" and min(k_h, in_h) * min(k_w, in_w) > MAX_WINDOW:
        raise UnsupportedOp(f"{op} has a window of {k_h} x {k_w}, more than {MAX_WINDOW}: pool in two steps.")
    act_min, act_max = fused_activation(op, y)
    params = {
        "act_min": act_min, "act_max": act_max, "batches": batches, "in_h": in_h, "in_w": in_w, "channels": channels,
        "out_h": out_h, "out_w": out_w, "k_h": k_h, "k_w": k_w, "stride_h": stride_h, "stride_w": stride_w,
        "pad_top": pad_top, "pad_left": pad_left,
    }  # fmt: skip
    return Call(op, op.kind if x.dtype == "int8" else f"{op.kind}_int16", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].astype(np.int32)
    total = sum(tap for _, _, tap in taps(p, x))
    count = sum(tap for _, _, tap in taps(p, np.ones((1, p["in_h"], p["in_w"], 1), np.int32)))
    # Half away from zero, by the truncating division of C.
    mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
    clamped: Array = np.clip(mean, p["act_min"], p["act_max"]).astype(inputs[0].dtype)
    return clamped


def interval(call: Call, x: Interval, y: Tensor) -> Interval:
    low, high = call.params["act_min"], call.params["act_max"]
    return Interval(np.clip(x.low, low, high), np.clip(x.high, low, high))


def channels(params: Mapping[str, Any]) -> Channels:
    return Channels.KEPT


KERNELS = (
    Kernel("average_pool_2d", STRUCT, reference, channels=channels, interval=interval),
    Kernel("average_pool_2d_int16", STRUCT_INT16, reference, types=("int16",)),
)
OPERATOR = Operator(
    "average_pool_2d",
    "AVERAGE_POOL_2D",
    "AveragePool2D",
    "Pool2DOptions",
    OPTIONS,
    lower,
    kernels=tuple(kernel.name for kernel in KERNELS),
    interpreter=("average_pool_2d", "pool_2d"),
    prepared=(KERNELS[1].name,),
    nodes=("avgpool",),
)
