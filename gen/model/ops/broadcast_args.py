"""BROADCAST_ARGS: the shape that two shapes broadcast to, in int32."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_rank, require_shape, require_types


def lower(graph: Graph, op: Op) -> Call:
    x1, x2, y = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    require_types(op, "int32", x1, x2, y)
    require_rank(op, 1, x1, x2)
    require_shape(op, y, (max(x1.elements, x2.elements),))
    params = {"count1": x1.elements, "count2": x2.elements}
    return Call(op, "broadcast_args", params, (x1.index, x2.index), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    count = max(p["count1"], p["count2"])
    a, b = (np.concatenate([np.ones(count - x.size, np.int32), x.reshape(-1)]) for x in inputs)
    return np.where(a == 1, b, a)


KERNEL = Kernel(
    "broadcast_args",
    CStruct("nn_broadcast_args_t", numbers("int32_t", "count1 count2"), "movement"),
    reference,
    arity=2,
    types=("int32",),
)
OPERATOR = Operator("broadcast_args", "BROADCAST_ARGS", "BroadcastArgs", None, {}, lower)
