"""DEQUANTIZE: int8 to float32."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_shape


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    if (x.dtype, y.dtype) != ("int8", "float32"):
        raise UnsupportedOp(
            f"{op} turns {x.dtype} into {y.dtype}: only int8 to float32 is supported, convert the model with full "
            "integer quantization."
        )
    require_int8(op, x)
    require_shape(op, y, x.shape)
    params = {"count": x.elements, "scale": x.scale, "input_offset": -x.zero_point}
    return Call(op, "dequantize", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    """One float32 product, which is what TFLM's product in double, rounded to float32, comes to: the exact product of
    24 by 9 bits fits a double, so that either way there is one rounding."""
    with np.errstate(over="ignore", under="ignore"):
        y: Array = np.float32(p["scale"]) * (inputs[0].astype(np.int32) + p["input_offset"]).astype(np.float32)
    return y


KERNEL = Kernel(
    "dequantize",
    CStruct(
        "nn_dequantize_t", numbers("int32_t", "count") + numbers("float", "scale") + numbers("int16_t", "input_offset")
    ),
    reference,
)
OPERATOR = Operator("dequantize", "DEQUANTIZE", "Dequantize", None, {}, lower, is_rim=True, interpreter=("dequantize",))
