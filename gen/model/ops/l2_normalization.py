"""L2_NORMALIZATION over the last axis: int8 in and out, output scale 1/128 and zero point 0 as TFLite fixes them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import inverse_square_root, multiply_by_quantized_multiplier
from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import fused_activation, require_int8, require_shape
from gen.model.ops.unary import require_output

OUTPUT_SHIFT = 7  # the output is in 128ths
MAX_DEPTH = 2**15  # squares of 9-bit differences that stay in int32 together


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_int8(op, x, y)
    require_shape(op, y, x.shape)
    require_output(op, y, 1 / 128, 0)
    fused_activation(op, y)
    if op.options["FusedActivationFunction"] != "none":
        raise UnsupportedOp(f"{op} has a fused activation, which TFLM does not compute: put it behind.")
    if not x.shape or not 1 <= x.shape[-1] <= MAX_DEPTH:
        raise UnsupportedOp(f"{op} has an input of shape {x.shape}: its last axis must have 1 to {MAX_DEPTH} elements.")
    depth = x.shape[-1]
    params = {"rows": x.elements // depth, "depth": depth, "input_offset": -x.zero_point}
    return Call(op, "l2_normalization", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["rows"], p["depth"]).astype(np.int32) + p["input_offset"]
    scales = [inverse_square_root(int(total)) for total in (x * x).sum(axis=1)]
    multiplier, shift = (np.array(column)[:, None] for column in zip(*scales, strict=True))
    y = multiply_by_quantized_multiplier(x, multiplier, shift + OUTPUT_SHIFT)
    clamped: Array = np.clip(y, -128, 127).astype(np.int8)
    return clamped


KERNEL = Kernel(
    "l2_normalization",
    CStruct(
        "nn_l2_normalization_t", numbers("int32_t", "rows depth") + numbers("int16_t", "input_offset"), "reduction"
    ),
    reference,
    in_place=True,
)
OPERATOR = Operator(
    "l2_normalization",
    "L2_NORMALIZATION",
    "L2Normalization",
    "L2NormOptions",
    {"FusedActivationFunction": "none"},
    lower,
)
