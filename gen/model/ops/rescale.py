"""The kernel that brings int8, int16 or int32 from one scale to another and clamps, with other numbers below zero where
an operator has a slope there: QUANTIZE of and to wider types; ABS, LEAKY_RELU, RELU and RELU6 of int16."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.model.fixed_point import multiply_by_quantized_multiplier
from gen.model.graph import DTYPES, Array, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, numbers
from gen.model.ops.typed import NUMBERS

ALIKE, NEGATED, ABSOLUTE = range(3)  # what becomes of v < 0, by r() of its own: r(v), -r(v), r(-v)
DTYPE_OF = {number: DTYPES[name] for name, number in NUMBERS.items()}


def rescale_call(
    op: Op,
    x: Tensor,
    y: Tensor,
    rescaling: tuple[int, int],
    *,
    below: tuple[int, int] | None = None,
    how: int = ALIKE,
    act_range: tuple[int, int] | None = None,
) -> Call:
    """rescaling: multiplier and shift; below: those of what is below zero. act_range: if not all of y's type."""
    limits = np.iinfo(DTYPES[y.dtype])
    act_min, act_max = act_range or (int(limits.min), int(limits.max))
    below = rescaling if below is None else below
    params = {
        "count": x.elements,
        "multiplier": rescaling[0], "shift": rescaling[1], "below_multiplier": below[0], "below_shift": below[1],
        "input_offset": -x.zero_point, "output_offset": y.zero_point, "act_min": act_min, "act_max": act_max,
        "x_type": NUMBERS[x.dtype], "y_type": NUMBERS[y.dtype], "below": how,
    }  # fmt: skip
    return Call(op, "rescale", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    value = inputs[0].astype(np.int32) + np.int32(p["input_offset"])
    above = multiply_by_quantized_multiplier(value, p["multiplier"], p["shift"])
    under = -value if p["below"] == ABSOLUTE else value
    under = multiply_by_quantized_multiplier(under, p["below_multiplier"], p["below_shift"])
    scaled = np.where(value >= 0, above, -under if p["below"] == NEGATED else under) + np.int32(p["output_offset"])
    return np.clip(scaled, p["act_min"], p["act_max"]).astype(DTYPE_OF[p["y_type"]])


KERNEL = Kernel(
    "rescale",
    CStruct(
        "nn_rescale_t",
        numbers("int32_t", "count multiplier below_multiplier input_offset output_offset act_min act_max")
        + numbers("int8_t", "shift below_shift")
        + numbers("uint8_t", "x_type y_type below"),
        "conversion",
    ),
    reference,
    in_place=True,
)
