"""The family of binary element-wise operators, with NumPy's broadcasting; either operand may be constant.

Each is a row of ROWS: how its scales become multipliers, and what it computes of two elements. Checks, broadcasting,
reference and struct are the family's; the C is firmware/kernels/portable/<name>.c. Source of the arithmetic: TFLM's
reference_ops, tried against it by the tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gen.errors import ModelError, UnsupportedOp
from gen.model.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops import binary_int16, binary_int32, divide
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import fused_activation, require_shape, require_types
from gen.model.ops.requantize import rescale
from gen.model.ops.shapes import merge_axes

# TFLM's headroom for the operands of a sum, of a difference that is squared, of a comparison
LEFT_SHIFT, SQUARE_SHIFT, COMPARE_SHIFT = {"int8": 20, "int16": 15}, {"int8": 7, "int16": 0}, 8
# Beyond them products leave int32: of two differences of int8 or two int16, of one with a slope, which is int8.
MAX_PRODUCT_SHIFT, MAX_SLOPE_SHIFT = {"int8": 14, "int16": 0}, {"int8": 14, "int16": 7}
MAX_AXES = 4  # of nn_binary_t, after merging
STRUCT_FIELDS = (
    numbers("int32_t", "multiplier1 multiplier2 output_multiplier dims[4] stride1[4] stride2[4]")
    + numbers("int16_t", "offset1 offset2 output_offset act_min act_max")
    + numbers("int8_t", "shift1 shift2 output_shift left_shift")
)  # fmt: skip
NUMBERS = tuple(f.name for f in STRUCT_FIELDS if f.count == 1)


@dataclass(frozen=True)
class Row:
    """One operator, and the kernel of the same name."""

    name: str
    # MicroMutableOpResolver's Add method, without the Add.
    tflm: str
    # Its table of options, if that has a fused activation.
    options_table: str | None
    # (operator, first operand, second, output) -> the fields of the struct that it needs beside the axes' and the
    # activation's. Raises UnsupportedOp.
    scaling: Callable[[Op, Tensor, Tensor, Tensor], Mapping[str, int]]
    # (parameters, int32 elements of the first operand, of the second) -> int32 before it is clamped.
    compute: Callable[[Mapping[str, Any], Array, Array], Array]
    # The types of both operands, and of the output; bool has no scale.
    x: str = "int8"
    y: str = "int8"
    # As Operator's.
    nodes: tuple[str, ...] = ()
    # As Kernel's.
    rows: Callable[[Call, int, int, int, int], tuple[Call, int, int]] | None = None
    ends_bands: bool = False
    second_sign: int = 0


def broadcast(op: Op, x1: Tensor, x2: Tensor, y: Tensor) -> dict[str, tuple[int, ...]]:
    """dims, stride1 and stride2 of nn_binary_t: neighboring axes along which the same operands advance are one.

    Raises ModelError, UnsupportedOp."""
    try:
        require_shape(op, y, np.broadcast_shapes(x1.shape, x2.shape))
    except ValueError:
        raise ModelError(
            f"{op} has operands of shapes {x1.shape} and {x2.shape}, which don't broadcast: the model file is damaged, "
            "convert it again."
        ) from None
    rank = len(y.shape)
    sizes1, sizes2 = ((1,) * (rank - len(x.shape)) + x.shape for x in (x1, x2))
    axes = merge_axes(y.shape, [(a > 1, b > 1) for a, b in zip(sizes1, sizes2, strict=True)])
    if len(axes) > MAX_AXES:
        raise UnsupportedOp(
            f"{op} broadcasts {x1.shape} with {x2.shape} in {len(axes)} alternations, more than {MAX_AXES}: "
            "reshape its inputs to fewer axes."
        )
    axes = [(1, (False, False))] * (MAX_AXES - len(axes)) + axes
    table: dict[str, tuple[int, ...]] = {"dims": tuple(dim for dim, _ in axes)}
    for operand in range(2):
        strides, step = [], 1
        for dim, advances in reversed(axes):
            strides.append(step if advances[operand] else 0)
            step *= dim if advances[operand] else 1
        table[f"stride{operand + 1}"] = tuple(reversed(strides))
    return table


def offsets(x1: Tensor, x2: Tensor, y: Tensor) -> dict[str, int]:
    return {"offset1": -x1.zero_point, "offset2": -x2.zero_point, "output_offset": y.zero_point}


def sum_scaling(op: Op, x1: Tensor, x2: Tensor, y: Tensor) -> Mapping[str, int]:
    """Both operands are brought to twice the larger scale, with LEFT_SHIFT bits of headroom."""
    twice_max_scale, left_shift = 2 * max(x1.scale, x2.scale), LEFT_SHIFT[x1.dtype]
    multiplier1, shift1 = quantize_multiplier(x1.scale / twice_max_scale)
    multiplier2, shift2 = quantize_multiplier(x2.scale / twice_max_scale)
    output_multiplier, output_shift = quantize_multiplier(twice_max_scale / ((1 << left_shift) * y.scale))
    if output_shift > 0:
        raise UnsupportedOp(
            f"{op} has input scales {x1.scale:g} and {x2.scale:g} and an output scale of {y.scale:g}, more than "
            f"2**{left_shift - 1} apart, which TFLM refuses: quantize the model again with representative data."
        )
    return {
        **offsets(x1, x2, y),
        "multiplier1": multiplier1, "multiplier2": multiplier2, "output_multiplier": output_multiplier,
        "shift1": shift1, "shift2": shift2, "output_shift": output_shift, "left_shift": left_shift,
    }  # fmt: skip


def product_scaling(op: Op, x1: Tensor, x2: Tensor, y: Tensor) -> Mapping[str, int]:
    multiplier, shift = quantize_multiplier(x1.scale * x2.scale / y.scale)
    if shift > MAX_PRODUCT_SHIFT[x1.dtype]:
        raise _products_leave_int32(op, x1, x2, y)
    return {**offsets(x1, x2, y), "output_multiplier": multiplier, "output_shift": shift}


def _products_leave_int32(op: Op, x1: Tensor, x2: Tensor, y: Tensor) -> UnsupportedOp:
    return UnsupportedOp(
        f"{op} has input scales {x1.scale:g} and {x2.scale:g} and an output scale of {y.scale:g}, so far apart that "
        "products can leave int32, which TFLM leaves undefined: quantize the model again with representative data."
    )


def square_scaling(op: Op, x1: Tensor, x2: Tensor, y: Tensor) -> Mapping[str, int]:
    twice_max_scale, left_shift = 2 * max(x1.scale, x2.scale), SQUARE_SHIFT[x1.dtype]
    multiplier1, shift1 = quantize_multiplier(x1.scale / twice_max_scale)
    multiplier2, shift2 = quantize_multiplier(x2.scale / twice_max_scale)
    real = twice_max_scale * twice_max_scale / ((1 << 2 * left_shift) * y.scale)
    output_multiplier, output_shift = quantize_multiplier(real)
    if output_shift > 0:
        raise UnsupportedOp(
            f"{op} has input scales {x1.scale:g} and {x2.scale:g} and an output scale of {y.scale:g}, so fine that "
            "squares can leave int32, which TFLM leaves undefined: quantize the model again with representative data."
        )
    return {
        **offsets(x1, x2, y),
        "multiplier1": multiplier1, "multiplier2": multiplier2, "output_multiplier": output_multiplier,
        "shift1": shift1, "shift2": shift2, "output_shift": output_shift, "left_shift": left_shift,
    }  # fmt: skip


def slope_scaling(op: Op, x: Tensor, alpha: Tensor, y: Tensor) -> Mapping[str, int]:
    """PRELU: the first pair of numbers rescales what is above zero, the output's what is below, times the slope."""
    multiplier, shift = rescale(op, x, y)
    below, below_shift = quantize_multiplier(x.scale * alpha.scale / y.scale)
    if below_shift > MAX_SLOPE_SHIFT[x.dtype]:
        raise _products_leave_int32(op, x, alpha, y)
    return {
        **offsets(x, alpha, y),
        "multiplier1": multiplier, "left_shift": max(shift, 0), "shift1": min(shift, 0),
        "output_multiplier": below, "output_shift": below_shift,
    }  # fmt: skip


