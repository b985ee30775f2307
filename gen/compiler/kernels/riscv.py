"""Variants for RISC-V with multiplication (rv32im, rv32imc): see firmware/kernels/riscv/.

The ranges that their arithmetic relies on are proved here from the weights, over every possible input.
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
    is_depthwise_in_fours,
    is_plain_depthwise,
    one_row,
    padded,
    reads_ahead,
    rows_are_inside,
    wrapped,
)
from gen.compiler.kernels.variant import Variant, in_place_too, own_layout
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct, numbers, pointers

SHIFT = 15  # of the requantization in triples.S
BIAS_BITS = 26  # a bias and a shift share a word
CHANNELS, TAP_BYTES = 4, 16  # of block.h
LANE_SUM = (1 << 20) - 1024  # of triples.S
MIN_PIXELS = 3  # of an image, so that packing is worth while


def headers(p: Mapping[str, Any], c: Channels) -> Array:
    """out_c x 3 words: the bias and how far sums are shifted up, twice the multiplier, the constant to be added."""
    up = SHIFT - c.e
    constant = (1 << (SHIFT - 1 - c.e)) + (1 << (SHIFT - 1)) + (p["output_offset"] << SHIFT)
    return wrapped(np.stack([(c.bias << 5) + up, 2 * c.multiplier, constant], 1))


def fit(c: Channels) -> bool:
    """Shifts to the right, not too far, and no sum that leaves an int32 when it is shifted up."""
    e = np.clip(c.e, 1, SHIFT - 1)
    small = c.magnitude < 1 << (31 - SHIFT + e)
    positive = (c.multiplier >= 0).all()
    return bool((c.e == e).all() and small.all() and positive and (np.abs(c.bias) < 1 << BIAS_BITS).all())


# CONV_2D

CONV_2D_TRIPLES = (
    pointers("int32_t", "stream")
    + numbers("int16_t", "pad_value act_min act_max")
    + numbers("uint16_t", "batches in_h in_w in_c out_h out_w out_c k_h k_w")
    + numbers("uint16_t", "stride_h stride_w dilation_h dilation_w pad_top pad_left segment signed_outputs")
)


def segment_taps(weights: Array) -> int:
    """How many taps of channels x taps at a time, such that no sum of theirs is too large to be one of three in two
    words."""
    size = taps = int(weights.shape[1])
    for parts in range(1, taps + 1):
        size = -(-taps // parts)
        if all((np.abs(weights[:, i : i + size]).sum(1) * 128 < LANE_SUM).all() for i in range(0, taps, size)):
            break
    return size


def conv_accepts(call: Call) -> bool:
    p = call.params
    if not is_dense(p) or p["out_c"] < CHANNELS or p["out_h"] * p["out_w"] < MIN_PIXELS:
        return False
    c = Channels.of(p, p["weights"])
    return c.weights.shape[1] < 1 << 16 and fit(c)


def kind(call: Call) -> str:
    """What outputs and sums there are: clamped at the zero point, signed, or too long for one segment."""
    c = Channels.of(call.params, call.params["weights"])
    if segment_taps(c.weights) < c.weights.shape[1]:
        return "long"
    return "signed" if has_negatives(call.params) else "triples"


def conv_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    c = Channels.of(p, p["weights"])
    words = headers(p, c)
    groups = [min(first, p["out_c"] - CHANNELS) for first in range(0, p["out_c"], CHANNELS)]
    parts = [
        part.tobytes()
        for first in groups
        for part in (
            np.ascontiguousarray(c.weights[first : first + CHANNELS].T).astype(np.int8),
            words[first : first + CHANNELS],
        )
    ]
    return (
        given(CONV_2D_TRIPLES, p)
        | one_row(p)
        | {
            "stream": np.frombuffer(b"".join(parts), np.int32),
            "pad_value": -p["input_offset"],
            "segment": segment_taps(c.weights),
            "signed_outputs": int(has_negatives(p)),
        }
    )


def conv_scratch_bytes(call: Call) -> int:
    """Columns of six pixels, and three rows of windows where one may have to be copied."""
    p = call.params
    row = p["k_w"] * p["in_c"]
    return aligned(p["k_h"] * row * TAP_BYTES + (0 if rows_are_inside(p) else 3 * row))


def convolution(outputs: str) -> tuple[Variant, Variant]:
    """In place, and with an output of its own. A block's windows are packed before its outputs are written, and those
    end before the next block's windows."""
    variant = Variant(
        kernel="conv_2d",
        isa="riscv",
        name=f"conv_2d_{outputs}_riscv",
        files=("riscv/conv_2d_triples.c", "riscv/triples_outputs.c", "riscv/triples.S"),
        header="riscv/kernels.h",
        struct=CStruct(f"nn_conv_2d_{outputs}_riscv_t", CONV_2D_TRIPLES),
        accepts=lambda call: conv_accepts(call) and kind(call) == outputs,
        pack=conv_pack,
        scratch_bytes=conv_scratch_bytes,
    )
    return in_place_too(variant, f"conv_2d_{outputs}_in_place_riscv", lambda call: reads_ahead(call.params))


# FULLY_CONNECTED

FC_OUTPUTS = 12  # of fully_connected_triples.c
FULLY_CONNECTED_TRIPLES = CStruct(
    "nn_fully_connected_triples_riscv_t",
    pointers("int32_t", "weights bias multiplier")
    + pointers("int8_t", "shift")
    + numbers("int32_t", "batches in_n out_n segment")
    + numbers("int16_t", "output_offset act_min act_max")
    + numbers("uint16_t", "per_channel"),
)


