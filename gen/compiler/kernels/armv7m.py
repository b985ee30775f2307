"""Variants for Cortex-M3: Thumb-2 without the DSP extension.

Convolutions multiply two pixels at once, fully connected layers share each input among eight outputs, depthwise ones
work on one channel's plane: see firmware/kernels/armv7m/. The ranges that this relies on are proved here from the
weights, over every possible input.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gen.compiler.kernels.dsp import spatial
from gen.compiler.kernels.dsp.byte_pairs import Channels
from gen.compiler.kernels.variant import Variant
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct, numbers, pointers

BIAS_BITS = 23  # a bias and a shift share a word
SHIFT = 14  # of the requantisation in gemm_lanes.S
LANE = 255  # the most that the absolute values of two weights come to: times -128 it is an int16
LEAST_PIXELS, LEAST_OUTPUTS = 3, 6  # of an image in conv_2d and depthwise_conv_2d, so that packing is worth while
PAIR_BYTES = 24  # of block.h
DOT_OUTPUTS, TAPS, OUTPUTS = 8, 3, 4  # of block.h and depthwise_conv_2d.c


def aligned(size: int) -> int:
    return -(-size // 16) * 16


def padded(x: Array, axis: int, multiple: int) -> Array:
    """Zeros after the end of one axis, up to a multiple."""
    widths = [(0, 0)] * x.ndim
    widths[axis] = (0, -x.shape[axis] % multiple)
    return np.pad(x, widths)


def headers(c: Channels) -> Array:
    """out_c x 2 words: the bias and how far sums are shifted up, the multiplier."""
    return np.stack([c.bias * 256 + SHIFT - c.e + 2, c.multiplier], 1).astype(np.int32)


def fit(c: Channels) -> bool:
    """Shifts to the right, not too far, and no sum that leaves an int32 when it is shifted up."""
    most = np.abs(c.weights).sum(1) * 128 + np.abs(c.bias)  # of a sum, as an absolute value
    shifts = (c.e >= 1) & (c.e <= SHIFT)
    room = most < 1 << (29 - SHIFT + np.clip(c.e, 1, SHIFT))
    return bool((shifts & room & (np.abs(c.bias) < 1 << BIAS_BITS)).all())


def common(p: Mapping[str, Any], struct: CStruct) -> dict[str, Any]:
    """The fields of a struct that are parameters, or made from the zero points."""
    return {field.name: p[field.name] for field in struct.fields if field.name in p} | {
        "pad_value": -p["input_offset"],
        "rounding": 2 * p["output_offset"] + 1,
        "signed_outputs": int(p["act_min"] != p["output_offset"]),
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
    if p["group_c"] != p["in_c"] or p["out_h"] * p["out_w"] < LEAST_PIXELS:
        return False
    c = conv_channels(p)
    pairs = np.abs(c.weights).reshape(len(c.weights), -1, 2).sum(2)
    return bool(fit(c) and pairs.max() <= LANE)


def conv_in_place(call: Call) -> bool:
    p = call.params
    sizes = ("k_h", "k_w", "stride_h", "stride_w")
    return all(p[name] == 1 for name in sizes) and p["out_c"] <= p["in_c"] and conv_accepts(call)


def conv_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    c = conv_channels(p)
    weights = np.ascontiguousarray(padded(c.weights, 1, 4).astype(np.int8)).view(np.int32)
    return common(p, CONV_2D_LANES) | {"stream": np.concatenate([headers(c), weights], 1).ravel()}


def conv_scratch_bytes(call: Call) -> int:
    """Six columns, two taps of two pixels in 8 bytes, and two rows of windows where one may have to be gathered."""
    p = call.params
    taps = p["k_w"] * p["in_c"]
    whole = p["dilation_w"] == 1 and all(
        p[pad] == 0 and (p[out] - 1) * p[stride] + (p[k] - 1) * p[dilation] < p[size]
        for pad, out, stride, k, dilation, size in (
            ("pad_top", "out_h", "stride_h", "k_h", "dilation_h", "in_h"),
            ("pad_left", "out_w", "stride_w", "k_w", "dilation_w", "in_w"),
        )
    )
    return aligned(p["k_h"] * -(-taps // 2) * PAIR_BYTES + (0 if whole else 2 * taps))


def convolution(name: str, accepts: Callable[[Call], bool], in_place: bool) -> Variant:
    return Variant(
        kernel="conv_2d",
        isa="armv7m",
        name=f"conv_2d_{name}_armv7m",
        files=("armv7m/conv_2d_lanes.c", "armv7m/gemm_lanes.S"),
        header="armv7m/kernels.h",
        struct=CStruct(f"nn_conv_2d_{name}_armv7m_t", CONV_2D_LANES.fields),
        accepts=accepts,
        pack=conv_pack,
        scratch_bytes=conv_scratch_bytes,
        in_place=in_place,
    )


# FULLY_CONNECTED


def fc_pack(call: Call) -> Mapping[str, Any]:
    """Weights in columns of eight outputs; the input offset goes into the bias, modulo 2**32 as the sum does."""
    p = call.params
    weights = p["weights"].reshape(p["out_n"], p["in_n"])
    bias = weights.astype(np.int64).sum(1) * p["input_offset"] + (0 if p["bias"] is None else p["bias"])
    columns = padded(weights, 0, DOT_OUTPUTS).reshape(-1, DOT_OUTPUTS, p["in_n"]).swapaxes(1, 2)
    return {**p, "weights": columns.ravel(), "bias": bias.astype(np.uint32).view(np.int32), "input_offset": 0}


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
    strides, dilations = (p["stride_h"], p["stride_w"]), (p["dilation_h"], p["dilation_w"])
    if not LEAST_OUTPUTS <= p["out_h"] * p["out_w"] <= p["in_h"] * p["in_w"]:
        return False
    simple = p["depth_multiplier"] == 1 and strides in ((1, 1), (2, 2)) and dilations == (1, 1)
    return simple and fit(depthwise_channels(p))


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
    convolution("in_place", conv_in_place, True),
    convolution("lanes", conv_accepts, False),
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
        pack=fc_pack,
    ),
    Variant(
        kernel="add",
        isa="armv7m",
        name="add_linear_armv7m",
        files=("armv7m/add_linear.c",),
        header="armv7m/kernels.h",
        struct=CStruct("nn_add_linear_armv7m_t", spatial.ADD_LINEAR.fields),
        accepts=lambda call: spatial.add_linear(call) is not None,
        pack=spatial.add_pack,
        in_place=True,
    ),
)
