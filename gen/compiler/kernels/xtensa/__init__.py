"""Variants for Xtensa cores with 32-bit multiplication: the lx106, and the ESP32's LX6, which has its instructions."""

from gen.compiler.kernels import add_linear
from gen.compiler.kernels.common import is_average_in_fours
from gen.compiler.kernels.variant import Variant, own_layout
from gen.compiler.kernels.xtensa import depthwise, gemm

VARIANTS: tuple[Variant, ...] = (
    *gemm.VARIANTS,
    *depthwise.VARIANTS,
    *add_linear.variants("xtensa", "xtensa/add_linear.c", "xtensa/kernels.h", add_linear.LOWER_WORD),
    own_layout(
        "average_pool_2d",
        "xtensa",
        "xtensa/average_pool_2d.c",
        header="xtensa/kernels.h",
        accepts=lambda call: is_average_in_fours(call.params),
    ),
)
