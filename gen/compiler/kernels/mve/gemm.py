"""CONV_2D and FULLY_CONNECTED on Cortex-M55: matrix products by vmladava, sixteen products an instruction.

Requantization. vqrdmulh is TFLite's first rounding for every multiplier >= 0. vrshl, its second one, rounds ties up
where TFLite rounds them away from zero: subtracting 1 from a negative value before a right shift of at least 1 changes
nothing but ties, and makes it exact. Where the output offset is -128 (every ReLU), negative values end at -128 either
way, so that vrshl alone is exact, also for a shift of 0. Left shifts have other kernels.
Saturating to 16 bits, adding the offset and saturating to 8 is the clamp to -128..127; other ranges have other kernels.
Sums wrap modulo 2**32 in any order, like TFLM's, so that the input offset can be folded into the biases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gen.compiler.arena import aligned
from gen.compiler.kernels.common import (
    folded_bias,
    given,
    is_dense,
    is_pointwise,
    multipliers,
    output_steps,
    reads_ahead,
)
from gen.compiler.kernels.variant import Variant
from gen.model.graph import Array
from gen.model.ops.operator import Call, CStruct, numbers, pointers

BLOCK = 16
PAIR_ORDER, SINGLE_ORDER = (0, 1, 2, 3), (0, 2, 4, 6, 1, 3, 5, 7)  # a group's channels: with two rows of x, with one


def is_requantized_exactly(p: Mapping[str, Any]) -> bool:
    """Whether the module's arithmetic is TFLite's for these shifts, multipliers and output range."""
    lossless = np.max(p["shift"]) <= (0 if p["output_offset"] == -128 else -1)
    return bool(lossless and np.min(p["multiplier"]) >= 0 and (p["act_min"], p["act_max"]) == (-128, 127))


def channel_params(p: Mapping[str, Any], rows: Array) -> tuple[Array, Array, Array]:
    """int32 bias with the input offset folded in, multiplier and shift of each channel; rows: its weights."""
    multiplier, shift = multipliers(p, len(rows))
    return folded_bias(p, rows).astype(np.int32), multiplier.astype(np.int32), shift.astype(np.int8)


def pack_rows(p: Mapping[str, Any], rows: Array, channels: Array, order: Sequence[int]) -> dict[str, Array]:
    """weights and params of the struct. rows: weights, channels x depth, in the order of x; channels: those of each
    group (-1: none); order: of a group's channels in the vectors of multipliers and shifts."""
    depth = rows.shape[1]
    blocks = -(-depth // BLOCK)
    present = channels >= 0
    padded = np.zeros((*channels.shape, blocks * BLOCK), np.int8)
    padded[..., blocks * BLOCK - depth :][present] = rows[channels[present]]
    weights = padded.reshape(*channels.shape, blocks, BLOCK).transpose(0, 2, 1, 3)
    bias, multiplier, shift = (values[channels] * present for values in channel_params(p, rows))
    shifts = np.ascontiguousarray(shift[:, order].astype(np.int8)).view("<i4")
    params = np.concatenate([bias, multiplier[:, order], shifts], axis=1)
    return {"weights": weights, "params": params.astype(np.int32)}


def overlapping_groups(channels: int, size: int) -> Array:
    """The channels of each group of `size`; the last group ends with the last channel."""
    first = np.minimum(np.arange(0, channels, size), channels - size)
    return first[:, None] + np.arange(size)


def _relu(p: Mapping[str, Any]) -> dict[str, int]:
    return {"output_offset": p["output_offset"], "relu": int(p["output_offset"] == -128)}


CONV_STRUCT = CStruct(
    "nn_conv_2d_mve_t",
    pointers("int8_t", "weights")
    + pointers("int32_t", "params")
    + numbers("int32_t", "x_step[2] y_step[2] in[2] out[2]")
    + numbers("uint16_t", "in_c out_c kernel[2] stride[2] pad[2]")
    + numbers("int16_t", "pad_value output_offset relu"),
)


def axes(p: Mapping[str, Any]) -> tuple[str, str]:
    """(along a line, from line to line): the longer axis of the output makes the lines."""
    reachable = p["out_w"] * p["out_c"] < 2**15  # from one output to the next in 16 bits
    return ("h", "w") if p["out_h"] > p["out_w"] and reachable else ("w", "h")


def geometry(p: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a window's structs: pairs of numbers for positions and lines."""
    names = axes(p)
    pads = {"h": "pad_top", "w": "pad_left"}
    steps = {
        "x_step": {"w": p["in_c"], "h": p["in_w"] * p["in_c"]},
        "y_step": dict(zip("wh", output_steps(p), strict=True)),
    }
    pairs = {name: tuple(step[axis] for axis in names) for name, step in steps.items()}
    pairs |= {name: tuple(p[f"{name}_{axis}"] for axis in names) for name in ("in", "out", "stride")}
    return pairs | {"pad": tuple(p[pads[axis]] for axis in names), "pad_value": -p["input_offset"]} | _relu(p)


def accepts_conv(call: Call) -> bool:
    p = call.params
    plain = p["batches"] == p["dilation_h"] == p["dilation_w"] == 1
    sizes = (
        len(PAIR_ORDER) <= p["out_c"] and max(output_steps(p)[0], p["out_c"]) < 2**15
    )  # a group; 16 bits to the next
    return is_dense(p) and plain and sizes and is_requantized_exactly(p)


def pack_conv(call: Call) -> dict[str, Any]:
    p = call.params
    names, fields = axes(p), geometry(p)
    if is_pointwise(p):  # all rows are one
        one = {name: (p[f"{name}_h"] * p[f"{name}_w"], 1) for name in ("in", "out")}
        fields |= one | {"x_step": (p["in_c"], 0), "y_step": (p["out_c"], 0)}
    weights = p["weights"] if names == ("h", "w") else p["weights"].transpose(0, 2, 1, 3)
    fields |= {"in_c": p["in_c"], "out_c": p["out_c"], "kernel": tuple(p[f"k_{axis}"] for axis in names)}
    channels = overlapping_groups(p["out_c"], len(PAIR_ORDER))
    return fields | pack_rows(p, weights.reshape(p["out_c"], -1), channels, PAIR_ORDER)


def accepts_in_place(call: Call) -> bool:
    p = call.params
    words = p["in_c"] % 4 == p["out_c"] % 4 == 0  # outputs are moved
    by_rows = p["in_c"] > BLOCK  # otherwise channels of all windows are computed before the next channels
    return reads_ahead(p) and words and by_rows and accepts_conv(call)


def in_place_scratch(call: Call) -> int:
    """The outputs of two windows."""
    return aligned(2 * call.params["out_c"])


def conv_scratch(call: Call) -> int:
    """The columns of one line; none for windows of one element."""
    p = call.params
    position, line = axes(p)
    width = (p[f"out_{position}"] - 1) * p[f"stride_{position}"] + p[f"k_{position}"]
    return 0 if p["k_h"] == p["k_w"] == 1 else aligned(width * p[f"k_{line}"] * p["in_c"])


FC_STRUCT = CStruct(
    "nn_fully_connected_mve_t",
    pointers("int8_t", "weights")
    + pointers("int32_t", "params")
    + numbers("int32_t", "batches in_n out_n")
    + numbers("int16_t", "output_offset relu"),
)


def accepts_fc(call: Call) -> bool:
    return is_requantized_exactly(call.params)


def pack_fc(call: Call) -> dict[str, Any]:
    p = call.params
    fields = given(FC_STRUCT.fields, p) | _relu(p)
    size = len(SINGLE_ORDER)
    channels = np.arange(-(-p["out_n"] // size) * size).reshape(-1, size)
    channels = np.where(channels < p["out_n"], channels, -1)
    return fields | pack_rows(p, p["weights"].reshape(p["out_n"], p["in_n"]), channels, SINGLE_ORDER)


def accepts_whole(call: Call) -> bool:
    """One window that is the image: a matrix product with the flat image."""
    p = call.params
    window = p["k_h"] == p["in_h"] and p["k_w"] == p["in_w"] and p["pad_top"] == p["pad_left"] == 0
    one = p["out_h"] == p["out_w"] == 1 and 1 in (p["k_h"], p["dilation_h"]) and 1 in (p["k_w"], p["dilation_w"])
    return bool(window and one and is_dense(p) and is_requantized_exactly(p))


def pack_whole(call: Call) -> dict[str, Any]:
    p = call.params
    flat = {**p, "in_n": p["in_h"] * p["in_w"] * p["in_c"], "out_n": p["out_c"]}
    return pack_fc(replace(call, params=flat))


CONV_FILES = ("mve/conv_2d_pairs.c", "mve/gemm.S", "mve/gemm_block.S")
VARIANTS: tuple[Variant, ...] = (
    Variant(
        kernel="conv_2d",
        isa="mve",
        name="conv_2d_whole_mve",
        files=("mve/fully_connected_rows.c", "mve/gemm.S"),
        header="mve/gemm.h",
        struct=CStruct("nn_conv_2d_whole_mve_t", FC_STRUCT.fields),
        accepts=accepts_whole,
        pack=pack_whole,
    ),
    Variant(
        kernel="conv_2d",
        isa="mve",
        name="conv_2d_in_place_mve",
        files=CONV_FILES,
        header="mve/gemm.h",
        struct=CStruct("nn_conv_2d_in_place_mve_t", CONV_STRUCT.fields),
        accepts=accepts_in_place,
        pack=pack_conv,
        scratch_bytes=in_place_scratch,
        in_place=True,
        instructions=0.14,  # the outputs are moved
    ),
    Variant(
        kernel="conv_2d",
        isa="mve",
        name="conv_2d_mve",
        files=CONV_FILES,
        header="mve/gemm.h",
        struct=CONV_STRUCT,
        accepts=accepts_conv,
        pack=pack_conv,
        scratch_bytes=conv_scratch,
        apart=True,
        instructions=0.13,
    ),
    Variant(
        kernel="fully_connected",
        isa="mve",
        name="fully_connected_mve",
        files=("mve/fully_connected_rows.c", "mve/gemm.S"),
        header="mve/gemm.h",
        struct=FC_STRUCT,
        accepts=accepts_fc,
        pack=pack_fc,
    ),
)