def compare_scaling(op: Op, x1: Tensor, x2: Tensor, y: Tensor) -> Mapping[str, int]:
    """Each operand times its own scale, which TFLM wants below 1."""
    multiplier1, shift1 = quantize_multiplier(x1.scale)
    multiplier2, shift2 = quantize_multiplier(x2.scale)
    if max(shift1, shift2) > 0:
        raise UnsupportedOp(
            f"{op} has input scales {x1.scale:g} and {x2.scale:g}: TFLM compares at scales below 1 only, quantize the "
            "model again with representative data."
        )
    return {
        "offset1": -x1.zero_point, "offset2": -x2.zero_point, "left_shift": COMPARE_SHIFT,
        "multiplier1": multiplier1, "multiplier2": multiplier2, "shift1": shift1, "shift2": shift2,
    }  # fmt: skip


def unscaled(op: Op, x1: Tensor, x2: Tensor, y: Tensor) -> Mapping[str, int]:
    """Bytes are compared as they are, whatever they stand for."""
    return {}


def operand(p: Mapping[str, Any], n: int, x: Array) -> Array:
    """An operand of a sum at the common scale."""
    shifted = (x + np.int32(p[f"offset{n}"])) << p["left_shift"]
    return multiply_by_quantized_multiplier(shifted, p[f"multiplier{n}"], p[f"shift{n}"])


