"""RESHAPE: the same bytes under another shape. The output tensor's shape counts; the shape input (constant or not) and
the attribute, of which files have one, both or neither, say the same and are not read."""

from collections.abc import Mapping, Sequence
from typing import Any

from gen.errors import ModelError, NotQuantized
from gen.graph import Array, Graph, Op
from gen.ops.operator import Call, CStruct, Kernel, Operator, numbers


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    if x.dtype not in ("int8", "float32"):
        raise NotQuantized(
            f"{op}: tensor {x.name!r} is {x.dtype}: convert the model with full integer quantization to int8."
        )
    if x.dtype != y.dtype or x.elements != y.elements:
        raise ModelError(
            f"{op} makes {y.dtype} {y.shape} of {x.dtype} {x.shape}, which is not the same data: the model file is "
            "damaged, convert it again."
        )
    return Call(op, "reshape", {"bytes": x.size_bytes}, (x.index,), y.index)


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    return inputs[0]


KERNEL = Kernel("reshape", CStruct("nn_reshape_t", numbers("int32_t", "bytes")), reference)
OPERATOR = Operator("reshape", "RESHAPE", "Reshape", None, {}, lower)
