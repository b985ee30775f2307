"""DEPTHWISE_CONV_2D, ADD, pooling on Cortex-M4, M7 and M33."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gen.compiler.kernels import add_linear
from gen.compiler.kernels.common import (
    GROUP,
    depthwise_in_range,
    depthwise_weights,
    folded_bias,
    is_average_in_fours,
    is_depthwise_in_fours,
    is_plain_depthwise,
    is_pool_in_fours,
    keeps_size,
    multipliers,
)
from gen.compiler.kernels.variant import Variant, in_place_too, own_layout
from gen.model.ops.operator import Call, CStruct, numbers, pointers

DEPTHWISE_FILES = ("dsp/depthwise_conv_2d.c", "dsp/depthwise_3x3.S")
CHANNEL_BYTES, PAIR_BYTES, SLOT_BYTES, MAX_SLOTS = 40, 16, 8, 8  # of depthwise.h and depthwise_conv_2d.c
INT8_TERMS = 9 * 128 * 128  # the most that nine products of an int8 input and a weight come to
SHORT_SHIFT, MAX_UP = 10, 8  # of depthwise_3x3.S; an int8 weight times 2**8 is an int16
DEPTHWISE_PLANES = (
    pointers("int32_t", "channels")
    + pointers("int8_t", "ups")
    + numbers("int32_t", "along[5] across[5] x_bytes y_bytes padding")
    + numbers("uint16_t", "batches out_c stride pairs slots")
    + numbers("int16_t", "output_offset act_min act_max")
)


def depthwise_3x3(call: Call) -> bool:
    """Windows of up to 3x3 with stride 1, or 2 both ways, on channels in fours; padding of at most 1 before the image
    and behind it no more than one element and a pair, which is what the gathering knows."""
    p = call.params
    for size, out, pad in ((p["in_h"], p["out_h"], p["pad_top"]), (p["in_w"], p["out_w"], p["pad_left"])):
        pairs = (-(-out // 2) if p["stride_h"] == 1 else out) + 1
        if pad > 1 or 2 * pairs - pad - size > 3:
            return False
    return max(p["k_h"], p["k_w"]) <= 3 and is_plain_depthwise(p) and is_depthwise_in_fours(p)


def axis(call: Call, name: str, stride: int) -> tuple[int, ...]:
    """nn_depthwise_axis_t of axis "h" or "w"; x_step is that of stride elements."""
    p = call.params
    if name == "h":
        return p["in_h"], p["out_h"], p["pad_top"], p["in_w"] * p["in_c"] * stride, p["out_w"] * p["out_c"]
    return p["in_w"], p["out_w"], p["pad_left"], p["in_c"] * stride, p["out_c"]


def depthwise_capacity(call: Call) -> tuple[int, int]:
    """(pairs, slots) of a channel's plane: whole lines along the longer axis, and as many more slots as there are
    lines of outputs, within reason."""
    across, along = sorted((call.params["out_h"], call.params["out_w"]))
    if call.params["stride_h"] == 1:
        along, across = -(-along // 2), -(-across // 2)
    return along + 1, min(across, MAX_SLOTS)


def depthwise_scratch(call: Call) -> int:
    """Four channels' constants and planes: see depthwise.h."""
    pairs, slots = depthwise_capacity(call)
    return GROUP * (CHANNEL_BYTES + pairs * PAIR_BYTES + slots * SLOT_BYTES)


def depthwise_pack(call: Call) -> Mapping[str, Any]:
    """The fields of nn_depthwise_conv_2d_planes_dsp_t: the longer axis of the output is along, that is fewest calls.

    The short requantization is taken where the clamp is at a zero point of -128, and the sums leave space for what they
    are multiplied with."""
    p, axes = call.params, {name: axis(call, name, 1) for name in "hw"}
    bias, (multiplier, shift) = folded_bias(p, depthwise_weights(p)), multipliers(p, p["out_c"])
    exponent = np.where(multiplier == 0, 1, -shift)
    up = SHORT_SHIFT + 1 - exponent
    clamped = (p["output_offset"], p["act_min"], p["act_max"]) == (-128, -128, 127)
    short = clamped & (up >= 2) & (up <= MAX_UP) & (np.abs(bias) + INT8_TERMS < 2 ** (30 - MAX_UP))
    taps = np.zeros((3, 3, p["out_c"]), np.int8)
    taps[: p["k_h"], : p["k_w"]] = np.reshape(p["weights"], (p["k_h"], p["k_w"], p["out_c"]))
    along, across = "w", "h"
    if p["out_h"] > p["out_w"]:
        along, across, taps = "h", "w", taps.swapaxes(0, 1)
    words = np.zeros((p["out_c"], 5), "<i4")
    words[:, :3] = np.ascontiguousarray(taps[:, [0, 1, 1, 2]].transpose(2, 0, 1)).view("<i4")[..., 0]
    words[:, 3] = (bias << np.where(short, up, 1)).astype(np.int32).view("<i4")
    words[:, 4] = multiplier
    pairs, slots = depthwise_capacity(call)
    return {
        "channels": words, "ups": np.where(short, up, -exponent).astype(np.int8),
        "along": axes[along], "across": axes[across],
        "x_bytes": p["in_h"] * p["in_w"] * p["in_c"], "y_bytes": p["out_h"] * p["out_w"] * p["out_c"],
        "padding": -p["input_offset"], "batches": p["batches"], "out_c": p["out_c"], "stride": p["stride_h"],
        "pairs": pairs, "slots": slots, "output_offset": p["output_offset"], "act_min": p["act_min"],
        "act_max": p["act_max"],
    }  # fmt: skip


