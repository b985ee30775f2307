"""CONCATENATION of tensors that share one type, scale and zero point: bytes moved, as TFLM does."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import DTYPES, Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, int32_array, numbers, pointers
from gen.model.ops.quantized import require_int8_or_int16, require_shape
from gen.model.ops.shapes import index_of_axis, require_moved

OPTIONS = {"Axis": 0, "FusedActivationFunction": "none"}
UNSCALED = ("int32", "bool")


def lower(graph: Graph, op: Op) -> Call:
    xs, y = [graph.input(op, i) for i in range(len(op.inputs))], graph.output(op)
    if y.dtype in UNSCALED:
        require_moved(op, *xs, y)
    else:
        require_int8_or_int16(op, *xs, y)
    if op.options["FusedActivationFunction"] != "none":
        raise UnsupportedOp(
            f"{op} has the fused activation {op.options['FusedActivationFunction'].upper()}: "
            "apply the activation to its inputs instead."
        )
    for x in xs:
        if y.dtype not in UNSCALED and (x.scale, x.zero_point) != (y.scale, y.zero_point):
            raise UnsupportedOp(
                f"{op} joins tensor {x.name!r} of another scale or zero point than its output's, and nothing on the "
                "device rescales it: quantize the model with a converter that gives them the same."
            )
    rank = len(y.shape)
    axis = index_of_axis(op, op.options["Axis"], rank)
    for x in xs:
        if len(x.shape) != rank:
            raise ModelError(f"{op} joins tensors of different ranks: the model file is damaged, convert it again.")
    joined = sum(x.shape[axis] for x in xs)
    for x in xs:
        require_shape(op, y, (*x.shape[:axis], joined, *x.shape[axis + 1 :]))
    params = {
        "inner": int32_array([prod(x.shape[axis:]) * DTYPES[x.dtype].itemsize for x in xs]),
        "inputs": len(xs),
        "outer": prod(y.shape[:axis]),
    }
    return Call(op, "concatenation", params, tuple(x.index for x in xs), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    flat = [np.ascontiguousarray(x).reshape(-1) for x in inputs]
    joined = np.concatenate([x.view(np.uint8).reshape(p["outer"], -1) for x in flat], axis=1)
    return joined.reshape(-1).view(flat[0].dtype)


KERNEL = Kernel(
    "concatenation",
    CStruct("nn_concatenation_t", pointers("int32_t", "inner") + numbers("int32_t", "inputs outer"), "movement"),
    reference,
    arity=None,
    joins=True,
    types=("int8", "int16", "int32", "bool"),
)
OPERATOR = Operator(
    "concatenation",
    "CONCATENATION",
    "Concatenation",
    "ConcatenationOptions",
    OPTIONS,
    lower,
    nodes=("concat",),
)
