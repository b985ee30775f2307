"""ARG_MAX and ARG_MIN along one axis: int8 in, int32 indices out; of equals the first."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_shape
from gen.model.ops.shapes import constant_input, index_of_axis


def _operator(kernel: str, tflm: str, table: str) -> Operator:
    def lower(graph: Graph, op: Op) -> Call:
        x, y = graph.input(op, 0), graph.output(op)
        require_int8(op, x)
        if y.dtype != "int32":
            raise UnsupportedOp(f"{op} gives indices as {y.dtype}: TFLM has int32 only, convert the model with int32.")
        axes = constant_input(graph, op, 1, "axis", ("int32",)).reshape(-1).tolist()
        axis = index_of_axis(op, axes[0] if len(axes) == 1 else len(x.shape), len(x.shape))
        require_shape(op, y, (*x.shape[:axis], *x.shape[axis + 1 :]))
        params = {"outer": prod(x.shape[:axis]), "count": x.shape[axis], "inner": prod(x.shape[axis + 1 :])}
        return Call(op, kernel, params, (x.index,), (y.index,))

    return Operator(kernel, kernel.upper(), tflm, table, {}, lower)


def _kernel(name: str, index: Callable[..., Any]) -> Kernel:
    def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
        return np.asarray(index(inputs[0].reshape(p["outer"], p["count"], p["inner"]), axis=1), np.int32)

    return Kernel(name, CStruct("nn_arg_t", numbers("int32_t", "outer count inner"), "reduction"), reference)


KERNELS = (_kernel("arg_max", np.argmax), _kernel("arg_min", np.argmin))
OPERATORS = (_operator("arg_max", "ArgMax", "ArgMaxOptions"), _operator("arg_min", "ArgMin", "ArgMinOptions"))
