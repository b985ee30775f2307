"""The family of unary element-wise operators on int8: each has 256 possible answers, so its kernel is a table of them,
made here with TFLM's arithmetic. Each is a row of ROWS; there is no C to an operator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import (
    exp_on_negative_values,
    input_radius,
    multiply_by_quantized_multiplier,
    one_minus_x_over_one_plus_x,
    quantize_multiplier,
    rounding_divide_by_pot,
)
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, int8_array, numbers
from gen.model.ops.quantized import require_int8, require_shape

X = np.arange(-128, 128, dtype=np.int32)  # every input
INPUT_BITS = 4  # TANH's scaled input is in Q4.27


@dataclass(frozen=True)
class Row:
    """One operator."""

    name: str
    # MicroMutableOpResolver's Add method, without the Add.
    tflm: str
    # (operator, input, output) -> the int32 answers to X, which may be beyond int8. Raises UnsupportedOp.
    answers: Callable[[Op, Tensor, Tensor], Array]
    # As Operator's.
    options_table: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def tanh(op: Op, x: Tensor, y: Tensor) -> Array:
    """gemmlowp's tanh of Q4.27, rounded to the output's scale, which TFLite fixes."""
    require_output(op, y, 1 / 128, 0)
    real = x.scale * 2 ** (31 - INPUT_BITS)
    if real < 0.5:
        raise UnsupportedOp(f"{op} has input scale {x.scale:g}: below 2**-28 all outputs are the same, remove it.")
    multiplier, shift = quantize_multiplier(real)
    radius, difference = input_radius(INPUT_BITS, real), X - np.int32(x.zero_point)
    low, high = difference <= -radius, difference >= radius  # a radius of 0 is both: TFLM looks at low first
    scaled = multiply_by_quantized_multiplier(np.where(low | high, 0, difference), multiplier, shift)
    positive = one_minus_x_over_one_plus_x(exp_on_negative_values(-np.abs(scaled), INPUT_BITS + 1))
    rounded = rounding_divide_by_pot(np.where(scaled < 0, -positive, np.where(scaled == 0, 0, positive)), 31 - 7)
    return np.where(low, -128, np.where(high, 127, rounded))


def require_output(op: Op, y: Tensor, scale: float, zero_point: int) -> None:
    """Raise UnsupportedOp unless the output has the scale and zero point that TFLite fixes."""
    if (y.scale, y.zero_point) != (scale, zero_point):
        raise UnsupportedOp(
            f"{op} has output scale {y.scale:g} and zero point {y.zero_point}: TFLite fixes them to 1/{1 / scale:g} "
            f"and {zero_point}, convert the model again."
        )


ROWS = (Row("tanh", "Tanh", tanh),)


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    return np.asarray(p["table"], np.int8)[inputs[0].astype(np.int32) + 128]


def _operator(row: Row) -> Operator:
    def lower(graph: Graph, op: Op) -> Call:
        x, y = graph.input(op, 0), graph.output(op)
        require_int8(op, x, y)
        require_shape(op, y, x.shape)
        table = int8_array(np.clip(row.answers(op, x, y), -128, 127))
        return Call(op, "lut", {"count": x.elements, "table": tuple(table.tolist())}, (x.index,), y.index)

    return Operator(row.name, row.name.upper(), row.tflm, row.options_table, row.options, lower, kernels=("lut",))


KERNEL = Kernel(
    "lut",
    CStruct("nn_lut_t", numbers("int32_t", "count") + numbers("int8_t", "table[256]")),
    reference,
    in_place=True,
)
OPERATORS = tuple(map(_operator, ROWS))
