"""QUANTIZE: float32 to int8, or int8 to int8 of another scale and zero point."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.graph import Array, Graph, Op
from gen.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.ops.quantized import require_int8, require_shape
from gen.ops.requantize import requantize_call, rescale


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    if (x.dtype, y.dtype) not in (("float32", "int8"), ("int8", "int8")):
        raise UnsupportedOp(
            f"{op} turns {x.dtype} into {y.dtype}: only float32 to int8 and int8 to int8 are supported, "
            "convert the model with int8 inputs and outputs."
        )
    require_int8(op, y)
    require_shape(op, y, x.shape)
    if x.dtype == "int8":
        require_int8(op, x)
        zero_points = (x.zero_point, y.zero_point)
        return requantize_call(op, x, y, rescaling=rescale(op, x, y), zero_points=zero_points, act_range=(-128, 127))
    params = {"count": x.elements, "scale": y.scale, "output_offset": y.zero_point}
    return Call(op, "quantize", params, (x.index,), y.index)


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    """float32 division, then round half away from zero. Where TFLM is undefined (a quotient beyond int32, NaN) this
    saturates, and takes NaN for 0, as a Cortex-M's conversion does."""
    with np.errstate(over="ignore", invalid="ignore"):
        ratio = np.nan_to_num(inputs[0] / np.float32(p["scale"]), nan=0.0).clip(-1024, 1024)
    rounded = np.trunc(ratio) + (ratio - np.trunc(ratio) >= 0.5) - (ratio - np.trunc(ratio) <= -0.5)
    result: Array = np.clip(rounded + p["output_offset"], -128, 127).astype(np.int8)
    return result


KERNEL = Kernel(
    "quantize",
    CStruct(
        "nn_quantize_t", numbers("int32_t", "count") + numbers("float", "scale") + numbers("int16_t", "output_offset")
    ),
    reference,
)
OPERATOR = Operator("quantize", "QUANTIZE", "Quantize", None, {}, lower)
