"""DYNAMIC_UPDATE_SLICE: the input with another tensor in its place from indices on, which may be known at run time only
and are moved so that it stays within; any type, bytes moved."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import DTYPES, Array, Graph, Op
from gen.model.ops.movement import strides
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_shape, require_types
from gen.model.ops.shapes import MOVED, require_moved

MAX_AXES = 5  # of nn_dynamic_update_slice_t, before those that are replaced whole


def lower(graph: Graph, op: Op) -> Call:
    x, update, start, y = (*(graph.input(op, i) for i in range(3)), graph.output(op))
    require_moved(op, x, update, y)
    require_types(op, "int32", start)
    require_shape(op, y, x.shape)
    require_shape(op, start, (len(x.shape),))
    if len(update.shape) != len(x.shape) or any(a > b for a, b in zip(update.shape, x.shape, strict=True)):
        raise ModelError(f"{op} puts {update.shape} into {x.shape}: the model file is damaged, convert it again.")
    axes = len(x.shape)
    while axes and update.shape[axes - 1] == x.shape[axes - 1]:
        axes -= 1
    if axes > MAX_AXES:
        raise UnsupportedOp(f"{op} updates a part of {axes} axes, more than {MAX_AXES}: reshape it in the model.")
    item, behind = DTYPES[x.dtype].itemsize, (1,) * (MAX_AXES - axes)
    params = {
        "bytes": x.size_bytes, "axes": axes, "run": prod(x.shape[axes:]) * item,
        "dims": (*update.shape[:axes], *behind),
        "most": (*(a - b for a, b in zip(x.shape[:axes], update.shape[:axes], strict=True)), *(0 for _ in behind)),
        "stride": (*(stride * item for stride in strides(x.shape)[:axes]), *behind),
    }  # fmt: skip
    return Call(op, "dynamic_update_slice", params, (x.index, update.index, start.index), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = np.ascontiguousarray(inputs[0]).reshape(-1)
    updated = x.copy().view(np.uint8)
    start = np.zeros(MAX_AXES, np.int64)
    start[: p["axes"]] = np.asarray(inputs[2]).reshape(-1)[: p["axes"]]
    places = np.array((np.clip(start, 0, p["most"]) * p["stride"]).sum())
    for dim, stride in zip(p["dims"], p["stride"], strict=True):
        places = places[..., None] + np.arange(dim) * stride
    places = places[..., None] + np.arange(p["run"])
    updated[places.reshape(-1)] = np.ascontiguousarray(inputs[1]).reshape(-1).view(np.uint8)
    return updated.view(x.dtype)


KERNEL = Kernel(
    "dynamic_update_slice",
    CStruct("nn_dynamic_update_slice_t", numbers("int32_t", "bytes axes run dims[5] most[5] stride[5]"), "picking"),
    reference,
    arity=3,
    in_place=True,
    types=MOVED,
)
OPERATOR = Operator("dynamic_update_slice", "DYNAMIC_UPDATE_SLICE", "DynamicUpdateSlice", None, {}, lower)
