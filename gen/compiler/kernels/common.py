"""What the variants of every instruction set read out of a call's parameters, and how they lay constants out.

p is a call's params (gen/model/ops/operator.py); weights are arrays with the output channels first.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gen.model.graph import Array
from gen.model.ops.operator import Field

AXES = ("h", "w")
PADS = {"h": "pad_top", "w": "pad_left"}
GROUP = 4  # channels that are computed together


def padded(x: Array, axis: int, multiple: int) -> Array:
    """Zeros after the end of one axis, up to a multiple."""
    widths = [(0, 0)] * x.ndim
    widths[axis] = (0, -x.shape[axis] % multiple)
    return np.pad(x, widths)


def wrapped(values: Any) -> Array:
    """int32 of integers modulo 2**32."""
    words: Array = (np.asarray(values).astype(np.int64) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    return words


def as_words(values: Array) -> Array:
    """int8 of a multiple of four on the last axis -> int32, the first of four in the lowest byte."""
    words: Array = np.ascontiguousarray(values.astype(np.int8)).view("<i4")
    return words


def given(fields: Iterable[Field], p: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a struct that are parameters of the call, under the same names."""
    return {field.name: p[field.name] for field in fields if field.name in p}


def folded_bias(p: Mapping[str, Any], weights: Array) -> Array:
    """channels: int64 bias of the sums of raw inputs, the input offset folded in; weights: channels x depth."""
    bias: Array = weights.astype(np.int64).sum(1) * p["input_offset"] + (0 if p["bias"] is None else p["bias"])
    return bias


def multipliers(p: Mapping[str, Any], channels: int) -> tuple[Array, Array]:
    """(multiplier, shift) of each channel, int64."""
    multiplier, shift = (np.broadcast_to(p[name], channels).astype(np.int64) for name in ("multiplier", "shift"))
    return multiplier, shift


def products(weights: Array) -> tuple[Array, Array]:
    """The least and the greatest product of each weight with an int8 input; weights are int64."""
    return np.minimum(weights * -128, weights * 127), np.maximum(weights * -128, weights * 127)


def has_negatives(p: Mapping[str, Any]) -> bool:
    """Whether outputs below the zero point are told apart, where TFLite's rounding has its ties elsewhere."""
    return bool(p["act_min"] != p["output_offset"])


def output_steps(p: Mapping[str, Any]) -> tuple[int, int]:
    """Bytes from one output pixel to the next, and from one row to the next."""
    return p.get("y_pixel", p["out_c"]), p.get("y_row", p["out_w"] * p["out_c"])


def is_dense(p: Mapping[str, Any]) -> bool:
    """Whether a CONV_2D has one group."""
    return bool(p["group_c"] == p["in_c"])


def is_pointwise(p: Mapping[str, Any]) -> bool:
    """Whether every output pixel is made from the input pixel of its number, one after the other."""
    return "y_pixel" not in p and all(p[name] == 1 for name in ("k_h", "k_w", "stride_h", "stride_w"))


def reads_ahead(p: Mapping[str, Any]) -> bool:
    """Whether a CONV_2D that reads a block of pixels before it writes theirs may have its output on its input."""
    return is_pointwise(p) and bool(p["out_c"] <= p["in_c"])


def one_row(p: Mapping[str, Any]) -> dict[str, int]:
    """Sizes that make all images of a pointwise CONV_2D one long row; {} where that is too long or it is not one."""
    pixels = p["batches"] * p["in_h"] * p["in_w"]
    if not is_pointwise(p) or pixels >= 1 << 16:
        return {}
    return {"batches": 1, "in_h": 1, "out_h": 1, "in_w": pixels, "out_w": pixels}


def are_inside(p: Mapping[str, Any]) -> bool:
    """Whether all windows of a convolution or a pool lie wholly on the input."""
    return all(
        p[PADS[axis]] == 0
        and (p[f"out_{axis}"] - 1) * p[f"stride_{axis}"] + (p[f"k_{axis}"] - 1) * p.get(f"dilation_{axis}", 1)
        < p[f"in_{axis}"]
        for axis in AXES
    )


def rows_are_inside(p: Mapping[str, Any]) -> bool:
    """Whether each row of every window is one stretch of the input."""
    return bool(p["dilation_w"] == 1) and are_inside(p)


def is_plain_depthwise(p: Mapping[str, Any]) -> bool:
    """A multiplier of 1, the same stride of 1 or 2 both ways, no dilation."""
    strides, dilations = (p["stride_h"], p["stride_w"]), (p["dilation_h"], p["dilation_w"])
    return p["depth_multiplier"] == 1 and strides in ((1, 1), (2, 2)) and dilations == (1, 1)


def keeps_size(p: Mapping[str, Any]) -> bool:
    """Whether every output of a convolution has its place where its window is on the input."""
    unit = p["stride_h"] == p["stride_w"] == 1
    return bool(unit and (p["in_h"], p["in_w"]) == (p["out_h"], p["out_w"]))


def depthwise_weights(p: Mapping[str, Any]) -> Array:
    """channels x taps, of a DEPTHWISE_CONV_2D."""
    rows: Array = p["weights"].reshape(-1, p["out_c"]).T
    return rows


def depthwise_in_range(p: Mapping[str, Any]) -> bool:
    """Whether all multipliers shift right, and all sums stay below 2**29: then twice a sum fits an int32, and so does
    everything after it."""
    multiplier, shift = multipliers(p, p["out_c"])
    weights = np.abs(depthwise_weights(p).astype(np.int64)).sum(1)
    bias = 0 if p["bias"] is None else np.abs(p["bias"].astype(np.int64))
    right = ((shift < 0) & (shift >= -30)) | (multiplier == 0)
    return bool(right.all() and (weights * 256 + bias).max() < 2**29)


def is_depthwise_in_fours(p: Mapping[str, Any]) -> bool:
    """Any window on channels in fours, one output each, with sums in range."""
    return p["depth_multiplier"] == 1 and p["out_c"] % GROUP == 0 and depthwise_in_range(p)


def is_pool_in_fours(p: Mapping[str, Any]) -> bool:
    """Channels in fours, windows wholly on the input."""
    return bool(p["channels"] % GROUP == 0) and are_inside(p)


def is_average_in_fours(p: Mapping[str, Any]) -> bool:
    """Such a pool of at most 256 elements: a sum of so many int8 is an int16."""
    return is_pool_in_fours(p) and bool(p["k_h"] * p["k_w"] <= 256)
