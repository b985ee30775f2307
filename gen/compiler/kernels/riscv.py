"""Variants for RISC-V with multiplication (rv32im, rv32imc): see firmware/kernels/riscv/.

The ranges that their arithmetic relies on are proved here from the weights, over every possible input.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gen.compiler.kernels import armv7m
from gen.compiler.kernels.dsp import spatial
from gen.compiler.kernels.dsp.byte_pairs import Channels
from gen.compiler.kernels.variant import Variant, always
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct, numbers, pointers

SHIFT = 15  # of the requantisation in thirds.S
BIAS_BITS = 26  # a bias and a shift share a word
CHANNELS, TAP_BYTES = 4, 16  # of block.h
LANE_SUM = (1 << 20) - 1024  # of thirds.S
LEAST_PIXELS = 3  # of an image, so that packing is worth while


def aligned(size: int) -> int:
    return -(-size // 16) * 16


def is_signed(p: Mapping[str, Any]) -> bool:
    """Whether outputs below the zero point are told apart."""
    return bool(p["act_min"] != p["output_offset"])


def headers(p: Mapping[str, Any], c: Channels) -> Array:
    """out_c x 3 words: the bias and how far sums are shifted up, twice the multiplier, the constant to be added."""
    up = SHIFT - c.e
    constant = (1 << (SHIFT - 1 - c.e)) + (1 << (SHIFT - 1)) + (p["output_offset"] << SHIFT)
    words = np.stack([(c.bias << 5) + up, 2 * c.multiplier, constant], 1)
    return words.astype(np.uint32).view(np.int32)


def fit(c: Channels) -> bool:
    """Shifts to the right, not too far, and no sum that leaves an int32 when it is shifted up."""
    most = np.abs(c.weights).sum(1) * 128 + np.abs(c.bias)  # of a sum, as an absolute value
    e = np.clip(c.e, 1, SHIFT - 1)
    room = most < 1 << (31 - SHIFT + e)
    positive = (c.multiplier >= 0).all()
    return bool((c.e == e).all() and room.all() and positive and (np.abs(c.bias) < 1 << BIAS_BITS).all())


# CONV_2D

CONV_2D_THIRDS = (
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
    if p["group_c"] != p["in_c"] or p["out_c"] < CHANNELS or p["out_h"] * p["out_w"] < LEAST_PIXELS:
        return False
    c = Channels.of(p, p["weights"])
    return c.weights.shape[1] < 1 << 16 and fit(c)


def kind(call: Call) -> str:
    """What outputs and sums there are: clamped at the zero point, signed, or too long for one segment."""
    c = Channels.of(call.params, call.params["weights"])
    return "long" if segment_taps(c.weights) < c.weights.shape[1] else "signed" if is_signed(call.params) else "thirds"


def is_pointwise(p: Mapping[str, Any]) -> bool:
    return all(p[name] == 1 for name in ("k_h", "k_w", "stride_h", "stride_w"))


def conv_in_place(call: Call) -> bool:
    """A block's windows are packed before its outputs are written, and those end before the next block's windows."""
    return is_pointwise(call.params) and call.params["out_c"] <= call.params["in_c"] and conv_accepts(call)


def one_row(p: Mapping[str, Any]) -> dict[str, int]:
    """Sizes that make all images one long row, where every output pixel is made from the input pixel of its number."""
    pixels = p["batches"] * p["in_h"] * p["in_w"]
    if not is_pointwise(p) or pixels >= 1 << 16:
        return {}
    return {"batches": 1, "in_h": 1, "out_h": 1, "in_w": pixels, "out_w": pixels}


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
    fields = {field.name: p[field.name] for field in CONV_2D_THIRDS if field.name in p} | one_row(p)
    return fields | {
        "stream": np.frombuffer(b"".join(parts), np.int32),
        "pad_value": -p["input_offset"],
        "segment": segment_taps(c.weights),
        "signed_outputs": int(is_signed(p)),
    }


def conv_scratch_bytes(call: Call) -> int:
    """Columns of six pixels, and three rows of windows where one may have to be copied."""
    p = call.params
    row = p["k_w"] * p["in_c"]
    whole = p["dilation_w"] == 1 and all(
        p[pad] == 0 and (p[out] - 1) * p[stride] + (p[k] - 1) * p[dilation] < p[size]
        for pad, out, stride, k, dilation, size in (
            ("pad_top", "out_h", "stride_h", "k_h", "dilation_h", "in_h"),
            ("pad_left", "out_w", "stride_w", "k_w", "dilation_w", "in_w"),
        )
    )
    return aligned(p["k_h"] * row * TAP_BYTES + (0 if whole else 3 * row))


def convolution(outputs: str, in_place: bool) -> Variant:
    name, accepts = outputs + "_in_place" * in_place, conv_in_place if in_place else conv_accepts
    return Variant(
        kernel="conv_2d",
        isa="riscv",
        name=f"conv_2d_{name}_riscv",
        files=("riscv/conv_2d_thirds.c", "riscv/thirds_outputs.c", "riscv/thirds.S"),
        header="riscv/kernels.h",
        struct=CStruct(f"nn_conv_2d_{name}_riscv_t", CONV_2D_THIRDS),
        accepts=lambda call: accepts(call) and kind(call) == outputs,
        pack=conv_pack,
        scratch_bytes=conv_scratch_bytes,
        in_place=in_place,
    )


# FULLY_CONNECTED

FC_OUTPUTS = 12  # of fully_connected_thirds.c
FULLY_CONNECTED_THIRDS = CStruct(
    "nn_fully_connected_thirds_riscv_t",
    pointers("int32_t", "weights bias multiplier")
    + pointers("int8_t", "shift")
    + numbers("int32_t", "batches in_n out_n segment")
    + numbers("int16_t", "output_offset act_min act_max")
    + numbers("uint16_t", "per_channel"),
)


def fc_thirds_accepts(call: Call) -> bool:
    """No more than one output in five is padding."""
    return bool(-call.params["out_n"] % FC_OUTPUTS <= call.params["out_n"] // 4)


def fc_thirds_pack(call: Call) -> Mapping[str, Any]:
    """Weights a, b and c of three outputs as a + 2**21 * b and c + 2**11 * b, modulo 2**32."""
    p = armv7m.fc_pack(call)
    weights = call.params["weights"].reshape(p["out_n"], p["in_n"]).astype(np.int64)
    a, b, c = armv7m.padded(weights, 0, FC_OUTPUTS).reshape(-1, FC_OUTPUTS // 3, 3, p["in_n"]).transpose(2, 0, 3, 1)
    words = np.stack([a + (b << 21), c + (b << 11)], -1).astype(np.uint32).view(np.int32)
    fields = {field.name: p[field.name] for field in FULLY_CONNECTED_THIRDS.fields if field.name in p}
    return fields | {"weights": words.ravel(), "segment": segment_taps(weights)}


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
    strides, dilations = (p["stride_h"], p["stride_w"]), (p["dilation_h"], p["dilation_w"])
    simple = p["depth_multiplier"] == 1 and strides in ((1, 1), (2, 2)) and dilations == (1, 1)
    fits = (p["k_h"], p["k_w"]) == (WINDOW, WINDOW) and p["in_c"] % GROUP == 0 and not is_signed(p)
    small = p["out_h"] <= p["in_h"] and p["out_w"] <= p["in_w"]
    return simple and fits and small and fit(depthwise_channels(p))


def depthwise_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    c = depthwise_channels(p)
    weights = np.ascontiguousarray(armv7m.padded(c.weights.astype(np.int8), 1, 4)).view(np.int32)
    channels = np.concatenate([weights, headers(p, c)], 1)
    fields = {field.name: p[field.name] for field in DEPTHWISE_3X3.fields if field.name in p}
    return fields | {"channels": channels.ravel(), "stride": p["stride_h"], "pad_value": -p["input_offset"]}


def depthwise_scratch_bytes(call: Call) -> int:
    """The padded planes of four channels."""
    p = call.params
    high, wide = ((p[f"out_{axis}"] - 1) * p["stride_h"] + WINDOW for axis in "hw")
    return aligned(GROUP * high * wide)


def depthwise_own(call: Call) -> bool:
    """Channels in fours, and sums and shifts as depthwise_window.S wants them."""
    p = call.params
    given = p["bias"] is not None and p["per_channel"] == 1
    return given and spatial.depthwise_window(call) and bool((p["shift"] < 0).all() and (p["shift"] >= -30).all())


def own_layout(kernel: str, *files: str, accepts: Callable[[Call], bool] = always) -> Variant:
    """Takes the model's own constants."""
    return Variant(
        kernel=kernel,
        isa="riscv",
        name=f"{kernel}_riscv",
        files=(f"riscv/{kernel}.c", *files),
        header="riscv/kernels.h",
        struct=KERNELS[kernel].struct,
        accepts=accepts,
    )


VARIANTS: tuple[Variant, ...] = (
    *(convolution(outputs, in_place) for in_place in (True, False) for outputs in ("thirds", "signed", "long")),
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
        name="fully_connected_thirds_riscv",
        files=("riscv/fully_connected_thirds.c",),
        header="riscv/kernels.h",
        struct=FULLY_CONNECTED_THIRDS,
        accepts=fc_thirds_accepts,
        pack=fc_thirds_pack,
        dear=True,
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
        pack=armv7m.fc_pack,
        instructions=3.2,
        cycles=3.2,
    ),
    Variant(
        kernel="add",
        isa="riscv",
        name="add_linear_riscv",
        files=("riscv/add_linear.c",),
        header="riscv/kernels.h",
        struct=CStruct("nn_add_linear_riscv_t", spatial.ADD_LINEAR.fields),
        accepts=lambda call: spatial.add_linear(call) is not None,
        pack=spatial.add_pack,
        in_place=True,
    ),
    own_layout("conv_2d"),
    own_layout("depthwise_conv_2d", "riscv/depthwise_window.S", accepts=depthwise_own),
    own_layout("fully_connected"),
)
