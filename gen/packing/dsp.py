"""Variants for Cortex-M4, M7 and M33: dual 16-bit multiply-accumulate."""

from gen.packing import dsp_gemm, dsp_spatial, dsp_winograd
from gen.packing.variant import Variant

VARIANTS: tuple[Variant, ...] = (*dsp_winograd.VARIANTS, *dsp_gemm.VARIANTS, *dsp_spatial.VARIANTS)
