"""MEAN of int8 over any axes, in integers only."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp, brief
from gen.model.fixed_point import multiply_by_quantized_multiplier
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_shape
from gen.model.ops.requantize import rescale
from gen.model.ops.shapes import constant_input, merge_axes

OPTIONS = {"KeepDims": False}
MAX_COUNT = 2**23  # elements in one mean: their sum of 9-bit differences stays in int32


def alternating(op: Op, dims: tuple[int, ...], reduced: set[int]) -> tuple[int, ...]:
    """dims of nn_mean_t: kept, reduced, kept, reduced, kept. Raises UnsupportedOp."""
    axes = merge_axes(dims, [axis in reduced for axis in range(len(dims))])
    if axes and axes[0][1]:
        axes.insert(0, (1, False))
    if len(axes) > 5:
        raise UnsupportedOp(
            f"{op} averages {dims} over the axes {sorted(reduced)}, too scattered for its kernel: "
            "use two operators with neighbouring axes each."
        )
    return (*(dim for dim, _ in axes), *(1,) * (5 - len(axes)))


def scaling(op: Op, x: Tensor, y: Tensor, count: int) -> tuple[int, int]:
    """(multiplier, shift) from a sum of count inputs to an output.

    TFLM's QuantizedMeanOrSum: the multiplier of the scales is divided by count after a left shift by as many bits as
    count has beyond the first, truncating, so that no precision is lost."""
    multiplier, shift = rescale(op, x, y)
    bits = min(count.bit_length() - 1, 31 + shift)
    return (multiplier << bits) // count, shift - bits


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_int8(op, x, y)
    axes = constant_input(graph, op, 1, "axes", ("int32",)).reshape(-1).tolist()
    rank = len(x.shape)
    if any(not -rank <= axis < rank for axis in axes):
        raise ModelError(
            f"{op} averages over the axes {brief(axes)} of {rank}: the model file is damaged, convert it again."
        )
    reduced = {axis % rank for axis in axes}
    keep = op.options["KeepDims"]
    kept = [1 if axis in reduced else dim for axis, dim in enumerate(x.shape) if keep or axis not in reduced]
    require_shape(op, y, kept)
    count = prod(x.shape[axis] for axis in reduced)
    if count > MAX_COUNT:
        raise UnsupportedOp(f"{op} averages {count} elements, more than {MAX_COUNT}: average in two steps.")
    multiplier, shift = scaling(op, x, y, count)
    params = {
        "dims": alternating(op, x.shape, reduced),
        "multiplier": multiplier,
        "shift": shift,
        "input_offset": -x.zero_point,
        "output_offset": y.zero_point,
    }
    return Call(op, "mean", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["dims"]).astype(np.int32) + p["input_offset"]
    total = x.sum(axis=(1, 3), dtype=np.int32)
    y = multiply_by_quantized_multiplier(total, p["multiplier"], p["shift"]) + p["output_offset"]
    result: Array = np.clip(y, -128, 127).astype(np.int8)
    return result


KERNEL = Kernel(
    "mean",
    CStruct(
        "nn_mean_t",
        numbers("int32_t", "dims[5] multiplier")
        + numbers("int16_t", "input_offset output_offset")
        + numbers("int8_t", "shift"),
    ),
    reference,
)
OPERATOR = Operator("mean", "MEAN", "Mean", "ReducerOptions", OPTIONS, lower, interpreter=("mean",))