def rescaled(p: Mapping[str, Any], x: Array) -> Array:
    y: Array = multiply_by_quantized_multiplier(x, p["output_multiplier"], p["output_shift"]) + p["output_offset"]
    return y


def prelu(p: Mapping[str, Any], x: Array, slope: Array) -> Array:
    above = multiply_by_quantized_multiplier(x << p["left_shift"], p["multiplier1"], p["shift1"]) + p["output_offset"]
    return np.where(x >= 0, above, rescaled(p, x * slope))


def compared(relation: Callable[[Array, Array], Array], p: Mapping[str, Any], a: Array, b: Array) -> Array:
    return relation(operand(p, 1, a), operand(p, 2, b)).astype(np.int32)


def add_rows(call: Call, start: int, end: int, banded: int, row: int) -> tuple[Call, int, int]:
    """As Kernel.rows, where nothing is broadcast and the batch is 1. The operand that comes in bands is the second one,
    so that the sum can lie where the other was; int32 addition does not mind the exchange."""
    flat = {"dims": (1, 1, 1, (end - start) * row), "stride1": (0, 0, 0, 1), "stride2": (0, 0, 0, 1)}
    p, fields = call.params, ("multiplier", "offset", "shift")
    sides = {f"{name}{a}": p[f"{name}{b}"] for name in fields for a, b in ("12", "21")} if banded == 0 else {}
    return replace(call, params={**p, **sides, **flat}), start, end


