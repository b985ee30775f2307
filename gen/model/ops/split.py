"""SPLIT, SPLIT_V and UNPACK: stretches of the input along one axis, in turn; any type, bytes moved."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from gen.errors import ModelError
from gen.model.graph import DTYPES, Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, int32_array, numbers, pointers
from gen.model.ops.quantized import require_shape
from gen.model.ops.shapes import MOVED, constant_input, index_of_axis, require_moved


def lower_split(graph: Graph, op: Op) -> Call:
    return _along(graph, op, graph.input(op, 1), 0)


def lower_split_v(graph: Graph, op: Op) -> Call:
    return _along(graph, op, graph.input(op, 0), 2)


def _along(graph: Graph, op: Op, x: Tensor, axis_input: int) -> Call:
    axes = constant_input(graph, op, axis_input, "axis", ("int32",)).reshape(-1).tolist()
    axis = index_of_axis(op, axes[0] if len(axes) == 1 else len(x.shape), len(x.shape))
    ys = [graph.tensors[i] for i in op.outputs]
    for y in ys:
        size = y.shape[axis] if axis < len(y.shape) else 0
        require_shape(op, y, (*x.shape[:axis], size, *x.shape[axis + 1 :]))
    return _call(op, x, ys, axis, [y.shape[axis] for y in ys])


def lower_unpack(graph: Graph, op: Op) -> Call:
    x, ys = graph.input(op, 0), [graph.tensors[i] for i in op.outputs]
    axis = index_of_axis(op, op.options["Axis"], len(x.shape))
    for y in ys:
        require_shape(op, y, (*x.shape[:axis], *x.shape[axis + 1 :]))
    return _call(op, x, ys, axis, [1] * len(ys))


def _call(op: Op, x: Tensor, ys: Sequence[Tensor], axis: int, sizes: Sequence[int]) -> Call:
    require_moved(op, x, *ys)
    if sum(sizes) != x.shape[axis]:
        raise ModelError(
            f"{op} makes outputs of sizes {list(sizes)} of an axis of {x.shape[axis]}: the model file is damaged, "
            "convert it again."
        )
    item = prod(x.shape[axis + 1 :]) * DTYPES[x.dtype].itemsize
    params = {
        "inner": int32_array([size * item for size in sizes]),
        "outputs": len(ys),
        "outer": prod(x.shape[:axis]),
    }
    return Call(op, "split", params, (x.index,), tuple(y.index for y in ys))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Sequence[Array]:
    flat = np.ascontiguousarray(inputs[0]).reshape(-1)
    rows = flat.view(np.uint8).reshape(p["outer"], -1)
    parts = np.split(rows, np.cumsum(p["inner"])[:-1], axis=1)
    return [np.ascontiguousarray(part).reshape(-1).view(flat.dtype) for part in parts]


def view(params: Mapping[str, Any]) -> Sequence[int] | None:
    return [0, *accumulate(params["inner"].tolist()[:-1])] if params["outer"] == 1 else None


KERNEL = Kernel(
    "split",
    CStruct("nn_split_t", pointers("int32_t", "inner") + numbers("int32_t", "outputs outer"), "movement"),
    reference,
    outputs=None,
    view=view,
    types=MOVED,
)
SPLIT = Operator("split", "SPLIT", "Split", "SplitOptions", {"NumSplits": 0}, lower_split, kernels=("split",))
SPLIT_V = Operator("split_v", "SPLIT_V", "SplitV", "SplitVOptions", {"NumSplits": 0}, lower_split_v, kernels=("split",))
UNPACK = Operator("unpack", "UNPACK", "Unpack", "UnpackOptions", {"Axis": 0}, lower_unpack, kernels=("split",))
OPERATORS = (SPLIT, SPLIT_V, UNPACK)
