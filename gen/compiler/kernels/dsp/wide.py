"""CONV_2D, FULLY_CONNECTED and DEPTHWISE_CONV_2D of int16 on Cortex-M4, M7 and M33."""

from gen.compiler.arena import aligned
from gen.compiler.kernels.variant import Variant, own_layout
from gen.compiler.kernels.wide import CONV_2D, HEADER, PIXELS, accepts, accepts_depthwise, depth, pack
from gen.model.ops import conv_2d_int16, depthwise_conv_2d_int16
from gen.model.ops.operator import Call


def scratch_bytes(call: Call) -> int:
    """Windows of int16, packed, and as they are where channels are not in fours; and sums, of channels in pairs."""
    p, values = call.params, depth(call.params)
    sums = 4 * PIXELS * (p["out_c"] + p["out_c"] % 2)
    return aligned(2 * PIXELS * (values - values % 4 + (values if p["in_c"] % 4 else 0)) + sums)


VARIANTS = (
    Variant(
        kernel=conv_2d_int16.NAME,
        isa="dsp",
        name="conv_2d_int16_ends_dsp",
        files=("dsp/conv_2d_int16_ends.c",),
        header=HEADER,
        struct=CONV_2D,
        accepts=accepts,
        pack=pack,
        scratch_bytes=scratch_bytes,
        instructions=1.3,
        cycles=2.0,
    ),
    Variant(
        kernel=depthwise_conv_2d_int16.NAME,
        isa="dsp",
        name="depthwise_conv_2d_int16_dsp",
        files=("dsp/depthwise_conv_2d_int16.c",),
        header=HEADER,
        struct=CONV_2D,
        accepts=accepts_depthwise,
        pack=pack,
        instructions=6.5,
        cycles=9.0,
    ),
    own_layout(conv_2d_int16.NAME, "dsp", "dsp/conv_2d_int16.c", header="nn.h"),
)
