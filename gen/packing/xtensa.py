"""Variants for Xtensa cores with 32-bit multiplication: the lx106, and the ESP32's LX6, which has its instructions."""

from gen.packing import xtensa_depthwise, xtensa_elementwise, xtensa_gemm
from gen.packing.variant import Variant

VARIANTS: tuple[Variant, ...] = (*xtensa_gemm.VARIANTS, *xtensa_depthwise.VARIANTS, *xtensa_elementwise.VARIANTS)
