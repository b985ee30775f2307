"""ADD_N of tensors of one scale, and CUMSUM along an axis: sums of steps with 19 bits behind the point, in int32, which
wraps. Both start at minus the zero point, as TFLM does, not at 0."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_same_quantization, require_shape
from gen.model.ops.shapes import constant_input, index_of_axis

FRACTION = 19  # bits of a step, half of ADD's headroom
SCALING = numbers("int16_t", "input_offset output_offset") + numbers("int8_t", "shift")


def scaling(op: Op, x: Tensor, y: Tensor) -> Mapping[str, int]:
    """Raises UnsupportedOp."""
    multiplier, shift = quantize_multiplier(2 * x.scale / ((2 << FRACTION) * y.scale))
    if shift > 0:
        raise UnsupportedOp(
            f"{op} has an input scale of {x.scale:g} and an output scale of {y.scale:g}, more than 2**19 apart, which "
            "TFLM refuses: quantize the model again with representative data."
        )
    return {
        "multiplier": multiplier, "shift": shift, "input_offset": -x.zero_point, "output_offset": y.zero_point,
    }  # fmt: skip


def lower_add_n(graph: Graph, op: Op) -> Call:
    xs, y = [graph.input(op, i) for i in range(len(op.inputs))], graph.output(op)
    require_int8(op, *xs, y)
    for x in xs:
        require_shape(op, x, y.shape)
        require_same_quantization(op, xs[0], x)
    if len(xs) < 2:
        raise UnsupportedOp(f"{op} adds one tensor, which TFLM refuses: remove it.")
    params = {"count": y.elements, "inputs": len(xs), **scaling(op, xs[0], y)}
    return Call(op, "add_n", params, tuple(x.index for x in xs), (y.index,))


def lower_cumsum(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_int8(op, x, y)
    require_shape(op, y, x.shape)
    axes = constant_input(graph, op, 1, "axis", ("int32",)).reshape(-1).tolist()
    axis = index_of_axis(op, axes[0] if len(axes) == 1 else len(x.shape), len(x.shape))
    params = {
        "outer": prod(x.shape[:axis]), "count": x.shape[axis], "inner": prod(x.shape[axis + 1 :]),
        **scaling(op, x, y),
        "exclusive": int(op.options["Exclusive"]), "reverse": int(op.options["Reverse"]),
    }  # fmt: skip
    return Call(op, "cumsum", params, (x.index,), (y.index,))


def _rescaled(p: Mapping[str, Any], steps: Array) -> Array:
    """int8 of sums in steps, int64."""
    sums = (steps << FRACTION).astype(np.int32)
    y = multiply_by_quantized_multiplier(sums, p["multiplier"], p["shift"]) + p["output_offset"]
    clamped: Array = np.clip(y, -128, 127).astype(np.int8)
    return clamped


def add_n_reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    sums = np.sum([x.astype(np.int64) for x in inputs], axis=0)
    return _rescaled(p, sums + (len(inputs) + 1) * p["input_offset"])


def cumsum_reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["outer"], p["count"], p["inner"]).astype(np.int64) + p["input_offset"]
    x = x[:, ::-1] if p["reverse"] else x
    sums = np.cumsum(x, axis=1) - (x if p["exclusive"] else 0)
    y = _rescaled(p, sums + p["input_offset"])
    return y[:, ::-1] if p["reverse"] else y


KERNELS = (
    Kernel(
        "add_n",
        CStruct("nn_add_n_t", numbers("int32_t", "count inputs multiplier") + SCALING, "reduction"),
        add_n_reference,
        arity=None,
    ),
    Kernel(
        "cumsum",
        CStruct(
            "nn_cumsum_t",
            numbers("int32_t", "outer count inner multiplier") + SCALING + numbers("int8_t", "exclusive reverse"),
            "reduction",
        ),
        cumsum_reference,
        in_place=True,
    ),
)
OPERATORS = (
    Operator("add_n", "ADD_N", "AddN", None, {}, lower_add_n),
    Operator("cumsum", "CUMSUM", "CumSum", "CumsumOptions", {"Exclusive": False, "Reverse": False}, lower_cumsum),
)
