"""Variants for Cortex-M4, M7 and M33: dual 16-bit multiply-accumulate."""

from gen.compiler.kernels import elementwise, matrices, recurrent
from gen.compiler.kernels.dsp import gemm, lstm, spatial, wide, winograd
from gen.compiler.kernels.variant import Variant

VARIANTS: tuple[Variant, ...] = (
    *winograd.VARIANTS,
    *gemm.VARIANTS,
    *spatial.VARIANTS,
    *elementwise.variants("dsp", "dsp/elementwise.h"),
    matrices.DSP,
    *lstm.VARIANTS,
    *wide.VARIANTS,
    *recurrent.variants("dsp"),
)
