"""DEPTHWISE_CONV_2D, ADD, pooling on Cortex-M4, M7 and M33."""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from gen.compiler.kernels.variant import Variant
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct, numbers, pointers

LINE_FILES = ("dsp/depthwise_line.c", "dsp/depthwise_line.S", "dsp/depthwise_3x3.S")
DEPTHWISE_FILES = ("dsp/depthwise_conv_2d.c", "dsp/depthwise_3x3.S")
GROUP, CHANNEL_BYTES, PAIR_BYTES, SLOT_BYTES, MOST_SLOTS = 4, 40, 16, 8, 8  # of depthwise.h and depthwise_conv_2d.c
INT8_TERMS = 9 * 128 * 128  # the most that nine products of an int8 input and a weight come to
SHORT_SHIFT, MOST_UP = 10, 8  # of depthwise_3x3.S; an int8 weight times 2**8 is an int16
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
    if p["depth_multiplier"] != 1 or p["out_c"] % GROUP or max(p["k_h"], p["k_w"]) > 3:
        return False
    if (p["stride_h"], p["stride_w"]) not in ((1, 1), (2, 2)) or (p["dilation_h"], p["dilation_w"]) != (1, 1):
        return False
    return depthwise_in_range(call)


def depthwise_in_range(call: Call) -> bool:
    """Whether all multipliers shift right, and all sums stay below 2**29: then twice a sum fits an int32, and so does
    everything after it."""
    p = call.params
    _, multiplier, shift = depthwise_channels(call)
    weights = np.abs(np.reshape(p["weights"], (-1, p["out_c"])).astype(np.int64)).sum(axis=0)
    bias = 0 if p["bias"] is None else np.abs(np.asarray(p["bias"], np.int64))
    right = ((shift < 0) & (shift >= -30)) | (multiplier == 0)
    return bool(right.all() and (weights * 256 + bias).max() < 2**29)


def depthwise_channels(call: Call) -> tuple[Array, Array, Array]:
    """Of each channel: bias with the input's offset in it, multiplier, shift (int64)."""
    p = call.params
    weights = np.asarray(p["weights"], np.int64).reshape(-1, p["out_c"])
    bias = weights.sum(axis=0) * p["input_offset"] + (0 if p["bias"] is None else p["bias"])
    multiplier, shift = (np.broadcast_to(np.asarray(p[key], np.int64), p["out_c"]) for key in ("multiplier", "shift"))
    return bias, multiplier, shift


def depthwise_in_place(call: Call) -> bool:
    p = call.params
    return depthwise_3x3(call) and (p["in_h"], p["in_w"]) == (p["out_h"], p["out_w"]) and p["stride_h"] == 1


def axis(call: Call, name: str, stride: int) -> tuple[int, ...]:
    """nn_depthwise_axis_t of axis "h" or "w"; x_step is that of stride elements."""
    p = call.params
    if name == "h":
        return p["in_h"], p["out_h"], p["pad_top"], p["in_w"] * p["in_c"] * stride, p["out_w"] * p["out_c"]
    return p["in_w"], p["out_w"], p["pad_left"], p["in_c"] * stride, p["out_c"]


