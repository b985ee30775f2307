"""The family of data movement: operators whose output is some of their input's elements, in an order that an offset
and a stride for each axis of the output say. Each is a row of ROWS; the kernel is one for all of them, of every
type."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import DTYPES, Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_rank, require_shape
from gen.model.ops.shapes import MOVED, blocks_of_space, constant_input, index_of_axis, require_moved

MAX_AXES = 5  # of nn_move_t, after merging
_DAMAGED = "the model file is damaged, convert it again."


@dataclass(frozen=True)
class Walk:
    """Where an output's elements are in the input, both in the order of memory."""

    # Index of the input's element that is the output's first one.
    start: int
    # The output's size along each of its axes, outermost first, and how many of the input's elements lie between two
    # neighbors along it.
    axes: tuple[tuple[int, int], ...]
    # The output's shape, which may have other axes.
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One operator."""

    name: str
    # MicroMutableOpResolver's Add method, without the Add.
    tflm: str
    # Its input and its other, constant inputs. Raises UnsupportedOp, ModelError.
    walk: Callable[[Graph, Op, Tensor], Walk]
    # As Operator's.
    options_table: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Elements from one index to the next along each axis."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def strided_slice(graph: Graph, op: Op, x: Tensor) -> Walk:
    """Source: TensorFlow's documentation of tf.strided_slice; TFLM takes 4 axes at most, no ellipsis, no new axis."""
    rank, o = len(x.shape), op.options
    if o["EllipsisMask"] or o["NewAxisMask"]:
        raise UnsupportedOp(f"{op} has an ellipsis or a new axis, which TFLM does not run: slice axis by axis.")
    if rank > 4:
        raise UnsupportedOp(f"{op} slices {rank} axes: TFLM does at most 4, reshape its input.")
    begin, end, step = (
        constant_input(graph, op, position, what, ("int32",)).reshape(-1).tolist()
        for position, what in ((1, "begin"), (2, "end"), (3, "strides"))
    )
    if not len(begin) == len(end) == len(step) == rank or 0 in step:
        raise ModelError(
            f"{op} has begin {begin}, end {end} and strides {step} for an input of shape {x.shape}: {_DAMAGED}"
        )
    start, axes, shape = 0, [], []
    for axis, (size, distance) in enumerate(zip(x.shape, strides(x.shape), strict=True)):
        shrinks = bool(o["ShrinkAxisMask"] >> axis & 1)
        from_end, to_end = (bool(o[mask] >> axis & 1) for mask in ("BeginMask", "EndMask"))
        stop = end[axis] + (begin[axis] if o["Offset"] else 0)
        first, size_out = _range(size, None if from_end else begin[axis], None if to_end else stop, step[axis])
        if shrinks:  # the end does not count
            first = first if from_end else begin[axis] + (size if begin[axis] < 0 else 0)
            size_out = 1
        start += first * distance
        axes.append((size_out, step[axis] * distance))
        if not shrinks:
            shape.append(size_out)
    return Walk(start, tuple(axes), tuple(shape))


def _range(size: int, begin: int | None, end: int | None, step: int) -> tuple[int, int]:
    """(first index, how many) of Python's begin:end:step."""
    indices = range(size)[begin:end:step]
    return (indices[0] if indices else 0), len(indices)


def slice_(graph: Graph, op: Op, x: Tensor) -> Walk:
    begin, sizes = (
        constant_input(graph, op, position, what, ("int32", "int64")).reshape(-1).tolist()
        for position, what in ((1, "begin"), (2, "sizes"))
    )
    if not len(begin) == len(sizes) == len(x.shape) or min(begin, default=0) < 0:
        raise ModelError(f"{op} has begin {begin} and sizes {sizes} for an input of shape {x.shape}: {_DAMAGED}")
    shape = tuple(
        whole - first if size == -1 else size for whole, first, size in zip(x.shape, begin, sizes, strict=True)
    )
    start = sum(first * stride for first, stride in zip(begin, strides(x.shape), strict=True))
    return Walk(start, tuple(zip(shape, strides(x.shape), strict=True)), shape)


