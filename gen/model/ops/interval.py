"""Bounds of what a tensor can hold, channel by channel, and what operators' rules for them share.

Exact bounds of the integer arithmetic, not estimates: requantization and clamping are monotone, so the bounds of an
accumulator become the bounds of the output. A padded tap of a convolution contributes nothing, so wherever an operator
pads, every tap may be absent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.model.fixed_point import INT32_MAX, INT32_MIN, multiply_by_quantized_multiplier
from gen.model.graph import DTYPES, Array, Tensor


@dataclass(frozen=True, eq=False)
class Interval:
    """int64 bounds, inclusive, one pair for each index of the tensor's last axis."""

    low: Array
    high: Array

    @property
    def constant(self) -> Array:
        """Which channels can take one value only, bool."""
        return np.asarray(self.low == self.high)


def padded(params: Mapping[str, Any]) -> bool:
    """Whether a window ever leaves its input; FULLY_CONNECTED has none."""
    if "k_h" not in params:
        return False
    reach_h = (params["out_h"] - 1) * params["stride_h"] + (params["k_h"] - 1) * params["dilation_h"] + 1
    reach_w = (params["out_w"] - 1) * params["stride_w"] + (params["k_w"] - 1) * params["dilation_w"] + 1
    return bool(
        params["pad_top"]
        or params["pad_left"]
        or reach_h > params["in_h"] + params["pad_top"]
        or reach_w > params["in_w"] + params["pad_left"]
    )


def anything(tensor: Tensor) -> Interval:
    """Of a tensor that is no integer, where no rule asks, as of int8."""
    channels, dtype = tensor.shape[-1] if tensor.shape else 1, DTYPES[tensor.dtype]
    limits = np.iinfo(dtype if dtype.kind == "i" else np.int8)
    return Interval(np.full(channels, limits.min, np.int64), np.full(channels, limits.max, np.int64))


def products(weights: Array, low: Array, high: Array, absent: bool) -> tuple[Array, Array]:
    """Bounds of weights * x for x in [low, high], elementwise; with absent, of that or nothing."""
    a, b = weights * low, weights * high
    least, most = np.minimum(a, b), np.maximum(a, b)
    return (np.minimum(least, 0), np.maximum(most, 0)) if absent else (least, most)


def requantized(p: Mapping[str, Any], low: Array, high: Array) -> Interval:
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
