"""The kernel that brings int8 from one scale and zero point to another and clamps: RELU, RELU6, QUANTIZE from int8."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from gen.graph import Array, Op, Tensor
from gen.ops.operator import Call, CStruct, Kernel, numbers

IDENTITY = (1 << 30, 1)  # the multiplier and shift that change no value
MAX_SHIFT = 22  # beyond it TFLM shifts 9-bit differences out of int32, which C leaves undefined


def rescale(op: Op, x: Tensor, y: Tensor) -> tuple[int, int]:
    """(multiplier, shift) of input scale / output scale, in double as TFLM computes it. Raises UnsupportedOp."""
    multiplier, shift = quantize_multiplier(x.scale / y.scale)
    if shift > MAX_SHIFT:
        raise UnsupportedOp(
            f"{op} has an input scale of {x.scale:g} and an output scale of {y.scale:g}, which is too far apart for "
            "int32: quantize the model again with representative data."
        )
    return multiplier, shift


def requantize_call(
    op: Op,
    x: Tensor,
    y: Tensor,
    *,
    rescaling: tuple[int, int],
    zero_points: tuple[int, int],
    act_range: tuple[int, int],
) -> Call:
    """rescaling: multiplier and shift. zero_points: of input and output. act_range: act_min and act_max."""
    params = {
        "count": x.elements,
        "multiplier": rescaling[0], "shift": rescaling[1],
        "input_offset": -zero_points[0], "output_offset": zero_points[1],
        "act_min": act_range[0], "act_max": act_range[1],
    }  # fmt: skip
    return Call(op, "requantize", params, (x.index,), y.index)


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].astype(np.int32) + p["input_offset"]
    y = multiply_by_quantized_multiplier(x, p["multiplier"], p["shift"]) + p["output_offset"]
    result: Array = np.clip(y, p["act_min"], p["act_max"]).astype(np.int8)
    return result


KERNEL = Kernel(
    "requantize",
    CStruct(
        "nn_requantize_t",
        numbers("int32_t", "count multiplier")
        + numbers("int16_t", "input_offset output_offset act_min act_max")
        + numbers("int8_t", "shift"),
    ),
    reference,
)