def transpose(graph: Graph, op: Op, x: Tensor) -> Walk:
    order = constant_input(graph, op, 1, "permutation", ("int32",)).reshape(-1).tolist()
    if sorted(order) != list(range(len(x.shape))):
        raise ModelError(f"{op} has the permutation {order} for an input of shape {x.shape}: {_DAMAGED}")
    axes = tuple((x.shape[axis], strides(x.shape)[axis]) for axis in order)
    return Walk(0, axes, tuple(size for size, _ in axes))


def reverse(graph: Graph, op: Op, x: Tensor) -> Walk:
    turned = constant_input(graph, op, 1, "axes", ("int32",)).reshape(-1).tolist()
    axes = {index_of_axis(op, axis, len(x.shape)) for axis in turned}
    pairs = list(enumerate(zip(x.shape, strides(x.shape), strict=True)))
    start = sum((size - 1) * stride for axis, (size, stride) in pairs if axis in axes)
    return Walk(start, tuple((size, -stride if axis in axes else stride) for axis, (size, stride) in pairs), x.shape)


def broadcast_to(graph: Graph, op: Op, x: Tensor) -> Walk:
    shape = tuple(constant_input(graph, op, 1, "shape", ("int32", "int64")).reshape(-1).tolist())
    sizes = (1,) * (len(shape) - len(x.shape)) + x.shape
    if len(sizes) != len(shape) or any(size not in (1, wanted) for size, wanted in zip(sizes, shape, strict=True)):
        raise ModelError(f"{op} makes {shape} of {x.shape}, which don't broadcast: {_DAMAGED}")
    own = [0 if size == 1 else stride for size, stride in zip(sizes, strides(sizes), strict=True)]
    return Walk(0, tuple(zip(shape, own, strict=True)), shape)


