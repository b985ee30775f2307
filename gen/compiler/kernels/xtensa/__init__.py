"""Variants for Xtensa cores with 32-bit multiplication: the lx106, and the ESP32's LX6, which has its instructions."""

from gen.compiler.kernels.variant import Variant
from gen.compiler.kernels.xtensa import depthwise, elementwise, gemm

VARIANTS: tuple[Variant, ...] = (*gemm.VARIANTS, *depthwise.VARIANTS, *elementwise.VARIANTS)
