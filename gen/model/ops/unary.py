"""The family of unary element-wise operators on int8: each has 256 possible answers, so its kernel is a table of them,
made here with TFLM's arithmetic. Each is a row of ROWS; there is no C to an operator. What TFLM has of them on int16 is
in unary_int16.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import (
    INT32_MAX,
    exp_on_negative_values,
    input_radius,
    inverse_square_root,
    multiply_by_quantized_multiplier,
    one_minus_x_over_one_plus_x,
    one_over_one_plus_x,
    quantize_multiplier,
    rounding_divide_by_pot,
)
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops import unary_int16
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, int8_array, numbers
from gen.model.ops.quantized import require_int8_or_int16, require_shape, require_types
from gen.model.ops.requantize import require_shift, rescale

X = np.arange(-128, 128, dtype=np.int32)  # every input
INPUT_BITS = 4  # the scaled input of LOGISTIC and TANH is in Q4.27
RSQRT_BITS = 20  # behind the point of a reciprocal root
THREE_32768THS = float(np.float32(3 / 32768))  # HARD_SWISH's 3, where 1 is a bit of int16


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
    # The type of input and output; bool has no scale.
    dtype: str = "int8"
    # As Operator's.
    nodes: tuple[str, ...] = ()


def logistic(op: Op, x: Tensor, y: Tensor) -> Array:
    """gemmlowp's logistic function of Q4.27, rounded to the output's scale, which TFLite fixes."""
    require_output(op, y, 1 / 256, -128)
    low, high, scaled = _in_q4(op, x)
    positive = one_over_one_plus_x(exp_on_negative_values(-np.abs(scaled), INPUT_BITS))
    value = np.where(scaled > 0, positive, INT32_MAX - positive)
    rounded = rounding_divide_by_pot(np.where(scaled == 0, 1 << 30, value), 31 - 8) - 128
    return np.where(low, -128, np.where(high, 127, rounded))


def tanh(op: Op, x: Tensor, y: Tensor) -> Array:
    """gemmlowp's tanh of Q4.27, rounded to the output's scale, which TFLite fixes."""
    require_output(op, y, 1 / 128, 0)
    low, high, scaled = _in_q4(op, x)
    positive = one_minus_x_over_one_plus_x(exp_on_negative_values(-np.abs(scaled), INPUT_BITS + 1))
    rounded = rounding_divide_by_pot(np.where(scaled < 0, -positive, np.where(scaled == 0, 0, positive)), 31 - 7)
    return np.where(low, -128, np.where(high, 127, rounded))


def _in_q4(op: Op, x: Tensor) -> tuple[Array, Array, Array]:
    """(which inputs are below Q4.27, which above, the others in it). Raises UnsupportedOp."""
    real = x.scale * 2 ** (31 - INPUT_BITS)
    if real < 0.5:
        raise UnsupportedOp(f"{op} has input scale {x.scale:g}: below 2**-28 all outputs are the same, remove it.")
    multiplier, shift = quantize_multiplier(real)
    radius, difference = input_radius(INPUT_BITS, real), X - np.int32(x.zero_point)
    low, high = difference <= -radius, difference >= radius  # a radius of 0 is both: TFLM looks at low first
    return low, high, multiply_by_quantized_multiplier(np.where(low | high, 0, difference), multiplier, shift)


def absolute(op: Op, x: Tensor, y: Tensor) -> Array:
    rescaled: Array = multiply_by_quantized_multiplier(np.abs(X - x.zero_point), *rescale(op, x, y))
    return rescaled + y.zero_point


def leaky_relu(op: Op, x: Tensor, y: Tensor) -> Array:
    """A negative slope is applied by its absolute value, and the result negated."""
    slope, difference = op.options["Alpha"], X - np.int32(x.zero_point)
    multiplier, shift = require_shift(op, x, y, quantize_multiplier(x.scale * abs(slope) / y.scale))
    below = multiply_by_quantized_multiplier(difference, multiplier, shift) * (1 if slope >= 0 else -1)
    above = multiply_by_quantized_multiplier(difference, *rescale(op, x, y))
    return np.where(difference < 0, below, above) + y.zero_point


def hard_swish(op: Op, x: Tensor, y: Tensor) -> Array:
    """x * relu6(x + 3) / 6 in int16, where the input has 7 bits more."""
    wide = ((X - x.zero_point) << 7).astype(np.int32)
    output_multiplier, output_shift = _of_int16(x.scale / 128 / y.scale)
    gate_multiplier, gate_shift = _of_int16(x.scale / 128 / THREE_32768THS)
    if output_shift > 0:
        raise UnsupportedOp(
            f"{op} has an output scale of {y.scale:g}, finer than a 128th of its input's, which TFLM refuses: quantize "
            "the model again with representative data."
        )
    value = _high_mul16(wide, output_multiplier)
    gate = _int16(wide << max(gate_shift - 1, 0)) if gate_shift > 0 else wide
    gate = _high_mul16(gate, gate_multiplier)
    gate = _int16(gate << 1) if gate_shift > 0 else rounding_divide_by_pot(gate, -gate_shift)
    product = ((gate + 2**15) >> 1) * value
    quotient = np.where(product >= 0, product >> 15, -((-product) >> 15)).astype(np.int32)
    return rounding_divide_by_pot(quotient, -output_shift) + y.zero_point


def _of_int16(real: float) -> tuple[int, int]:
    multiplier, shift = quantize_multiplier(real)
    return min((multiplier + 2**15) >> 16, 2**15 - 1), shift


def _int16(values: Array) -> Array:
    return np.clip(values, -(2**15), 2**15 - 1).astype(np.int32)


def _high_mul16(a: Array, b: int) -> Array:
    """gemmlowp's SaturatingRoundingDoublingHighMul of int16."""
    product = a.astype(np.int64) * b
    nudged = product + np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    return np.where(nudged >= 0, nudged >> 15, -((-nudged) >> 15)).astype(np.int32)


