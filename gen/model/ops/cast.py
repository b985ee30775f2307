"""CAST between int8, int16, int32, uint32, bool and float32, in integers: float32 by its bits, so that a model's rim
may have it. A float is cut off towards zero and saturates, as TFLM does it; an integer wraps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_shape
from gen.model.ops.rescale import DTYPE_OF
from gen.model.ops.typed import NUMBERS

TYPES = ("int8", "int16", "int32", "uint32", "bool", "float32")


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    for tensor in (x, y):
        if tensor.dtype not in TYPES:
            raise UnsupportedOp(
                f"{op}: tensor {tensor.name!r} is {tensor.dtype}: TFLM casts between {', '.join(TYPES)} only."
            )
    require_shape(op, y, x.shape)
    params = {"count": x.elements, "x_type": NUMBERS[x.dtype], "y_type": NUMBERS[y.dtype]}
    return Call(op, "cast", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x, to = inputs[0], DTYPE_OF[p["y_type"]]
    if x.dtype == np.float32 and to.kind in "iu":
        limits = np.iinfo(to)
        whole = np.nan_to_num(np.trunc(x.astype(np.float64)), nan=0.0)
        x = np.clip(whole, limits.min, limits.max)
    y: Array = x.astype(to)
    return y


def view(p: Mapping[str, Any]) -> Sequence[int] | None:
    integers = (NUMBERS["int32"], NUMBERS["uint32"])
    same = p["x_type"] == p["y_type"] or (p["x_type"] in integers and p["y_type"] in integers)
    return (0,) if same else None


KERNEL = Kernel(
    "cast",
    CStruct("nn_cast_t", numbers("int32_t", "count") + numbers("uint8_t", "x_type y_type"), "conversion"),
    reference,
    in_place=True,
    view=view,
    types=TYPES,
)
OPERATOR = Operator("cast", "CAST", "Cast", None, {}, lower, is_rim=True)