# Channels at a time; with fewer outputs in a line gathering is not worth it; a zero point times 2**20 is an int32.
LINE_GROUP, MIN_OUTPUTS, MIN_SHIFT = 8, 3, -20
DEPTHWISE_LINE = (
    pointers("int8_t", "weights")
    + pointers("int32_t", "bias multiplier")
    + pointers("int8_t", "shift")
    + numbers("int32_t", "along[5] across[5] x_bytes y_bytes")
    + numbers("uint16_t", "batches channels taps steps pairs per_channel")
    + numbers("int16_t", "output_offset")
)


def depthwise_line(call: Call) -> bool:
    """Windows of any length along one axis and of 1 along the other, of stride 1, without padding, on channels in
    eights."""
    p = call.params
    along, across = ("h", "w") if p["k_h"] > 1 else ("w", "h")
    if p[f"out_{along}"] < MIN_OUTPUTS:
        return False
    if p["depth_multiplier"] != 1 or p["out_c"] % LINE_GROUP or p[f"k_{across}"] != 1 or p[f"k_{along}"] < 2:
        return False
    if p[f"stride_{along}"] != 1 or p[f"dilation_{along}"] != 1 or p["pad_top"] or p["pad_left"]:
        return False
    if p[f"out_{along}"] != p[f"in_{along}"] - p[f"k_{along}"] + 1 or (p["act_min"], p["act_max"]) != (-128, 127):
        return False
    return depthwise_in_range(p) and bool(np.min(p["shift"]) >= MIN_SHIFT)


def keeps_rows(p: Mapping[str, Any]) -> bool:
    """Where an output's place is that of its window's first input: whole rows above one another."""
    return bool(p["in_w"] == p["out_w"] and p["stride_h"] == 1 and p["batches"] == 1)


def depthwise_line_capacity(call: Call) -> tuple[int, int]:
    """(steps, pairs): of taps, and of inputs as far as the last four outputs read."""
    p = call.params
    taps, out = max(p["k_h"], p["k_w"]), p["out_h"] if p["k_h"] > 1 else p["out_w"]
    steps = taps // 2 + 1
    return steps, 2 * -(-out // 4) + steps - 1


def depthwise_line_scratch(call: Call) -> int:
    return GROUP * PAIR_BYTES * sum(depthwise_line_capacity(call))


def depthwise_line_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    steps, pairs = depthwise_line_capacity(call)
    bias = folded_bias(p, depthwise_weights(p))
    along, across = ("h", "w") if p["k_h"] > 1 else ("w", "h")
    return {
        "weights": p["weights"], "bias": bias.astype(np.int32), "multiplier": p["multiplier"],
        "shift": p["shift"], "along": axis(call, along, 1), "across": axis(call, across, p[f"stride_{across}"]),
        "x_bytes": p["in_h"] * p["in_w"] * p["in_c"], "y_bytes": p["out_h"] * p["out_w"] * p["out_c"],
        "batches": p["batches"], "channels": p["out_c"], "taps": p[f"k_{along}"], "steps": steps, "pairs": pairs,
        "per_channel": p["per_channel"], "output_offset": p["output_offset"],
    }  # fmt: skip


MAX_SOFTMAX_SHIFT = 13  # to the left, of a difference of 17 bits that is doubled

VARIANTS: tuple[Variant, ...] = (
    *in_place_too(
        Variant(
            kernel="depthwise_conv_2d",
            isa="dsp",
            name="depthwise_conv_2d_line_dsp",
            files=("dsp/depthwise_line.c", "dsp/depthwise_line.S", "dsp/depthwise_3x3.S"),
            header="dsp/depthwise.h",
            struct=CStruct("nn_depthwise_conv_2d_line_dsp_t", DEPTHWISE_LINE),
            accepts=depthwise_line,
            pack=depthwise_line_pack,
            scratch_bytes=depthwise_line_scratch,
        ),
        "depthwise_conv_2d_line_in_place_dsp",
        lambda call: keeps_rows(call.params),
    ),
    *in_place_too(
        Variant(
            kernel="depthwise_conv_2d",
            isa="dsp",
            name="depthwise_conv_2d_planes_dsp",
            files=DEPTHWISE_FILES,
            header="dsp/depthwise.h",
            struct=CStruct("nn_depthwise_conv_2d_planes_dsp_t", DEPTHWISE_PLANES),
            accepts=depthwise_3x3,
            pack=depthwise_pack,
            scratch_bytes=depthwise_scratch,
        ),
        "depthwise_conv_2d_in_place_dsp",
        lambda call: keeps_size(call.params),
    ),
    own_layout("depthwise_conv_2d", "dsp", *DEPTHWISE_FILES, header="dsp/depthwise.h", accepts=depthwise_3x3),
    own_layout(
        "depthwise_conv_2d",
        "dsp",
        *("dsp/depthwise_window.c", "dsp/depthwise_window.S"),
        header="dsp/depthwise.h",
        name="depthwise_conv_2d_window_dsp",
        accepts=lambda call: is_depthwise_in_fours(call.params),
    ),
    *add_linear.variants("dsp", "dsp/add_linear.S", "dsp/add.h"),
    own_layout(
        "softmax_int16",
        "dsp",
        "dsp/softmax_int16.c",
        header="dsp/elementwise.h",
        accepts=lambda call: call.params["shift"] <= MAX_SOFTMAX_SHIFT,
        in_place=True,
    ),
    own_layout(
        "average_pool_2d",
        "dsp",
        "dsp/average_pool_2d.c",
        header="dsp/pool.h",
        accepts=lambda call: is_average_in_fours(call.params),
    ),
    own_layout(
        "max_pool_2d",
        "dsp",
        "dsp/max_pool_2d.c",
        header="dsp/pool.h",
        accepts=lambda call: is_pool_in_fours(call.params),
    ),
)
