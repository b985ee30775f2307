"""Variants for Cortex-M55: MVE, eight or sixteen lanes."""

from gen.compiler.kernels import elementwise, matrices, recurrent
from gen.compiler.kernels.mve import gemm, lstm, spatial, wide
from gen.compiler.kernels.variant import Variant

VARIANTS: tuple[Variant, ...] = (
    *gemm.VARIANTS,
    *spatial.VARIANTS,
    *elementwise.variants("mve", "mve/elementwise.h", add="add_rows"),
    matrices.MVE,
    *lstm.VARIANTS,
    *wide.VARIANTS,
    *recurrent.variants("mve"),
)