def space_to_depth(graph: Graph, op: Op, x: Tensor) -> Walk:
    n, h, w, c = _image(op, x)
    block = op.options["BlockSize"]
    if block < 1 or h % block or w % block:
        raise ModelError(f"{op} has blocks of {block} on an input of shape {x.shape}: {_DAMAGED}")
    row, column = w * c, c
    axes = (
        (n, h * row),
        (h // block, block * row),
        (w // block, block * column),
        (block, row),
        (block, column),
        (c, 1),
    )
    return Walk(0, axes, (n, h // block, w // block, block * block * c))


def depth_to_space(graph: Graph, op: Op, x: Tensor) -> Walk:
    n, h, w, c = _image(op, x)
    block = op.options["BlockSize"]
    if block < 1 or c % block**2:
        raise ModelError(f"{op} has blocks of {block} on an input of shape {x.shape}: {_DAMAGED}")
    out_c = c // block**2
    axes = ((n, h * w * c), (h, w * c), (block, block * out_c), (w, c), (block, out_c), (out_c, 1))
    return Walk(0, axes, (n, h * block, w * block, out_c))


def space_to_batch(graph: Graph, op: Op, x: Tensor) -> Walk:
    blocks, paddings = blocks_of_space(graph, op, x, "paddings")
    if any(map(any, paddings)):
        raise UnsupportedOp(
            f"{op} puts {paddings} around its input, for which TFLM takes what its memory happens to hold: use PAD "
            "before it."
        )
    space, distances = x.shape[1:-1], strides(x.shape)
    if any(size % block for size, block in zip(space, blocks, strict=True)):
        raise ModelError(f"{op} has blocks of {blocks} on an input of shape {x.shape}: {_DAMAGED}")
    within = tuple((block, stride) for block, stride in zip(blocks, distances[1:], strict=False))
    sizes = tuple(size // block for size, block in zip(space, blocks, strict=True))
    across = tuple((size, block * stride) for size, (block, stride) in zip(sizes, within, strict=True))
    axes = (*within, (x.shape[0], distances[0]), *across, (x.shape[-1], 1))
    return Walk(0, axes, (x.shape[0] * prod(blocks), *sizes, x.shape[-1]))


def _image(op: Op, x: Tensor) -> tuple[int, int, int, int]:
    require_rank(op, 4, x)
    n, h, w, c = x.shape
    return n, h, w, c


ROWS = (
    Row("broadcast_to", "BroadcastTo", broadcast_to),
    Row("depth_to_space", "DepthToSpace", depth_to_space, "DepthToSpaceOptions", {"BlockSize": 0}),
    Row("reverse_v2", "ReverseV2", reverse),
    Row("slice", "Slice", slice_),
    Row("space_to_batch_nd", "SpaceToBatchNd", space_to_batch),
    Row("space_to_depth", "SpaceToDepth", space_to_depth, "SpaceToDepthOptions", {"BlockSize": 0}),
    Row(
        "strided_slice",
        "StridedSlice",
        strided_slice,
        "StridedSliceOptions",
        dict.fromkeys(("BeginMask", "EndMask", "EllipsisMask", "NewAxisMask", "ShrinkAxisMask"), 0) | {"Offset": False},
    ),
    Row("transpose", "Transpose", transpose),
)


def merged(walk: Walk, item_bytes: int) -> tuple[int, list[tuple[int, int]]]:
    """(bytes that are moved together, (size, bytes from one to the next) of as few axes as say the same)."""
    axes: list[tuple[int, int]] = []
    for size, stride in [axis for axis in walk.axes if axis[0] != 1]:
        if axes and axes[-1][1] == size * stride * item_bytes:
            axes[-1] = (axes[-1][0] * size, stride * item_bytes)
        else:
            axes.append((size, stride * item_bytes))
    run = item_bytes
    if axes and axes[-1][1] == item_bytes:
        run *= axes.pop()[0]
    return run, axes


def _operator(row: Row) -> Operator:
    def lower(graph: Graph, op: Op) -> Call:
        x, y = graph.input(op, 0), graph.output(op)
        require_moved(op, x, y)
        walk = row.walk(graph, op, x)
        require_shape(op, y, walk.shape)
        first = walk.start + sum(min((size - 1) * stride, 0) for size, stride in walk.axes)
        last = walk.start + sum(max((size - 1) * stride, 0) for size, stride in walk.axes)
        if first < 0 or last >= x.elements or y.elements == 0:
            raise ModelError(f"{op} reads beside its input of shape {x.shape}: the model file is damaged.")
        item = DTYPES[x.dtype].itemsize
        run, axes = merged(walk, item)
        if len(axes) > MAX_AXES:
            raise UnsupportedOp(f"{op} moves along {len(axes)} axes, more than {MAX_AXES}: do it in two steps.")
        axes = [(1, 0)] * (MAX_AXES - len(axes)) + axes
        params = {
            "start": walk.start * item,
            "run": run,
            "dims": tuple(size for size, _ in axes),
            "stride": tuple(stride for _, stride in axes),
        }
        return Call(op, "move", params, (x.index,), (y.index,))

    return Operator(row.name, row.name.upper(), row.tflm, row.options_table, row.options, lower, kernels=("move",))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    flat = np.ascontiguousarray(inputs[0]).reshape(-1)
    data = flat.view(np.uint8)[p["start"] :]
    moved = as_strided(data, (*p["dims"], p["run"]), (*p["stride"], 1), writeable=False)
    return np.ascontiguousarray(moved).reshape(-1).view(flat.dtype)


def view(params: Mapping[str, Any]) -> Sequence[int] | None:
    return (params["start"],) if max(params["dims"]) == 1 else None


KERNEL = Kernel(
    "move",
    CStruct("nn_move_t", numbers("int32_t", "start run dims[5] stride[5]"), "movement"),
    reference,
    view=view,
    types=MOVED,
)
OPERATORS = tuple(map(_operator, ROWS))
