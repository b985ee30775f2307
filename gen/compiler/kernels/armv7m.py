"""Variants for Cortex-M3: Thumb-2 without the DSP extension.

Convolutions multiply two pixels at once, fully connected layers share each input among eight outputs, depthwise ones
work on one channel's plane: see firmware/kernels/armv7m/. The ranges that this relies on are proved here from the
weights, over every possible input.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gen.compiler.arena import aligned
from gen.compiler.kernels import add_linear, columns
from gen.compiler.kernels.channels import Channels
from gen.compiler.kernels.common import (
    as_words,
    given,
    has_negatives,
    is_dense,
    is_plain_depthwise,
    padded,
    reads_ahead,
    rows_are_inside,
)
from gen.compiler.kernels.variant import Variant, in_place_too
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct, numbers, pointers

BIAS_BITS = 23  # a bias and a shift share a word
SHIFT = 14  # of the requantization in gemm_lanes.S
LANE = 255  # the most that the absolute values of two weights come to: times -128 it is an int16
MIN_PIXELS, MIN_OUTPUTS = 3, 6  # of an image in conv_2d and depthwise_conv_2d, so that packing is worth while
PAIR_BYTES = 24  # of block.h
TAPS, OUTPUTS = 3, 4  # of depthwise_conv_2d.c


def headers(c: Channels) -> Array:
    """out_c x 2 words: the bias and how far sums are shifted up, the multiplier."""
    return np.stack([c.bias * 256 + SHIFT - c.e + 2, c.multiplier], 1).astype(np.int32)


def fit(c: Channels) -> bool:
    """Shifts to the right, not too far, and no sum that leaves an int32 when it is shifted up."""
    shifts = (c.e >= 1) & (c.e <= SHIFT)
    small = c.magnitude < 1 << (29 - SHIFT + np.clip(c.e, 1, SHIFT))
    return bool((shifts & small & (np.abs(c.bias) < 1 << BIAS_BITS)).all())


def common(p: Mapping[str, Any], struct: CStruct) -> dict[str, Any]:
    """The fields of a struct that are parameters, or made from the zero points."""
    return given(struct.fields, p) | {
        "pad_value": -p["input_offset"],
        "rounding": 2 * p["output_offset"] + 1,
        "signed_outputs": int(has_negatives(p)),
    }


# CONV_2D

CONV_2D_LANES = CStruct(
    "nn_conv_2d_lanes_armv7m_t",
    pointers("int32_t", "stream")
    + numbers("int16_t", "pad_value act_min act_max rounding")
    + numbers("uint16_t", "batches in_h in_w in_c out_h out_w out_c k_h k_w")
    + numbers("uint16_t", "stride_h stride_w dilation_h dilation_w pad_top pad_left signed_outputs"),
)


def conv_channels(p: Mapping[str, Any]) -> Channels:
    """Each row of the window padded to pairs of taps."""
    return Channels.of(p, padded(p["weights"].reshape(p["out_c"], p["k_h"], -1), 2, 2))


def conv_accepts(call: Call) -> bool:
    p = call.params
    if not is_dense(p) or p["out_h"] * p["out_w"] < MIN_PIXELS:
        return False
    c = conv_channels(p)
    pairs = np.abs(c.weights).reshape(len(c.weights), -1, 2).sum(2)
    return bool(fit(c) and pairs.max() <= LANE)


def conv_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    c = conv_channels(p)
    weights = as_words(padded(c.weights, 1, 4))
    return common(p, CONV_2D_LANES) | {"stream": np.concatenate([headers(c), weights], 1).ravel()}


def conv_scratch_bytes(call: Call) -> int:
    """Six columns, two taps of two pixels in 8 bytes, and two rows of windows where one may have to be gathered."""
    p = call.params
    taps = p["k_w"] * p["in_c"]
    return aligned(p["k_h"] * -(-taps // 2) * PAIR_BYTES + (0 if rows_are_inside(p) else 2 * taps))


# DEPTHWISE_CONV_2D

DEPTHWISE_PLANE = CStruct(
    "nn_depthwise_conv_2d_plane_armv7m_t",
    pointers("int8_t", "weights")
    + pointers("int32_t", "channels")
    + numbers("int16_t", "pad_value act_min act_max rounding")
    + numbers("uint16_t", "batches in_h in_w in_c out_h out_w k_h k_w stride pad_top pad_left signed_outputs"),
)


def depthwise_channels(p: Mapping[str, Any]) -> Channels:
    return Channels.of(p, p["weights"].reshape(-1, p["out_c"]).T)


def depthwise_accepts(call: Call) -> bool:
    """In place, so at most as many outputs as inputs: all that SAME and VALID padding make."""
    p = call.params
    if not MIN_OUTPUTS <= p["out_h"] * p["out_w"] <= p["in_h"] * p["in_w"]:
        return False
    return is_plain_depthwise(p) and fit(depthwise_channels(p))


def depthwise_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    c = depthwise_channels(p)
    constants = {"weights": c.weights.astype(np.int8).ravel(), "channels": headers(c).ravel(), "stride": p["stride_h"]}
    return common(p, DEPTHWISE_PLANE) | constants


def depthwise_scratch_bytes(call: Call) -> int:
    """Four words, four for each three taps along the longer axis, and the padded plane of one channel."""
    p = call.params
    stride = p["stride_h"]
    rows, columns = (p["out_h"], p["k_h"]), (p["out_w"], p["k_w"])
    (along, taps), (across, lines) = (rows, columns) if p["out_h"] > p["out_w"] else (columns, rows)
    threes = -(-taps // TAPS)
    pitch = (-(-along // OUTPUTS) * OUTPUTS - 1) * stride + threes * TAPS
    return aligned(16 + 16 * threes * lines + pitch * ((across - 1) * stride + lines))


VARIANTS: tuple[Variant, ...] = (
    *in_place_too(
        Variant(
            kernel="conv_2d",
            isa="armv7m",
            name="conv_2d_lanes_armv7m",
            files=("armv7m/conv_2d_lanes.c", "armv7m/gemm_lanes.S"),
            header="armv7m/kernels.h",
            struct=CONV_2D_LANES,
            accepts=conv_accepts,
            pack=conv_pack,
            scratch_bytes=conv_scratch_bytes,
        ),
        "conv_2d_in_place_armv7m",
        lambda call: reads_ahead(call.params),
    ),
    Variant(
        kernel="depthwise_conv_2d",
        isa="armv7m",
        name="depthwise_conv_2d_plane_armv7m",
        files=("armv7m/depthwise_conv_2d.c", "armv7m/depthwise_plane.S"),
        header="armv7m/kernels.h",
        struct=DEPTHWISE_PLANE,
        accepts=depthwise_accepts,
        pack=depthwise_pack,
        scratch_bytes=depthwise_scratch_bytes,
        in_place=True,
    ),
    Variant(
        kernel="fully_connected",
        isa="armv7m",
        name="fully_connected_columns_armv7m",
        files=("armv7m/fully_connected_columns.c", "armv7m/fully_connected_columns.S"),
        header="armv7m/kernels.h",
        struct=KERNELS["fully_connected"].struct,
        pack=columns.pack,
    ),
    *add_linear.variants("armv7m", "armv7m/add_linear.c", "armv7m/kernels.h"),
)
