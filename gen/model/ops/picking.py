"""Operators that move elements in an order that is not regular: of each axis of the output a table says where in the
input its elements are. MIRROR_PAD and BATCH_TO_SPACE_ND; RESIZE_NEAREST_NEIGHBOR and GATHER, in files of their own, are
the same kernel's; any type, bytes moved."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp, brief
from gen.model.graph import DTYPES, Array, Graph, Op, Tensor
from gen.model.ops.movement import strides
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, int32_array, numbers, pointers
from gen.model.ops.quantized import require_shape
from gen.model.ops.shapes import MOVED, blocks_of_space, constant_pairs, require_moved

MAX_AXES = 5  # of nn_pick_t, after merging
_DAMAGED = "the model file is damaged, convert it again."


def step(places: Array) -> int | None:
    """How far apart the places are, None where that is not always the same."""
    steps = np.unique(np.diff(places))
    return int(steps[0]) if len(steps) == 1 else None


def merged(axes: Sequence[Array]) -> tuple[int, int, list[Array]]:
    """(where the first element is, how many lie together, the places along as few axes as say the same, from 0 on where
    they are regular); axes: of each the elements between the first place and each of its own."""
    start, run, found = 0, 1, list[Array]()
    for places in (np.asarray(axis, np.int64) for axis in axes):
        inner = places
        if len(places) == 1 or step(places) is not None:
            start, inner = start + int(places[0]), places - places[0]
        if len(places) == 1:
            continue
        pace, outer = step(inner), step(found[-1]) if found else None
        if pace is not None and outer == pace * len(inner):
            found[-1] = (found[-1][:, None] + inner).reshape(-1)
        else:
            found.append(inner)
    if found and step(found[-1]) == 1:
        run = len(found.pop())
    return start, run, found


def pick_call(op: Op, x: Tensor, y: Tensor, axes: Sequence[Array]) -> Call:
    """The output whose element at [i, j, ...] is the input's at axes[0][i] + axes[1][j] + ... Raises UnsupportedOp."""
    item = DTYPES[x.dtype].itemsize
    start, run, found = merged(axes)
    if len(found) > MAX_AXES:
        raise UnsupportedOp(f"{op} moves along {len(found)} axes, more than {MAX_AXES}: do it in two steps.")
    table, offsets = [], list[int]()
    for places in found:
        regular = step(places) is not None
        table.append(-1 if regular else len(offsets))
        offsets += [] if regular else (places * item).tolist()
    ahead = MAX_AXES - len(found)
    params = {
        "offsets": int32_array(offsets or [0]),
        "start": start * item,
        "run": run * item,
        "dims": (*(1,) * ahead, *map(len, found)),
        "stride": (*(0,) * ahead, *((step(places) or 0) * item for places in found)),
        "table": (*(-1,) * ahead, *table),
    }
    return Call(op, "pick", params, (x.index,), (y.index,))


def lower_mirror_pad(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_moved(op, x, y)
    widths = constant_pairs(graph, op, 1, "paddings", len(x.shape))
    if not op.has_options:
        raise UnsupportedOp(
            f"{op} has no options in the file, such as its Mode, and TFLM has no defaults for them: convert the model "
            "again."
        )
    inner = int(op.options["Mode"] == 0)  # REFLECT: the outermost element stands there once
    if any(max(pair) > size - inner for pair, size in zip(widths, x.shape, strict=True)):
        raise ModelError(f"{op} mirrors {brief(widths)} elements of an input of shape {x.shape}: {_DAMAGED}")
    require_shape(op, y, (before + size + after for (before, after), size in zip(widths, x.shape, strict=True)))
    axes = []
    for (before, after), size, stride in zip(widths, x.shape, strides(x.shape), strict=True):
        place = np.arange(-before, size + after)
        place = np.where(place < 0, inner - 1 - place, place)
        axes.append(np.where(place >= size, 2 * size - 1 - inner - place, place) * stride)
    return pick_call(op, x, y, axes)


def lower_batch_to_space(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    blocks, crops = blocks_of_space(graph, op, x, "crops")
    batches, rest = divmod(x.shape[0], prod(blocks))
    spatial = [size * block for size, block in zip(x.shape[1:], blocks, strict=False)]
    kept = [size - sum(crop) for size, crop in zip(spatial, crops, strict=True)]
    if rest or min(kept) < 1:
        raise ModelError(f"{op} has blocks of {blocks} on an input of shape {x.shape}: {_DAMAGED}")
    require_shape(op, y, (batches, *kept, *x.shape[1 + len(blocks) :]))
    distances, axes = strides(x.shape), [np.arange(batches) * strides(x.shape)[0]]
    for axis, (block, (first, _)) in enumerate(zip(blocks, crops, strict=True), 1):
        place = np.arange(first, first + y.shape[axis])
        batch = place % block * prod(blocks[axis:]) * batches
        axes.append(batch * distances[0] + place // block * distances[axis])
    return pick_call(op, x, y, [*axes, np.arange(x.shape[-1])])


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    flat = np.ascontiguousarray(inputs[0]).reshape(-1)
    places = np.array(p["start"], np.int64)
    for dim, stride, table in zip(p["dims"], p["stride"], p["table"], strict=True):
        axis = np.arange(dim) * stride if table < 0 else np.asarray(p["offsets"])[table : table + dim]
        places = places[..., None] + axis
    return flat.view(np.uint8)[places[..., None] + np.arange(p["run"])].reshape(-1).view(flat.dtype)


def view(params: Mapping[str, Any]) -> Sequence[int] | None:
    return (params["start"],) if max(params["dims"]) == 1 else None


KERNEL = Kernel(
    "pick",
    CStruct(
        "nn_pick_t",
        pointers("int32_t", "offsets") + numbers("int32_t", "start run dims[5] stride[5] table[5]"),
        "picking",
    ),
    reference,
    view=view,
    types=MOVED,
)
OPERATORS = (
    Operator(
        "batch_to_space_nd", "BATCH_TO_SPACE_ND", "BatchToSpaceNd", None, {}, lower_batch_to_space, kernels=("pick",)
    ),
    Operator(
        "mirror_pad",
        "MIRROR_PAD",
        "MirrorPad",
        "MirrorPadOptions",
        {"Mode": 0},
        lower_mirror_pad,
        kernels=("pick",),
    ),
)
