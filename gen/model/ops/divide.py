"""The arithmetic of DIV, a row of binary.py: the first operand times gemmlowp's reciprocal of the second one.

A division by 0 and a shift by more than 31 bits, of 0 or a step of the first operand, are undefined in C: here they are
what the x86 build of tflite-micro makes of them, on which an Arm build of TFLM may differ."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import (
    one_over_one_plus_x,
    quantize_multiplier,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
)
from gen.model.graph import Array, Op, Tensor

MIN_SHIFT, MAX_SHIFT = -24, 22  # between them all shifts of 32-bit values are by 0 to 63 bits
OF_ZERO = -1515870788  # the reciprocal of 0


def scaling(op: Op, x1: Tensor, x2: Tensor, y: Tensor) -> Mapping[str, int]:
    multiplier, shift = quantize_multiplier(x1.scale / (x2.scale * y.scale))
    if not MIN_SHIFT <= shift <= MAX_SHIFT:
        raise UnsupportedOp(
            f"{op} has input scales {x1.scale:g} and {x2.scale:g} and an output scale of {y.scale:g}, so far apart "
            "that TFLM leaves quotients undefined: quantize the model again with representative data."
        )
    return {
        "offset1": -x1.zero_point, "offset2": -x2.zero_point, "output_offset": y.zero_point,
        "output_multiplier": multiplier, "output_shift": shift,
    }  # fmt: skip


def _bits(values: Array) -> Array:
    """How many bits each takes, of none below 0."""
    lengths = np.array([n.bit_length() for n in range(513)])
    return np.asarray(lengths[values])


def quotient(p: Mapping[str, Any], a: Array, b: Array) -> Array:
    """int32, before it is clamped."""
    x1, x2 = (a + p["offset1"]).astype(np.int64), (b + p["offset2"]).astype(np.int64)
    x1, x2 = np.where(x2 < 0, -x1, x1), np.abs(x2)
    zeros = 32 - _bits(x2)
    fraction = np.where(x2 == 0, 0, (x2 << zeros) - (1 << 31)).astype(np.int32)
    inverse = np.where(x2 == 0, OF_ZERO, one_over_one_plus_x(fraction))
    room = np.where(x1 == 0, 31, 31 - _bits(np.where(x1 < 0, ~x1, x1)))
    product = rounding_doubling_high_mul((x1 << room).astype(np.int32), inverse)
    product = rounding_doubling_high_mul(product, p["output_multiplier"])
    shift = room + 31 - zeros - p["output_shift"]
    beyond = (product >> np.clip(shift - 32, 0, 31)) + (product >= 0)
    rounded = rounding_divide_by_pot(product, np.clip(shift, 0, 31))
    result: Array = np.where(shift > 31, beyond, rounded) + p["output_offset"]
    return result