ROWS = (
    Row(
        "add",
        "Add",
        "AddOptions",
        sum_scaling,
        lambda p, a, b: rescaled(p, operand(p, 1, a) + operand(p, 2, b)),
        rows=add_rows,
        ends_bands=True,
        second_sign=1,
    ),
    Row(
        "sub",
        "Sub",
        "SubOptions",
        sum_scaling,
        lambda p, a, b: rescaled(p, operand(p, 1, a) - operand(p, 2, b)),
        second_sign=-1,
    ),
    Row(
        "mul",
        "Mul",
        "MulOptions",
        product_scaling,
        lambda p, a, b: rescaled(p, (a + p["offset1"]) * (b + p["offset2"])),
    ),
    Row("div", "Div", "DivOptions", divide.scaling, divide.quotient, nodes=("truediv", "div")),
    Row(
        "squared_difference",
        "SquaredDifference",
        None,
        square_scaling,
        lambda p, a, b: rescaled(p, (operand(p, 1, a) - operand(p, 2, b)) ** 2),
    ),
    Row("prelu", "Prelu", None, slope_scaling, lambda p, a, b: prelu(p, a + p["offset1"], b + p["offset2"])),
    Row("maximum", "Maximum", None, unscaled, lambda p, a, b: np.maximum(a, b)),
    Row("minimum", "Minimum", None, unscaled, lambda p, a, b: np.minimum(a, b)),
    *(
        Row(name, tflm, None, compare_scaling, partial(compared, relation), y="bool")
        for name, tflm, relation in (
            ("equal", "Equal", np.equal),
            ("not_equal", "NotEqual", np.not_equal),
            ("greater", "Greater", np.greater),
            ("greater_equal", "GreaterEqual", np.greater_equal),
            ("less", "Less", np.less),
            ("less_equal", "LessEqual", np.less_equal),
        )
    ),
    Row("logical_and", "LogicalAnd", None, unscaled, lambda p, a, b: a & b, x="bool", y="bool"),
    Row("logical_or", "LogicalOr", None, unscaled, lambda p, a, b: a | b, x="bool", y="bool"),
)


def _kernel(row: Row) -> Kernel:
    def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
        a, b = (
            as_strided(x.reshape(-1), p["dims"], p[f"stride{n}"], writeable=False).astype(np.int32)
            for n, x in zip("12", inputs, strict=True)
        )
        result: Array = np.clip(row.compute(p, a, b), p["act_min"], p["act_max"]).astype(np.int8)
        return result

    return Kernel(
        row.name,
        CStruct(f"nn_{row.name}_t", STRUCT_FIELDS, "elementwise"),
        reference,
        arity=2,
        in_place=True,
        rows=row.rows,
        ends_bands=row.ends_bands,
        second_sign=row.second_sign,
        types=(row.x,),
    )


def _operator(row: Row) -> Operator:
    def lower(graph: Graph, op: Op) -> Call:
        x1, x2, y = graph.input(op, 0), graph.input(op, 1), graph.output(op)
        if x1.dtype == "int32" and row.name in binary_int32.OPERATORS:
            what = binary_int32.OPERATORS.index(row.name)
            return binary_int32.int32_call(op, what, (x1, x2), y, broadcast(op, x1, x2, y))
        if x1.dtype == "int16" and row.name in binary_int16.OPERATORS:
            binary_int16.require_operands(op, row.name, x1, x2, y)
            fused = fused_activation(op, y) if row.options_table else None
            params = {**dict.fromkeys(NUMBERS, 0), **row.scaling(op, x1, x2, y), **broadcast(op, x1, x2, y)}
            return binary_int16.int16_call(op, row.name, params, fused)
        require_types(op, row.x, x1, x2)
        require_types(op, row.y, y)
        act_min, act_max = fused_activation(op, y) if row.options_table else (-128, 127)
        params = {
            **dict.fromkeys(NUMBERS, 0),
            **row.scaling(op, x1, x2, y),
            **broadcast(op, x1, x2, y),
            "act_min": act_min,
            "act_max": act_max,
        }
        return Call(op, row.name, params, (x1.index, x2.index), (y.index,))

    options = {"FusedActivationFunction": "none"} if row.options_table else {}
    of_int32 = (binary_int32.KERNEL.name,) if row.name in binary_int32.OPERATORS else ()
    of_int16 = (binary_int16.NAME,) if row.name in binary_int16.OPERATORS else ()
    return Operator(
        row.name,
        row.name.upper(),
        row.tflm,
        row.options_table,
        options,
        lower,
        (row.name, *of_int32, *of_int16),
        nodes=row.nodes,
    )


KERNELS = (*map(_kernel, ROWS), binary_int16.kernel({row.name: row.compute for row in ROWS}))
OPERATORS = tuple(map(_operator, ROWS))
