"""SELECT_V2: of each pair of elements one, as a bool says, with NumPy's broadcasting; any type, bytes moved."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import DTYPES, Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_shape, require_types
from gen.model.ops.shapes import MOVED, merge_axes, require_moved

MAX_AXES = 5  # of nn_select_v2_t, after merging
STRIDES = ("stride_if", "stride1", "stride2")


def lower(graph: Graph, op: Op) -> Call:
    condition, x1, x2, y = (*(graph.input(op, i) for i in range(3)), graph.output(op))
    require_types(op, "bool", condition)
    require_moved(op, x1, x2, y)
    operands = (condition, x1, x2)
    try:
        require_shape(op, y, np.broadcast_shapes(*(x.shape for x in operands)))
    except ValueError:
        raise ModelError(
            f"{op} has inputs of shapes {condition.shape}, {x1.shape} and {x2.shape}, which don't broadcast: the model "
            "file is damaged, convert it again."
        ) from None
    sizes = [(1,) * (len(y.shape) - len(x.shape)) + x.shape for x in operands]
    axes = merge_axes(y.shape, [tuple(size > 1 for size in of_axis) for of_axis in zip(*sizes, strict=True)])
    if len(axes) > MAX_AXES:
        raise UnsupportedOp(
            f"{op} broadcasts {condition.shape}, {x1.shape} and {x2.shape} in {len(axes)} alternations, more than "
            f"{MAX_AXES}: reshape its inputs to fewer axes."
        )
    axes = [(1, (False,) * 3)] * (MAX_AXES - len(axes)) + axes
    params: dict[str, Any] = {"run": DTYPES[y.dtype].itemsize, "dims": tuple(dim for dim, _ in axes)}
    for operand, name in enumerate(STRIDES):
        strides, step = [], 1 if operand == 0 else params["run"]
        for dim, advances in reversed(axes):
            strides.append(step if advances[operand] else 0)
            step *= dim if advances[operand] else 1
        params[name] = tuple(reversed(strides))
    return Call(op, "select_v2", params, tuple(x.index for x in operands), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    condition, x1, x2 = (
        as_strided(np.ascontiguousarray(x).reshape(-1), p["dims"], p[name], writeable=False)
        for name, x in zip(STRIDES, inputs, strict=True)
    )
    return np.where(condition, x1, x2)


KERNEL = Kernel(
    "select_v2",
    CStruct("nn_select_v2_t", numbers("int32_t", "run dims[5] stride_if[5] stride1[5] stride2[5]"), "elementwise"),
    reference,
    arity=3,
    types=MOVED,
)
OPERATOR = Operator("select_v2", "SELECT_V2", "SelectV2", None, {}, lower)
