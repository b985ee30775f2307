"""LOGISTIC: int8 in and out, output scale 1/256 and zero point -128 as TFLite fixes them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import (
    INT32_MAX,
    exp_on_negative_values,
    input_radius,
    multiply_by_quantized_multiplier,
    one_over_one_plus_x,
    quantize_multiplier,
    rounding_divide_by_pot,
)
from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_shape

INPUT_BITS = 4  # the scaled input is in Q4.27


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_int8(op, x, y)
    require_shape(op, y, x.shape)
    if y.scale != 1 / 256 or y.zero_point != -128:
        raise UnsupportedOp(
            f"{op} has output scale {y.scale:g} and zero point {y.zero_point}: TFLite fixes them to 1/256 and -128, "
            "convert the model again."
        )
    real = x.scale * 2 ** (31 - INPUT_BITS)
    if real < 0.5:
        raise UnsupportedOp(f"{op} has input scale {x.scale:g}: below 2**-28 all outputs are the same, remove it.")
    multiplier, shift = quantize_multiplier(real)
    radius = input_radius(INPUT_BITS, real)  # from here on, in input steps, the output is saturated
    params = {
        "count": x.elements, "multiplier": multiplier, "range_radius": radius, "input_offset": -x.zero_point,
        "shift": shift,
    }  # fmt: skip
    return Call(op, "logistic", params, (x.index,), y.index)


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].astype(np.int32) + np.int32(p["input_offset"])
    low, high = x <= -p["range_radius"], x >= p["range_radius"]
    scaled = multiply_by_quantized_multiplier(np.where(low | high, 0, x), p["multiplier"], p["shift"])
    positive = one_over_one_plus_x(exp_on_negative_values(-np.abs(scaled), INPUT_BITS))
    value = np.where(scaled > 0, positive, INT32_MAX - positive)
    value = np.where(scaled == 0, 1 << 30, value).astype(np.int32)
    y = np.clip(rounding_divide_by_pot(value, 31 - 8) - 128, -128, 127)
    return np.where(low, -128, np.where(high, 127, y)).astype(np.int8)


KERNEL = Kernel(
    "logistic",
    CStruct(
        "nn_logistic_t",
        numbers("int32_t", "count multiplier range_radius")
        + numbers("int16_t", "input_offset")
        + numbers("int8_t", "shift"),
    ),
    reference,
    in_place=True,
)
OPERATOR = Operator("logistic", "LOGISTIC", "Logistic", None, {}, lower, interpreter=("logistic",))
