"""What operators that move or pair elements share: their constant inputs, and axes merged so that kernels see few."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import Any

from gen.errors import ModelError, UnsupportedOp, brief
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.quantized import require_rank, require_shape

MOVED = ("int8", "int16", "int32", "float32", "bool")


def constant_input(graph: Graph, op: Op, position: int, what: str, dtypes: tuple[str, ...]) -> Array:
    """The data of an input that describes the operator, such as axes. Raises UnsupportedOp unless it is constant and
    has one of the dtypes."""
    tensor = graph.input(op, position)
    if tensor.data is None:
        raise UnsupportedOp(f"{op} computes its {what} at run time: only constant {what} are supported.")
    if tensor.dtype not in dtypes:
        raise UnsupportedOp(f"{op} has {what} of type {tensor.dtype}: only {' and '.join(dtypes)} exist in TFLite.")
    return tensor.data


def index_of_axis(op: Op, axis: int, rank: int) -> int:
    """The axis counted from 0, of one that may count from the end. Raises ModelError."""
    if not -rank <= axis < rank:
        raise ModelError(f"{op} works along axis {axis} of {rank}: the model file is damaged, convert it again.")
    return axis % rank


def require_moved(op: Op, x: Tensor, *others: Tensor) -> None:
    """Raise UnsupportedOp unless all are of one type, and one that can be moved."""
    for tensor in (x, *others):
        if tensor.dtype != x.dtype or tensor.dtype not in MOVED:
            raise UnsupportedOp(
                f"{op} has tensors of {x.dtype} and {tensor.dtype}: only one type at a time can be moved, and of "
                f"{', '.join(MOVED)}."
            )


def merge_axes(dims: Iterable[int], keys: Iterable[Any]) -> list[tuple[int, Any]]:
    """(size, key) of runs of neighboring axes with the same key, outermost first; axes of size 1 vanish.

    merge_axes((2, 3, 1, 5), "aabb") == [(6, "a"), (5, "b")]"""
    axes = [(dim, key) for dim, key in zip(dims, keys, strict=True) if dim != 1]
    return [(prod(dim for dim, _ in run), key) for key, run in groupby(axes, key=lambda axis: axis[1])]


@dataclass(frozen=True)
class Resize:
    """What a resize of an image does: to which height and width, and how places are counted."""

    height: int
    width: int
    align: bool
    half: bool


def resize_of(graph: Graph, op: Op) -> Resize:
    """Of an operator that resizes N x H x W x C. Raises UnsupportedOp, ModelError."""
    x, y = graph.input(op, 0), graph.output(op)
    require_rank(op, 4, x, y)
    sizes = constant_input(graph, op, 1, "sizes", ("int32",)).reshape(-1).tolist()
    align, half = bool(op.options["AlignCorners"]), bool(op.options["HalfPixelCenters"])
    if len(sizes) != 2 or min(sizes) < 1:
        raise ModelError(f"{op} resizes to {sizes}: the model file is damaged, convert it again.")
    if align and half:
        raise UnsupportedOp(f"{op} has aligned corners and half-pixel centers, which exclude each other.")
    require_shape(op, y, (x.shape[0], *sizes, x.shape[3]))
    return Resize(sizes[0], sizes[1], align, half)


def constant_pairs(graph: Graph, op: Op, position: int, what: str, count: int) -> list[list[int]]:
    """A constant input of two numbers, none below 0, for each axis. Raises UnsupportedOp, ModelError."""
    data = constant_input(graph, op, position, what, ("int32", "int64"))
    if data.shape != (count, 2) or data.min(initial=0) < 0:
        raise ModelError(
            f"{op} has {what} {brief(data.tolist())} for {count} axes: the model file is damaged, convert it again."
        )
    pairs: list[list[int]] = data.tolist()
    return pairs


def blocks_of_space(graph: Graph, op: Op, x: Tensor, what: str) -> tuple[list[int], list[list[int]]]:
    """(sizes of the blocks between space and batches, what is cut off or put around along each axis of the space).

    Raises UnsupportedOp, ModelError."""
    if len(x.shape) not in (3, 4):
        raise UnsupportedOp(f"{op} has an input of shape {x.shape}: TFLM takes 3 or 4 axes, reshape it in the model.")
    blocks: list[int] = constant_input(graph, op, 1, "block sizes", ("int32",)).reshape(-1).tolist()
    if len(blocks) != len(x.shape) - 2 or min(blocks) < 1:
        raise ModelError(
            f"{op} has blocks of {blocks} on an input of shape {x.shape}: the model file is damaged, convert it again."
        )
    return blocks, constant_pairs(graph, op, 2, what, len(blocks))
