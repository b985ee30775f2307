"""CONV_2D, FULLY_CONNECTED and DEPTHWISE_CONV_2D of int16 on Cortex-M55."""

from gen.compiler.arena import aligned
from gen.compiler.kernels.variant import Variant
from gen.compiler.kernels.wide import (
    CONV_2D_FOURS,
    HEADER,
    LANES,
    PIXELS,
    accepts,
    accepts_depthwise,
    depth,
    pack_fours,
    upper_parts_fit,
)
from gen.model.ops import conv_2d_int16, depthwise_conv_2d_int16
from gen.model.ops.operator import Call


def scratch_bytes(call: Call) -> int:
    """Sums of channels in fours, and windows of int16."""
    p = call.params
    return aligned(4 * PIXELS * (p["out_c"] + -p["out_c"] % LANES) + 2 * PIXELS * depth(p))


VARIANTS = (
    Variant(
        kernel=conv_2d_int16.NAME,
        isa="mve",
        name="conv_2d_int16_mve",
        files=("mve/conv_2d_int16.c",),
        header=HEADER,
        struct=CONV_2D_FOURS,
        accepts=lambda call: accepts(call) and upper_parts_fit(call.params),
        pack=pack_fours,
        scratch_bytes=scratch_bytes,
        instructions=0.35,
        cycles=0.6,
    ),
    Variant(
        kernel=depthwise_conv_2d_int16.NAME,
        isa="mve",
        name="depthwise_conv_2d_int16_mve",
        files=("mve/depthwise_conv_2d_int16.c",),
        header=HEADER,
        struct=CONV_2D_FOURS,
        accepts=lambda call: accepts_depthwise(call) and upper_parts_fit(call.params),
        pack=pack_fours,
        instructions=2.7,
        cycles=4.0,
    ),
)