def depthwise_room(call: Call) -> tuple[int, int]:
    """(pairs, slots) of a channel's plane: whole lines along the longer axis, and as many more slots as there are
    lines of outputs, within reason."""
    across, along = sorted((call.params["out_h"], call.params["out_w"]))
    if call.params["stride_h"] == 1:
        along, across = -(-along // 2), -(-across // 2)
    return along + 1, min(across, MOST_SLOTS)


def depthwise_scratch(call: Call) -> int:
    """Four channels' constants and planes: see depthwise.h."""
    pairs, slots = depthwise_room(call)
    return GROUP * (CHANNEL_BYTES + pairs * PAIR_BYTES + slots * SLOT_BYTES)


def depthwise_pack(call: Call) -> Mapping[str, Any]:
    """The fields of nn_depthwise_conv_2d_planes_dsp_t: the longer axis of the output is along, that is fewest calls.

    The short requantisation is taken where the clamp is at a zero point of -128, and the sums leave room for what they
    are multiplied with."""
    p, axes = call.params, {name: axis(call, name, 1) for name in "hw"}
    bias, multiplier, shift = depthwise_channels(call)
    exponent = np.where(multiplier == 0, 1, -shift)
    up = SHORT_SHIFT + 1 - exponent
    clamped = (p["output_offset"], p["act_min"], p["act_max"]) == (-128, -128, 127)
    short = clamped & (up >= 2) & (up <= MOST_UP) & (np.abs(bias) + INT8_TERMS < 2 ** (30 - MOST_UP))
    taps = np.zeros((3, 3, p["out_c"]), np.int8)
    taps[: p["k_h"], : p["k_w"]] = np.reshape(p["weights"], (p["k_h"], p["k_w"], p["out_c"]))
    along, across = "w", "h"
    if p["out_h"] > p["out_w"]:
        along, across, taps = "h", "w", taps.swapaxes(0, 1)
    words = np.zeros((p["out_c"], 5), "<i4")
    words[:, :3] = np.ascontiguousarray(taps[:, [0, 1, 1, 2]].transpose(2, 0, 1)).view("<i4")[..., 0]
    words[:, 3] = (bias << np.where(short, up, 1)).astype(np.int32).view("<i4")
    words[:, 4] = multiplier
    pairs, slots = depthwise_room(call)
    return {
        "channels": words, "ups": np.where(short, up, -exponent).astype(np.int8),
        "along": axes[along], "across": axes[across],
        "x_bytes": p["in_h"] * p["in_w"] * p["in_c"], "y_bytes": p["out_h"] * p["out_w"] * p["out_c"],
        "padding": -p["input_offset"], "batches": p["batches"], "out_c": p["out_c"], "stride": p["stride_h"],
        "pairs": pairs, "slots": slots, "output_offset": p["output_offset"], "act_min": p["act_min"],
        "act_max": p["act_max"],
    }  # fmt: skip


# Channels at a time; with fewer outputs in a line gathering is not worth it; a zero point times 2**20 is an int32.
LINE_GROUP, LEAST_OUTPUTS, LEAST_SHIFT = 8, 3, -20
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
    if p[f"out_{along}"] < LEAST_OUTPUTS:
        return False
    if p["depth_multiplier"] != 1 or p["out_c"] % LINE_GROUP or p[f"k_{across}"] != 1 or p[f"k_{along}"] < 2:
        return False
    if p[f"stride_{along}"] != 1 or p[f"dilation_{along}"] != 1 or p["pad_top"] or p["pad_left"]:
        return False
    if p[f"out_{along}"] != p[f"in_{along}"] - p[f"k_{along}"] + 1 or (p["act_min"], p["act_max"]) != (-128, 127):
        return False
    return depthwise_in_range(call) and bool(np.min(p["shift"]) >= LEAST_SHIFT)


def depthwise_line_in_place(call: Call) -> bool:
    """Where an output's place is that of its window's first input: whole rows above one another."""
    p = call.params
    return depthwise_line(call) and p["in_w"] == p["out_w"] and p["stride_h"] == 1 and p["batches"] == 1


def depthwise_line_room(call: Call) -> tuple[int, int]:
    """(steps, pairs): of taps, and of inputs as far as the last four outputs read."""
    p = call.params
    taps, out = max(p["k_h"], p["k_w"]), p["out_h"] if p["k_h"] > 1 else p["out_w"]
    steps = taps // 2 + 1
    return steps, 2 * -(-out // 4) + steps - 1


def depthwise_line_scratch(call: Call) -> int:
    return GROUP * PAIR_BYTES * sum(depthwise_line_room(call))


def depthwise_line_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    steps, pairs = depthwise_line_room(call)
    along, across = ("h", "w") if p["k_h"] > 1 else ("w", "h")
    return {
        "weights": p["weights"], "bias": depthwise_channels(call)[0].astype(np.int32), "multiplier": p["multiplier"],
        "shift": p["shift"], "along": axis(call, along, 1), "across": axis(call, across, p[f"stride_{across}"]),
        "x_bytes": p["in_h"] * p["in_w"] * p["in_c"], "y_bytes": p["out_h"] * p["out_w"] * p["out_c"],
        "batches": p["batches"], "channels": p["out_c"], "taps": p[f"k_{along}"], "steps": steps, "pairs": pairs,
        "per_channel": p["per_channel"], "output_offset": p["output_offset"],
    }  # fmt: skip


def depthwise_window(call: Call) -> bool:
    p = call.params
    return p["depth_multiplier"] == 1 and p["out_c"] % GROUP == 0 and depthwise_in_range(call)


def depthwise(name: str, in_place: bool, accepts: Callable[[Call], bool]) -> Variant:
    """A variant with a struct of its own: one-dimensional windows ("line...") or up to 3x3."""
    line = name.startswith("line")
    return Variant(
        kernel="depthwise_conv_2d",
        isa="dsp",
        name=f"depthwise_conv_2d_{name}_dsp",
        files=LINE_FILES if line else DEPTHWISE_FILES,
        header="dsp/depthwise.h",
        struct=CStruct(f"nn_depthwise_conv_2d_{name}_dsp_t", DEPTHWISE_LINE if line else DEPTHWISE_PLANES),
        accepts=accepts,
        pack=depthwise_line_pack if line else depthwise_pack,
        scratch_bytes=depthwise_line_scratch if line else depthwise_scratch,
        in_place=in_place,
    )


ADD_SHIFT = 20  # of add.h
ADD_LINEAR = CStruct("nn_add_linear_dsp_t", numbers("int32_t", "multiplier1 multiplier2 sum count"))
BYTES = np.arange(-128, 128, dtype=np.int8)


def add_linear(call: Call) -> Mapping[str, Any] | None:
    """ADD's numbers in add.h, or None where there are none: where it broadcasts, clamps, or TFLM's rounding is not that
    of any linear function (ties below the zero point go away from zero)."""
    p = call.params
    one_row = p["stride1"] == p["stride2"] and p["dims"][:3] == (1, 1, 1) and p["stride1"][3] == int(p["dims"][3] > 1)
    if (p["act_min"], p["act_max"]) != (-128, 127) or not one_row:
        return None
    scalars = tuple((key, value) for key, value in p.items() if key not in ("dims", "stride1", "stride2"))
    found = fitted_add(scalars)
    if found is None:
        return None
    return {"multiplier1": found[0], "multiplier2": found[1], "sum": found[2], "count": p["dims"][3]}


@cache
def fitted_add(scalars: tuple[tuple[str, int], ...]) -> tuple[int, int, int] | None:
    """(multiplier1, multiplier2, sum) that give ADD's output for each of the 65,536 pairs of inputs.

    With the multipliers given, an output k of a pair asks for a sum in [k, k + 1) * 2**ADD_SHIFT less what the pair
    contributes, so that sums that are right for all pairs are an interval. Where it is empty for the multipliers that
    the real numbers give, neighbours of them are tried."""
    p = dict(scalars)
    table = {"dims": (1, 1, 256, 256), "stride1": (0, 0, 1, 0), "stride2": (0, 0, 0, 1)}
    expected = KERNELS["add"].reference(p | table, (BYTES, BYTES)).reshape(256, 256).astype(np.int64)
    scale = p["output_multiplier"] * 2.0 ** (p["output_shift"] - 31 + p["left_shift"] + ADD_SHIFT + 8 - 31)
    near = [round(p[f"multiplier{n}"] * 2.0 ** p[f"shift{n}"] * scale) for n in (1, 2)]
    if max(near) >= 2**31 - 2**10:
        return None
    for step in sorted(product(range(-96, 97, 16), repeat=2), key=lambda step: abs(step[0]) + abs(step[1])):
        multiplier1, multiplier2 = (base + offset for base, offset in zip(near, step, strict=True))
        terms = (multiplier1 * BYTES.astype(np.int64) >> 8)[:, None] + (multiplier2 * BYTES.astype(np.int64) >> 8)
        lowest = ((expected << ADD_SHIFT) - terms)[expected > -128].max(initial=-(2**31))
        highest = ((expected + 1 << ADD_SHIFT) - 1 - terms)[expected < 127].min(initial=2**31 - 1)
        total = int(lowest + highest) // 2
        if lowest <= highest and terms.min() + total >= -(2**31) and terms.max() + total < 2**31:
            return multiplier1, multiplier2, total
    return None


def add_pack(call: Call) -> Mapping[str, Any]:
    packed = add_linear(call)
    assert packed is not None
    return packed


def pool(call: Call) -> bool:
    """Channels in fours, windows wholly on the input."""
    p = call.params
    inside_h = p["pad_top"] == 0 and (p["out_h"] - 1) * p["stride_h"] + p["k_h"] <= p["in_h"]
    inside_w = p["pad_left"] == 0 and (p["out_w"] - 1) * p["stride_w"] + p["k_w"] <= p["in_w"]
    return bool(p["channels"] % GROUP == 0 and inside_h and inside_w)


def average_pool(call: Call) -> bool:
    """A sum of at most 256 int8 is an int16."""
    return pool(call) and call.params["k_h"] * call.params["k_w"] <= 256


VARIANTS: tuple[Variant, ...] = (
    depthwise("line_in_place", True, depthwise_line_in_place),
    depthwise("line", False, depthwise_line),
    depthwise("in_place", True, depthwise_in_place),
    depthwise("planes", False, depthwise_3x3),
    Variant(
        kernel="depthwise_conv_2d",
        isa="dsp",
        name="depthwise_conv_2d_dsp",
        files=DEPTHWISE_FILES,
        header="dsp/depthwise.h",
        struct=KERNELS["depthwise_conv_2d"].struct,
        accepts=depthwise_3x3,
    ),
    Variant(
        kernel="depthwise_conv_2d",
        isa="dsp",
        name="depthwise_conv_2d_window_dsp",
        files=("dsp/depthwise_window.c", "dsp/depthwise_window.S"),
        header="dsp/depthwise.h",
        struct=KERNELS["depthwise_conv_2d"].struct,
        accepts=depthwise_window,
    ),
    Variant(
        kernel="add",
        isa="dsp",
        name="add_linear_dsp",
        files=("dsp/add_linear.S",),
        header="dsp/add.h",
        struct=ADD_LINEAR,
        accepts=lambda call: add_linear(call) is not None,
        pack=add_pack,
        in_place=True,
    ),
    *(
        Variant(
            kernel=kernel,
            isa="dsp",
            name=f"{kernel}_dsp",
            files=(f"dsp/{kernel}.c",),
            header="dsp/pool.h",
            struct=KERNELS[kernel].struct,
            accepts=accepts,
        )
        for kernel, accepts in (("average_pool_2d", average_pool), ("max_pool_2d", pool))
    ),
)
