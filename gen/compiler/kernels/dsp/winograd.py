"""CONV_2D of 3x3 windows and stride 1 on Cortex-M4, M7 and M33 by Winograd's F(2x2, 3x3).

firmware/kernels/dsp/winograd.S says how; the transformed filters, 16/9 as many and int16, are constants, or made from
the model's own at run time where the arena has scratch for them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.compiler.arena import aligned
from gen.compiler.kernels.channels import Channels
from gen.compiler.kernels.common import given, is_dense
from gen.compiler.kernels.dsp.byte_pairs import fit, halves, interleaved, linear
from gen.compiler.kernels.dsp.gemm import WIDE_SUM_BITS
from gen.compiler.kernels.variant import Variant
from gen.model.ops.operator import Call, CStruct, numbers, pointers

CONV_2D_WINOGRAD = CStruct(
    "nn_conv_2d_winograd_dsp_t",
    pointers("int32_t", "stream ends")
    + pointers("int8_t", "filters")
    + numbers("int16_t", "pad_value act_min act_max")
    + numbers("uint16_t", "batches in_h in_w in_c out_h out_w out_c pad_top pad_left linear")
    + numbers("uint16_t", "block_c keep_input"),
)
FILES = ("dsp/winograd.c", "dsp/winograd.S")
# The transform of filters down a column and along a row, in the order of winograd.S.
DOWN = np.array([[1, 1, 1], [1, -1, 1], [1, 0, 0], [0, 0, 1]], np.int64)
ALONG = np.array([[1, 1, 1], [1, -1, 1], [2, 0, 0], [0, 0, 2]], np.int64)
MAX_CHANNELS = 64  # of winograd.S
PIXELS = 24  # a window of 4 x 6
POSITION_BYTES = 32  # all positions of one int16
# Instructions, roughly: for each four channels of two tiles' input; for each four inputs of a filter; for two tiles by
# two output channels, for each four inputs and besides.
INPUT, FILTER, SUMS, OUTPUTS = 330, 165, 160, 300
MAX_PER_MAC = 0.7  # instructions: with more the convolution is left to other variants


@dataclass(frozen=True)
class Layout:
    """How a convolution without transformed filters uses its scratch."""

    # Channels whose filters are in it at a time.
    block_c: int
    # Whether the whole transformed input is in it too; else one pair of tiles, as often as there are blocks.
    keep_input: bool
    scratch_bytes: int
    instructions: int


def accepts(call: Call) -> bool:
    p = call.params
    ones = ("stride_h", "stride_w", "dilation_h", "dilation_w")
    return (
        (p["k_h"], p["k_w"]) == (3, 3)
        and all(p[name] == 1 for name in ones)
        and is_dense(p)
        and p["in_c"] <= MAX_CHANNELS
        and (p["in_c"] % 4, p["out_c"] % 2, p["out_h"] % 2, p["out_w"] % 4) == (0, 0, 0, 0)
        and fit(Channels.of(p, p["weights"]), WIDE_SUM_BITS)
    )


def pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    c = Channels.of(p, p["weights"])
    filters = c.weights.reshape(-1, 3, 3, p["in_c"])
    transformed = np.einsum("ia,oabc,jb->ijoc", DOWN, filters, ALONG)
    words = halves(interleaved(transformed))  # row, column, channel, words
    pairs = words.reshape(16, p["out_c"] // 2, 2, -1, 2).transpose(1, 0, 3, 2, 4)
    return _params(p, c) | {"stream": pairs.ravel(), "filters": None, "block_c": p["out_c"], "keep_input": 0}


def scratch_bytes(call: Call) -> int:
    """A transformed pair of tiles and its window."""
    in_c = call.params["in_c"]
    return aligned(2 * POSITION_BYTES * in_c + PIXELS * in_c)


def _params(p: Mapping[str, Any], c: Channels) -> dict[str, Any]:
    found = linear(p, c, 2)
    is_linear = bool(found[:, 3].all())
    ends = np.stack([4 * c.bias + 2 * found[:, 0], found[:, 1], found[:, 2], c.e], 1)
    if not is_linear:
        ends = np.stack([4 * c.bias, c.multiplier, (2 * p["output_offset"] + 1) << (c.e - 1), c.e - 1], 1)
    return given(CONV_2D_WINOGRAD.fields, p) | {
        "ends": ends.astype(np.int32).ravel(),
        "pad_value": -p["input_offset"],
        "linear": int(is_linear),
    }


def layouts(p: Mapping[str, Any], budget: int) -> Iterator[Layout]:
    """What fits: with the input kept, and not."""
    in_c, out_c, pairs = p["in_c"], p["out_c"], p["out_h"] * p["out_w"] // 8
    fixed = FILTER * out_c * in_c // 4 + (SUMS * in_c // 4 + OUTPUTS) * pairs * out_c // 2
    filter_bytes, window = POSITION_BYTES * in_c, PIXELS * in_c
    for keep_input in (True, False):
        tiles = 2 * POSITION_BYTES * in_c * (pairs if keep_input else 1)
        # The window lies where the filters will be, if all the input is transformed before them.
        beside = 0 if keep_input else window
        block_c = min((budget - tiles - beside) // filter_bytes // 2 * 2, out_c)
        if block_c > 0:
            blocks = -(-out_c // block_c)
            block_c = -(-out_c // blocks // 2) * 2
            size = aligned(tiles + beside + block_c * filter_bytes)
            yield Layout(block_c, keep_input, size, fixed + INPUT * pairs * in_c // 4 * (1 if keep_input else blocks))


def layout(call: Call, in_place: bool) -> Layout | None:
    """The fastest of those that fit, if it is faster than other variants."""
    p, budget = call.params, call.scratch_budget_in_place if in_place else call.scratch_budget
    found = [each for each in layouts(p, budget) if each.keep_input or not in_place]
    best = min(found, key=lambda each: (each.instructions, each.scratch_bytes), default=None)
    macs = p["out_h"] * p["out_w"] * p["out_c"] * 9 * p["in_c"]
    return best if best is not None and best.instructions < MAX_PER_MAC * macs else None


def int8_accepts(call: Call) -> bool:
    return accepts(call) and layout(call, False) is not None


def in_place_accepts(call: Call) -> bool:
    p = call.params
    same = (p["in_h"], p["in_w"], p["in_c"]) == (p["out_h"], p["out_w"], p["out_c"])
    return same and accepts(call) and layout(call, True) is not None


def _int8(name: str, in_place: bool) -> Variant:
    """Transforms the model's own filters at run time."""

    def chosen(call: Call) -> Layout:
        found = layout(call, in_place)
        assert found is not None
        return found

    def pack_int8(call: Call) -> Mapping[str, Any]:
        p, found = call.params, chosen(call)
        c = Channels.of(p, p["weights"])
        filters = {"stream": None, "filters": c.weights.astype(np.int8).ravel()}
        return _params(p, c) | filters | {"block_c": found.block_c, "keep_input": int(found.keep_input)}

    return Variant(
        kernel="conv_2d",
        isa="dsp",
        name=name,
        files=("dsp/conv_2d_winograd_int8.c", "dsp/winograd_filter.S", *FILES),
        header="dsp/winograd.h",
        struct=CONV_2D_WINOGRAD,
        accepts=in_place_accepts if in_place else int8_accepts,
        pack=pack_int8,
        scratch_bytes=lambda call: chosen(call).scratch_bytes,
        in_place=in_place,
        instructions=0.47,
        cycles=0.80,
    )


VARIANTS: tuple[Variant, ...] = (
    Variant(
        kernel="conv_2d",
        isa="dsp",
        name="conv_2d_winograd_dsp",
        files=("dsp/conv_2d_winograd.c", *FILES),
        header="dsp/winograd.h",
        struct=CONV_2D_WINOGRAD,
        accepts=accepts,
        pack=pack,
        scratch_bytes=scratch_bytes,
        larger_constants=True,
        instructions=0.42,
        cycles=0.72,
    ),
    _int8("conv_2d_winograd_int8_in_place_dsp", True),
    _int8("conv_2d_winograd_int8_dsp", False),
)
