"""The family of reductions: operators that make one element of all along some axes. Each is a row of ROWS: the kernel
that does it, and how scales become multipliers. ARG_MAX and ARG_MIN, which reduce one axis, are in arg.py."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp, brief
from gen.model.fixed_point import multiply_by_quantized_multiplier
from gen.model.graph import DTYPES, Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import (
    require_int8_or_int16,
    require_same_quantization,
    require_shape,
    require_types,
)
from gen.model.ops.requantize import rescale
from gen.model.ops.shapes import constant_input, merge_axes

MAX_COUNT = {"int8": 2**23, "int16": 2**16 - 1}  # elements in one sum, whose differences together stay in int32


@dataclass(frozen=True)
class Row:
    """One operator."""

    name: str
    # MicroMutableOpResolver's Add method, without the Add.
    tflm: str
    kernel: str
    # (operator, input, output, elements in one) -> the fields of the kernel's struct beside the axes'. Raises
    # UnsupportedOp.
    scaling: Callable[[Op, Tensor, Tensor, int], Mapping[str, int]]
    # Types of input and output; bool has no scale.
    dtypes: tuple[str, ...] = ("int8",)


def sum_scaling(op: Op, x: Tensor, y: Tensor, count: int) -> Mapping[str, int]:
    multiplier, shift = rescale(op, x, y)
    if shift > 0 and count * (2 * np.iinfo(DTYPES[x.dtype]).max + 1) * 2.0**shift >= 2**31:
        raise UnsupportedOp(
            f"{op} adds {count} elements to a scale of {y.scale:g}, so fine that they can leave int32, which TFLM "
            "leaves undefined: quantize the model again with representative data."
        )
    return {"multiplier": multiplier, "shift": shift, "input_offset": -x.zero_point, "output_offset": y.zero_point}


def mean_scaling(op: Op, x: Tensor, y: Tensor, count: int) -> Mapping[str, int]:
    """TFLM's QuantizedMeanOrSum: the multiplier of the scales is divided by count after a left shift by as many bits as
    count has beyond the first, truncating, so that no precision is lost."""
    multiplier, shift = rescale(op, x, y)
    bits = min(count.bit_length() - 1, 31 + shift)
    return {
        "multiplier": (multiplier << bits) // count,
        "shift": shift - bits,
        "input_offset": -x.zero_point,
        "output_offset": y.zero_point,
    }


def all_of(op: Op, x: Tensor, y: Tensor, count: int) -> Mapping[str, int]:
    """The least of bools is whether all are true."""
    return {}


def unscaled(op: Op, x: Tensor, y: Tensor, count: int) -> Mapping[str, int]:
    """Bytes are compared as they are."""
    require_same_quantization(op, x, y)
    return {}


ROWS = (
    Row("mean", "Mean", "mean", mean_scaling, dtypes=("int8", "int16")),
    Row("reduce_all", "ReduceAll", "reduce_min", all_of, dtypes=("bool",)),
    Row("reduce_max", "ReduceMax", "reduce_max", unscaled),
    Row("reduce_min", "ReduceMin", "reduce_min", unscaled),
    Row("sum", "Sum", "mean", sum_scaling, dtypes=("int8", "int16")),
)


def alternating(op: Op, dims: tuple[int, ...], reduced: set[int]) -> tuple[int, ...]:
    """dims of nn_mean_t: kept, reduced, kept, reduced, kept. Raises UnsupportedOp."""
    axes = merge_axes(dims, [axis in reduced for axis in range(len(dims))])
    if axes and axes[0][1]:
        axes.insert(0, (1, False))
    if len(axes) > 5:
        raise UnsupportedOp(
            f"{op} reduces {dims} along the axes {sorted(reduced)}, too scattered for its kernel: "
            "use two operators with neighboring axes each."
        )
    return (*(dim for dim, _ in axes), *(1,) * (5 - len(axes)))


def _suffix(dtype: str) -> str:
    """Of the name of the kernel of a type."""
    return "_int16" if dtype == "int16" else ""


def _operator(row: Row) -> Operator:
    def lower(graph: Graph, op: Op) -> Call:
        x, y = graph.input(op, 0), graph.output(op)
        if x.dtype == "int16" and x.dtype in row.dtypes:
            require_int8_or_int16(op, x, y)
        else:
            require_types(op, row.dtypes[0], x, y)
        axes = constant_input(graph, op, 1, "axes", ("int32",)).reshape(-1).tolist()
        rank = len(x.shape)
        if any(not -rank <= axis < rank for axis in axes):
            raise ModelError(
                f"{op} reduces along the axes {brief(axes)} of {rank}: the model file is damaged, convert it again."
            )
        reduced = {axis % rank for axis in axes}
        keep = op.options["KeepDims"]
        kept = [1 if axis in reduced else dim for axis, dim in enumerate(x.shape) if keep or axis not in reduced]
        require_shape(op, y, kept)
        count = prod(x.shape[axis] for axis in reduced)
        most = MAX_COUNT.get(x.dtype, count)
        if count > most:
            raise UnsupportedOp(f"{op} reduces {count} elements to one, more than {most}: do it in two steps.")
        params = {"dims": alternating(op, x.shape, reduced), **row.scaling(op, x, y, count)}
        return Call(op, f"{row.kernel}{_suffix(x.dtype)}", params, (x.index,), (y.index,))

    return Operator(
        row.name,
        row.name.upper(),
        row.tflm,
        "ReducerOptions",
        {"KeepDims": False},
        lower,
        kernels=tuple(f"{row.kernel}{_suffix(dtype)}" for dtype in row.dtypes),
        only_types=row.dtypes,
    )


def mean_reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["dims"]).astype(np.int32) + p["input_offset"]
    total = x.sum(axis=(1, 3), dtype=np.int32)
    y = multiply_by_quantized_multiplier(total, p["multiplier"], p["shift"]) + p["output_offset"]
    limits = np.iinfo(inputs[0].dtype)
    result: Array = np.clip(y, limits.min, limits.max).astype(inputs[0].dtype)
    return result


def max_reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    result: Array = inputs[0].reshape(p["dims"]).max(axis=(1, 3))
    return result


def min_reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    result: Array = inputs[0].reshape(p["dims"]).min(axis=(1, 3))
    return result


MEAN_FIELDS = (
    numbers("int32_t", "dims[5] multiplier")
    + numbers("int16_t", "input_offset output_offset")
    + numbers("int8_t", "shift")
)
KERNELS = (
    Kernel("mean", CStruct("nn_mean_t", MEAN_FIELDS, "reduction"), mean_reference),
    Kernel(
        "mean_int16", CStruct("nn_mean_int16_t", MEAN_FIELDS, "elementwise_int16"), mean_reference, types=("int16",)
    ),
    Kernel("reduce_max", CStruct("nn_reduce_t", numbers("int32_t", "dims[5]"), "reduction"), max_reference),
    Kernel("reduce_min", CStruct("nn_reduce_t", numbers("int32_t", "dims[5]"), "reduction"), min_reference),
)
OPERATORS = tuple(map(_operator, ROWS))
