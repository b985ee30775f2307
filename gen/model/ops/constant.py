"""SHAPE, ZEROS_LIKE and FILL with constant inputs: what does not depend on any activation. Engine aot has such outputs
among its constants; the kernel is the interpreter's."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import DTYPES, Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers, pointers
from gen.model.ops.quantized import require_shape
from gen.model.ops.shapes import MOVED, constant_input


def lower_shape(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_shape(op, y, (len(x.shape),))
    if y.dtype != "int32":
        raise UnsupportedOp(
            f"{op} gives a shape as {y.dtype}: TFLM has int32 only, convert the model with out_type int32."
        )
    return _call(graph, op, np.array(x.shape, np.int32))


def lower_zeros_like(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_shape(op, y, x.shape)
    if x.dtype != y.dtype or y.dtype not in ("int8", "int32"):
        raise UnsupportedOp(f"{op} makes {y.dtype} like {x.dtype}: TFLM has int8 and int32.")
    return _call(graph, op, np.zeros(y.shape, DTYPES[y.dtype]))


def lower_fill(graph: Graph, op: Op) -> Call:
    y = graph.output(op)
    dims = constant_input(graph, op, 0, "dimensions", ("int32", "int64")).reshape(-1).tolist()
    value = constant_input(graph, op, 1, "value", ("int8", "int32"))
    require_shape(op, y, dims)
    if value.size != 1 or value.dtype != DTYPES[y.dtype]:
        raise ModelError(f"{op} fills {y.dtype} with {value.size} values of {value.dtype}: the model file is damaged.")
    return _call(graph, op, np.full(y.shape, value.reshape(-1)[0], DTYPES[y.dtype]))


def _call(graph: Graph, op: Op, data: Array) -> Call:
    stored = np.ascontiguousarray(data).reshape(-1).view(np.int8)
    return Call(op, "constant", {"data": stored, "bytes": stored.size}, op.inputs[:1], op.outputs)


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    return np.asarray(p["data"], np.int8)


KERNEL = Kernel(
    "constant",
    CStruct("nn_constant_t", pointers("int8_t", "data") + numbers("int32_t", "bytes"), "movement"),
    reference,
    is_constant=True,
    types=MOVED,
)
SHAPE = Operator("shape", "SHAPE", "Shape", None, {}, lower_shape, kernels=("constant",))
ZEROS_LIKE = Operator("zeros_like", "ZEROS_LIKE", "ZerosLike", None, {}, lower_zeros_like, kernels=("constant",))
FILL = Operator("fill", "FILL", "Fill", None, {}, lower_fill, kernels=("constant",))
OPERATORS = (FILL, SHAPE, ZEROS_LIKE)