def fc_triples_accepts(call: Call) -> bool:
    """No more than one output in five is padding."""
    return bool(-call.params["out_n"] % FC_OUTPUTS <= call.params["out_n"] // 4)


def fc_triples_pack(call: Call) -> Mapping[str, Any]:
    """Weights a, b and c of three outputs as a + 2**21 * b and c + 2**11 * b, modulo 2**32."""
    p = columns.pack(call)
    weights = call.params["weights"].reshape(p["out_n"], p["in_n"]).astype(np.int64)
    a, b, c = padded(weights, 0, FC_OUTPUTS).reshape(-1, FC_OUTPUTS // 3, 3, p["in_n"]).transpose(2, 0, 3, 1)
    words = wrapped(np.stack([a + (b << 21), c + (b << 11)], -1))
    return given(FULLY_CONNECTED_TRIPLES.fields, p) | {"weights": words.ravel(), "segment": segment_taps(weights)}


# DEPTHWISE_CONV_2D

WINDOW, GROUP = 3, 4  # of depthwise_3x3.c
DEPTHWISE_3X3 = CStruct(
    "nn_depthwise_conv_2d_3x3_riscv_t",
    pointers("int32_t", "channels")
    + numbers("int16_t", "pad_value act_min act_max")
    + numbers("uint16_t", "batches in_h in_w in_c out_h out_w stride pad_top pad_left"),
)


def depthwise_channels(p: Mapping[str, Any]) -> Channels:
    """Weights of a channel: across the lines of outputs, which go along the longer axis, then along them."""
    axes = (2, 1, 0) if p["out_h"] > p["out_w"] else (2, 0, 1)
    return Channels.of(p, p["weights"].reshape(p["k_h"], p["k_w"], p["out_c"]).transpose(axes))


def depthwise_accepts(call: Call) -> bool:
    """In place, so at most as many outputs as inputs: all that SAME and VALID padding make."""
    p = call.params
    fits = (p["k_h"], p["k_w"]) == (WINDOW, WINDOW) and p["in_c"] % GROUP == 0 and not has_negatives(p)
    small = p["out_h"] <= p["in_h"] and p["out_w"] <= p["in_w"]
    return is_plain_depthwise(p) and fits and small and fit(depthwise_channels(p))


def depthwise_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    c = depthwise_channels(p)
    channels = np.concatenate([as_words(padded(c.weights, 1, 4)), headers(p, c)], 1)
    own = {"channels": channels.ravel(), "stride": p["stride_h"], "pad_value": -p["input_offset"]}
    return given(DEPTHWISE_3X3.fields, p) | own


def depthwise_scratch_bytes(call: Call) -> int:
    """The padded planes of four channels."""
    p = call.params
    high, wide = ((p[f"out_{axis}"] - 1) * p["stride_h"] + WINDOW for axis in "hw")
    return aligned(GROUP * high * wide)


def depthwise_own(call: Call) -> bool:
    """Channels in fours, and sums and shifts as depthwise_window.S wants them."""
    p = call.params
    has_bias = p["bias"] is not None and p["per_channel"] == 1
    return has_bias and is_depthwise_in_fours(p) and bool((p["shift"] < 0).all() and (p["shift"] >= -30).all())


VARIANTS: tuple[Variant, ...] = (
    *convolution("triples"),
    *convolution("signed"),
    *convolution("long"),
    Variant(
        kernel="depthwise_conv_2d",
        isa="riscv",
        name="depthwise_conv_2d_3x3_riscv",
        files=("riscv/depthwise_3x3.c", "riscv/depthwise_3x3.S"),
        header="riscv/kernels.h",
        struct=DEPTHWISE_3X3,
        accepts=depthwise_accepts,
        pack=depthwise_pack,
        scratch_bytes=depthwise_scratch_bytes,
        in_place=True,
    ),
    Variant(
        kernel="fully_connected",
        isa="riscv",
        name="fully_connected_triples_riscv",
        files=("riscv/fully_connected_triples.c",),
        header="riscv/kernels.h",
        struct=FULLY_CONNECTED_TRIPLES,
        accepts=fc_triples_accepts,
        pack=fc_triples_pack,
        larger_constants=True,
        instructions=2.1,
        cycles=3.2,  # what the fewer instructions save, flash behind a cache takes for the larger constants
    ),
    Variant(
        kernel="fully_connected",
        isa="riscv",
        name="fully_connected_columns_riscv",
        files=("riscv/fully_connected_columns.c",),
        header="riscv/kernels.h",
        struct=KERNELS["fully_connected"].struct,
        pack=columns.pack,
        instructions=3.2,
        cycles=3.2,
    ),
    *add_linear.variants("riscv", "riscv/add_linear.c", "riscv/kernels.h"),
    own_layout("conv_2d", "riscv", "riscv/conv_2d.c", header="riscv/kernels.h"),
    own_layout(
        "depthwise_conv_2d",
        "riscv",
        "riscv/depthwise_conv_2d.c",
        "riscv/depthwise_window.S",
        header="riscv/kernels.h",
        accepts=depthwise_own,
    ),
    own_layout("fully_connected", "riscv", "riscv/fully_connected.c", header="riscv/kernels.h"),
)