def elu(op: Op, x: Tensor, y: Tensor) -> Array:
    """In float32, as TFLM makes its table; e**x as the C library has it, rounded once."""
    real = np.float32(x.scale) * (X - x.zero_point).astype(np.float32)
    power = np.exp(np.minimum(real, 0).astype(np.float64)).astype(np.float32)
    steps = np.where(real < 0, power - np.float32(1), real) * (np.float32(1) / np.float32(y.scale))
    rounded = np.trunc(steps + np.copysign(np.float32(0.5), steps)).clip(-512, 512)
    return (rounded + y.zero_point).astype(np.int32)


def rsqrt(op: Op, x: Tensor, y: Tensor) -> Array:
    """1 / sqrt(x); of 0 the highest value. TFLM ends with an error below 0, so that has to be impossible."""
    if x.zero_point != -128:
        raise UnsupportedOp(
            f"{op} has an input with zero point {x.zero_point}, which may be below 0, where TFLM ends with an error: "
            "quantize the model again with representative data."
        )
    answers = [127]
    multiplier, shift = quantize_multiplier(1 / (sqrt(x.scale) * y.scale))
    for value in range(1, 256):
        root, root_shift = inverse_square_root(value)
        unit = multiply_by_quantized_multiplier(np.array(1, np.int32), root, root_shift + RSQRT_BITS)
        scaled = multiply_by_quantized_multiplier(unit, multiplier, shift - RSQRT_BITS)
        answers.append(int(scaled) + y.zero_point)
    return np.array(answers, np.int32)


def logical_not(op: Op, x: Tensor, y: Tensor) -> Array:
    return np.where(X == 0, 1, 0)


def require_output(op: Op, y: Tensor, scale: float, zero_point: int) -> None:
    """Raise UnsupportedOp unless the output has the scale and zero point that TFLite fixes."""
    if (y.scale, y.zero_point) != (scale, zero_point):
        raise UnsupportedOp(
            f"{op} has output scale {y.scale:g} and zero point {y.zero_point}: TFLite fixes them to 1/{1 / scale:g} "
            f"and {zero_point}, convert the model again."
        )


ROWS = (
    Row("abs", "Abs", absolute),
    Row("elu", "Elu", elu),
    Row("hard_swish", "HardSwish", hard_swish),
    Row("leaky_relu", "LeakyRelu", leaky_relu, "LeakyReluOptions", {"Alpha": 0.0}),
    Row("logical_not", "LogicalNot", logical_not, dtype="bool"),
    Row("logistic", "Logistic", logistic, nodes=("sigmoid",)),
    Row("rsqrt", "Rsqrt", rsqrt),
    Row("tanh", "Tanh", tanh),
)


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    return np.asarray(p["table"], np.int8)[inputs[0].astype(np.int32) + 128]


def _operator(row: Row) -> Operator:
    def lower(graph: Graph, op: Op) -> Call:
        x, y = graph.input(op, 0), graph.output(op)
        require_shape(op, y, x.shape)
        if x.dtype == "int16" and row.name in unary_int16.CALLS:
            require_int8_or_int16(op, x, y)
            return unary_int16.CALLS[row.name][1](op, x, y)
        require_types(op, row.dtype, x, y)
        table = int8_array(np.clip(row.answers(op, x, y), -128, 127))
        return Call(op, "lut", {"count": x.elements, "table": tuple(table.tolist())}, (x.index,), (y.index,))

    kernels = ("lut", unary_int16.CALLS[row.name][0]) if row.name in unary_int16.CALLS else ("lut",)
    return Operator(
        row.name,
        row.name.upper(),
        row.tflm,
        row.options_table,
        row.options,
        lower,
        kernels,
        nodes=row.nodes,
        only_types=(row.dtype, *(("int16",) if row.name in unary_int16.CALLS else ())),
    )


KERNEL = Kernel(
    "lut",
    CStruct("nn_lut_t", numbers("int32_t", "count") + numbers("int8_t", "table[256]"), "elementwise"),
    reference,
    in_place=True,
)
OPERATORS = tuple(map(_operator, ROWS))
