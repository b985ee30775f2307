"""The kernel that brings int8, int16 or int32 from one scale to another: QUANTIZE of and to wider types; RELU and RELU6
of int16."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.model.fixed_point import multiply_by_quantized_multiplier
from gen.model.graph import DTYPES, Array, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, numbers
from gen.model.ops.typed import NUMBERS

DTYPE_OF = {number: DTYPES[name] for name, number in NUMBERS.items()}


def rescale_call(
    op: Op, x: Tensor, y: Tensor, rescaling: tuple[int, int], act_range: tuple[int, int] | None = None
) -> Call:
    """rescaling: multiplier and shift. act_range: the output's limits, where they are not its type's."""
    limits = np.iinfo(DTYPES[y.dtype])
    act_min, act_max = act_range or (int(limits.min), int(limits.max))
    params = {
        "count": x.elements, "multiplier": rescaling[0], "shift": rescaling[1],
        "input_offset": -x.zero_point, "output_offset": y.zero_point,
        "act_min": act_min, "act_max": act_max,
        "x_type": NUMBERS[x.dtype], "y_type": NUMBERS[y.dtype],
    }  # fmt: skip
    return Call(op, "rescale", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    value = inputs[0].astype(np.int32) + np.int32(p["input_offset"])
    scaled = multiply_by_quantized_multiplier(value, p["multiplier"], p["shift"]) + np.int32(p["output_offset"])
    clamped: Array = np.clip(scaled, p["act_min"], p["act_max"]).astype(DTYPE_OF[p["y_type"]])
    return clamped


KERNEL = Kernel(
    "rescale",
    CStruct(
        "nn_rescale_t",
        numbers("int32_t", "count multiplier input_offset output_offset act_min act_max")
        + numbers("int8_t", "shift")
        + numbers("uint8_t", "x_type y_type"),
        "conversion",
    ),
    reference,
    in_place=True,
    types=("int8", "int16", "int32"),
)
