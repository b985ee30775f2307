"""GATHER, GATHER_ND and EMBEDDING_LOOKUP: elements of the input that indices name, along one axis or several; any type,
bytes moved. Constant indices become tables; of others the nearest element counts where one is beyond the input, on
which TFLM ends with an error."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp, brief
from gen.model.graph import DTYPES, Array, Graph, Op, Tensor
from gen.model.ops.movement import strides
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.picking import pick_call
from gen.model.ops.quantized import require_shape, require_types
from gen.model.ops.shapes import MOVED, index_of_axis, require_moved

MAX_DEPTH = 5  # axes that one index names, as in TFLM
_DAMAGED = "the model file is damaged, convert it again."


def lower_gather(graph: Graph, op: Op) -> Call:
    x, indices, y = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    axis, batched = op.options["Axis"], op.options["BatchDims"]
    axis = index_of_axis(op, axis, len(x.shape))
    batched += len(indices.shape) if batched < 0 else 0
    if not 0 <= batched <= min(axis, len(indices.shape)) or x.shape[:batched] != indices.shape[:batched]:
        raise ModelError(f"{op} gathers from {x.shape} by {indices.shape} in {batched} batches: {_DAMAGED}")
    require_shape(op, y, (*x.shape[:axis], *indices.shape[batched:], *x.shape[axis + 1 :]))
    _require_indices(op, x, y, indices, x.shape[axis : axis + 1])
    if indices.data is not None and prod(x.shape[:batched]) == 1:
        distance = strides(x.shape)[axis]
        outer, inner = np.arange(prod(x.shape[:axis])) * distance * x.shape[axis], np.arange(distance)
        return pick_call(op, x, y, [outer, indices.data.reshape(-1) * distance, inner])
    return _call(
        op, x, y, indices, batches=prod(x.shape[:batched]), outer=prod(x.shape[batched:axis]), dims=(x.shape[axis],),
        run=prod(x.shape[axis + 1 :]),
    )  # fmt: skip


def lower_gather_nd(graph: Graph, op: Op) -> Call:
    x, indices, y = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    depth = indices.shape[-1] if indices.shape else 0
    if not 1 <= depth <= min(len(x.shape), MAX_DEPTH):
        raise UnsupportedOp(f"{op} has indices of shape {indices.shape}: TFLM takes 1 to {MAX_DEPTH} numbers as one.")
    require_shape(op, y, (*indices.shape[:-1], *x.shape[depth:]))
    _require_indices(op, x, y, indices, x.shape[:depth])
    if indices.data is not None:
        places = indices.data.reshape(-1, depth) @ np.array(strides(x.shape)[:depth])
        return pick_call(op, x, y, [places, np.arange(prod(x.shape[depth:]))])
    return _call(op, x, y, indices, batches=1, outer=1, dims=x.shape[:depth], run=prod(x.shape[depth:]))


def lower_embedding_lookup(graph: Graph, op: Op) -> Call:
    indices, x, y = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    if len(indices.shape) != 1 or len(x.shape) < 2:
        raise UnsupportedOp(f"{op} looks up {indices.shape} in {x.shape}: TFLM takes 1 axis of indices and 2 or more.")
    require_shape(op, y, (*indices.shape, *x.shape[1:]))
    _require_indices(op, x, y, indices, x.shape[:1])
    return _call(op, x, y, indices, batches=1, outer=1, dims=x.shape[:1], run=prod(x.shape[1:]))


def _require_indices(op: Op, x: Tensor, y: Tensor, indices: Tensor, dims: tuple[int, ...]) -> None:
    """Raise UnsupportedOp on a type that can't be moved or is no index, ModelError on constants beyond the input; dims:
    of its axes that an index names."""
    require_moved(op, x, y)
    require_types(op, "int32", indices)
    data = None if indices.data is None else indices.data.reshape(-1, len(dims))
    if data is not None and ((data < 0) | (data >= np.array(dims))).any():
        raise ModelError(f"{op} gathers {brief(data.tolist())} of {brief(list(dims))}: {_DAMAGED}")


def _call(
    op: Op, x: Tensor, y: Tensor, indices: Tensor, *, batches: int, outer: int, dims: tuple[int, ...], run: int
) -> Call:
    """run: elements that each index names."""
    run *= DTYPES[x.dtype].itemsize
    ahead = (1,) * (MAX_DEPTH - len(dims))
    params = {
        "batches": batches, "outer": outer, "count": indices.elements // len(dims) // batches, "depth": len(dims),
        "run": run, "dims": (*dims, *ahead), "stride": (*(stride * run for stride in strides(dims)), *ahead),
    }  # fmt: skip
    return Call(op, "lookup", params, (x.index, indices.index), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    flat, depth = np.ascontiguousarray(inputs[0]).reshape(-1), p["depth"]
    dims, stride = np.array(p["dims"][:depth]), np.array(p["stride"][:depth], np.int64)
    indices = np.clip(inputs[1].reshape(p["batches"], 1, p["count"], depth), 0, dims - 1)
    ahead = np.arange(p["batches"] * p["outer"]).reshape(p["batches"], p["outer"], 1) * dims[0] * stride[0]
    places = (indices * stride).sum(axis=-1) + ahead
    gathered: Array = flat.view(np.uint8)[places[..., None] + np.arange(p["run"])]
    return gathered.reshape(-1).view(flat.dtype)


KERNEL = Kernel(
    "lookup",
    CStruct("nn_lookup_t", numbers("int32_t", "batches outer count depth run dims[5] stride[5]"), "picking"),
    reference,
    arity=2,
    types=MOVED,
)
OPERATORS = (
    Operator("gather", "GATHER", "Gather", "GatherOptions", {"Axis": 0, "BatchDims": 0}, lower_gather,
             kernels=("lookup", "pick")),
    Operator("gather_nd", "GATHER_ND", "GatherNd", None, {}, lower_gather_nd, kernels=("lookup", "pick")),
    Operator("embedding_lookup", "EMBEDDING_LOOKUP", "EmbeddingLookup", None, {}, lower_embedding_lookup,
             kernels=("lookup",)),
)  # fmt: skip
