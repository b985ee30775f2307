"""Variants for Cortex-M55: MVE, eight or sixteen lanes."""

from gen.packing import mve_gemm, mve_spatial
from gen.packing.variant import Variant

VARIANTS: tuple[Variant, ...] = (*mve_gemm.VARIANTS, *mve_spatial.VARIANTS)
