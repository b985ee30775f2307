"""Convolutions of int16 on ISAs that multiply it by the model's own int8 weights into int32: what comes after their
sums, as firmware/kernels/wide_ends.h wants it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gen.compiler.kernels.common import depthwise_weights, given, is_dense, padded, wrapped
from gen.model.graph import Array
from gen.model.ops import conv_2d_int16
from gen.model.ops.operator import Call, CStruct, numbers, pointers

HEADER = "wide_ends.h"
CONV_2D = CStruct(
    "nn_conv_2d_int16_ends_t",
    pointers("int8_t", "weights")
    + pointers("int32_t", "ends")
    + conv_2d_int16.GEOMETRY
    + numbers("int16_t", "act_min act_max"),
)
LEAST_RIGHT = 16  # bits that products are shifted by, so that multipliers have space to grow until it is a word
CONV_2D_FOURS = CStruct("nn_conv_2d_int16_fours_t", CONV_2D.fields)
LANES = 4
HALF_BITS = 46  # so that the upper bits of a start and of a product are an int32 together
PIXELS = 2  # that are computed together
START_BITS = 62  # so that a start and a product of two int32 are an int64 together


def _scaling(p: Mapping[str, Any]) -> tuple[Array, Array]:
    """(multiplier of 16 bits, shift to the right) of each channel, int64."""
    multiplier = p["multiplier"].astype(np.int64)
    return np.where(multiplier >= 0x7FFF0000, 0x7FFF, (multiplier + (1 << 15)) >> 16), 15 - p["shift"].astype(np.int64)


def ends(p: Mapping[str, Any]) -> Array:
    """channels x 4. A sum's start is its bias times its multiplier, and what rounds it; all is shifted to the left
    where the shift to the right is less than a word."""
    (multiplier, right), bias = _scaling(p), p["bias"].view(np.int64)
    left = np.maximum(32 - right, 0)
    start = (bias * multiplier + (np.int64(1) << (right - 1))) << left
    columns = [start & 0xFFFFFFFF, start >> 32, multiplier << left, right + left - 32]
    words: Array = wrapped(np.stack(columns, 1))
    return words


def ends_of_fours(p: Mapping[str, Any]) -> Array:
    """Fours of channels x 4 x 4."""
    (multiplier, right), bias = _scaling(p), p["bias"].view(np.int64)
    start = bias * multiplier + (np.int64(1) << (right - 1))
    rows = np.stack([multiplier, start >> 16, start & 0xFFFF, 16 - right])
    fours: Array = wrapped(padded(rows, 1, LANES)).reshape(4, -1, LANES).swapaxes(0, 1)
    return fours


def sums_fit(p: Mapping[str, Any], by_channel: Array) -> bool:
    """Whether sums stay in int32, and all after them in int64. by_channel: channels x weights."""
    if not p["wide"]:
        return False
    _, right = _scaling(p)
    highest = np.abs(by_channel.astype(np.int64)).sum(axis=1) << 15
    bias = np.abs(p["bias"].view(np.int64).astype(np.float64))
    starts = (bias * 2.0**15 + 2.0 ** (right - 1)) * 2.0 ** np.maximum(32 - right, 0)
    return bool((highest < 2**31).all() and (right >= LEAST_RIGHT).all() and (starts < 2.0**START_BITS).all())


def upper_parts_fit(p: Mapping[str, Any]) -> bool:
    """Whether starts have an upper part of less than an int32."""
    (multiplier, right), bias = _scaling(p), p["bias"].view(np.int64).astype(np.float64)
    return bool((np.abs(bias) * multiplier + 2.0 ** (right - 1) < 2.0**HALF_BITS).all())


def accepts(call: Call) -> bool:
    p = call.params
    return is_dense(p) and sums_fit(p, p["weights"].reshape(p["out_c"], -1))


def accepts_depthwise(call: Call) -> bool:
    """One output of each channel, which are in fours."""
    p = call.params
    return p["depth_multiplier"] == 1 and p["in_c"] % LANES == 0 and sums_fit(p, depthwise_weights(p))


def pack_fours(call: Call) -> Mapping[str, Any]:
    p = call.params
    return {**given(CONV_2D.fields, p), "ends": ends_of_fours(p).ravel()}


def pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    return {**given(CONV_2D.fields, p), "ends": ends(p).ravel()}


def depth(p: Mapping[str, Any]) -> int:
    """Values of a window."""
    return int(p["k_h"] * p["k_w"] * p["in_c"])
