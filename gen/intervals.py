"""Interval arithmetic over a quantized graph: what each channel of each activation can be, for every possible input.

Exact bounds of the integer arithmetic, not estimates: requantisation and clamping are monotone, so the bounds of an
accumulator become the bounds of the output. A padded tap of a convolution contributes nothing, so wherever an operator
pads, every tap may be absent.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.fixed_point import INT32_MAX, INT32_MIN, multiply_by_quantized_multiplier
from gen.graph import Array, Graph, Tensor
from gen.ops import lower
from gen.ops.operator import Call


@dataclass(frozen=True, eq=False)
class Interval:
    """int64 bounds, inclusive, one pair for each index of the tensor's last axis."""

    low: Array
    high: Array

    @property
    def constant(self) -> Array:
        """Which channels can take one value only, bool."""
        return np.asarray(self.low == self.high)


def analyse(graph: Graph) -> dict[int, Interval]:
    """The interval of every int8 tensor of the graph, by index; constants have exactly their values' range."""
    constants = (t for t in graph.tensors if t.data is not None and t.dtype == "int8" and t.shape)
    found = {t.index: _of_constant(t) for t in constants if t.obstacle is None}
    for index in graph.inputs:
        found[index] = _anything(graph.tensors[index])
    for op in graph.ops:
        call = lower(graph, op)
        y = graph.tensors[call.output]
        rule = _RULES.get(call.kernel)
        known = [found.get(i, _anything(graph.tensors[i])) for i in call.inputs]
        found[call.output] = rule(call, known[0], y) if rule else _anything(y)
    return found


def padded(params: Mapping[str, Any]) -> bool:
    """Whether a convolution's window ever leaves its input."""
    reach_h = (params["out_h"] - 1) * params["stride_h"] + (params["k_h"] - 1) * params["dilation_h"] + 1
    reach_w = (params["out_w"] - 1) * params["stride_w"] + (params["k_w"] - 1) * params["dilation_w"] + 1
    return bool(
        params["pad_top"]
        or params["pad_left"]
        or reach_h > params["in_h"] + params["pad_top"]
        or reach_w > params["in_w"] + params["pad_left"]
    )


def _anything(tensor: Tensor) -> Interval:
    channels = tensor.shape[-1] if tensor.shape else 1
    return Interval(np.full(channels, -128, np.int64), np.full(channels, 127, np.int64))


def _of_constant(tensor: Tensor) -> Interval:
    assert tensor.data is not None
    flat = tensor.data.reshape(-1, tensor.shape[-1]).astype(np.int64)
    return Interval(flat.min(axis=0), flat.max(axis=0))


def _products(weights: Array, low: Array, high: Array, absent: bool) -> tuple[Array, Array]:
    """Bounds of weights * x for x in [low, high], elementwise; with absent, of that or nothing."""
    a, b = weights * low, weights * high
    least, most = np.minimum(a, b), np.maximum(a, b)
    return (np.minimum(least, 0), np.maximum(most, 0)) if absent else (least, most)


def _requantised(p: Mapping[str, Any], low: Array, high: Array) -> Interval:
    """Output bounds of accumulator bounds; anything the activation allows where an accumulator might wrap."""
    if p["bias"] is not None:
        low, high = low + p["bias"], high + p["bias"]
    headroom = np.int64(1) << np.maximum(np.broadcast_to(np.asarray(p["shift"], np.int64), low.shape), 0)
    safe = (low * headroom >= INT32_MIN) & (high * headroom <= INT32_MAX)
    bounds = []
    for acc, otherwise in ((low, p["act_min"]), (high, p["act_max"])):
        clipped = np.clip(acc, INT32_MIN, INT32_MAX).astype(np.int32)
        scaled = multiply_by_quantized_multiplier(clipped, p["multiplier"], p["shift"]).astype(np.int64)
        out = np.clip(scaled + p["output_offset"], p["act_min"], p["act_max"])
        bounds.append(np.where(safe, out, otherwise))
    return Interval(bounds[0], bounds[1])


def _conv_2d(call: Call, x: Interval, y: Tensor) -> Interval:
    p = call.params
    if p["group_c"] != p["in_c"]:
        return _anything(y)
    weights = p["weights"].astype(np.int64)  # O H W I
    least, most = _products(weights, x.low + p["input_offset"], x.high + p["input_offset"], padded(p))
    return _requantised(p, least.sum(axis=(1, 2, 3)), most.sum(axis=(1, 2, 3)))


def _depthwise(call: Call, x: Interval, y: Tensor) -> Interval:
    p = call.params
    weights = p["weights"].astype(np.int64).reshape(p["k_h"] * p["k_w"], p["out_c"])
    low, high = (np.repeat(b + p["input_offset"], p["depth_multiplier"]) for b in (x.low, x.high))
    least, most = _products(weights, low, high, padded(p))
    return _requantised(p, least.sum(axis=0), most.sum(axis=0))


def _fully_connected(call: Call, x: Interval, y: Tensor) -> Interval:
    p = call.params
    if len(x.low) != p["in_n"]:
        x = Interval(np.full(p["in_n"], x.low.min()), np.full(p["in_n"], x.high.max()))
    weights = p["weights"].astype(np.int64).reshape(p["out_n"], p["in_n"])
    least, most = _products(weights, x.low + p["input_offset"], x.high + p["input_offset"], False)
    return _requantised(p, least.sum(axis=1), most.sum(axis=1))


def _pool(call: Call, x: Interval, y: Tensor) -> Interval:
    low, high = call.params["act_min"], call.params["act_max"]
    return Interval(np.clip(x.low, low, high), np.clip(x.high, low, high))


def _reshape(call: Call, x: Interval, y: Tensor) -> Interval:
    channels = y.shape[-1] if y.shape else 1
    if channels % len(x.low) == 0:  # whole positions move into the last axis: each keeps its channel's interval
        return Interval(np.tile(x.low, channels // len(x.low)), np.tile(x.high, channels // len(x.low)))
    return Interval(np.full(channels, x.low.min()), np.full(channels, x.high.max()))


_RULES: dict[str, Callable[[Call, Interval, Tensor], Interval]] = {
    "conv_2d": _conv_2d,
    "depthwise_conv_2d": _depthwise,
    "fully_connected": _fully_connected,
    "average_pool_2d": _pool,
    "max_pool_2d": _pool,
    "reshape": _reshape,
}
