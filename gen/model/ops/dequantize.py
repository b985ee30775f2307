"""DEQUANTIZE: int8, uint8 and int16 to float32."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import ModelError
from gen.model.graph import DTYPES, Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_shape
from gen.model.ops.typed import NUMBERS, require_form


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_form(op, x, y, tuple((dtype, "float32") for dtype in ("int8", "uint8", "int16")))
    require_shape(op, y, x.shape)
    params = {"count": x.elements, "scale": x.scale, "input_offset": -x.zero_point}
    if x.dtype == "int8":
        require_int8(op, x)
        return Call(op, "dequantize", params, (x.index,), (y.index,))
    limits = np.iinfo(DTYPES[x.dtype])
    if not limits.min <= x.zero_point <= limits.max:
        raise ModelError(f"{op}: tensor {x.name!r} has a zero point that is no {x.dtype}: the model file is damaged.")
    return Call(op, "dequantize_typed", {**params, "x_type": NUMBERS[x.dtype]}, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    """One float32 product, which is what TFLM's product in double, rounded to float32, comes to: the exact product of
    24 by 17 bits fits a double, so that either way there is one rounding."""
    with np.errstate(over="ignore", under="ignore"):
        y: Array = np.float32(p["scale"]) * (inputs[0].astype(np.int32) + p["input_offset"]).astype(np.float32)
    return y


FIELDS = numbers("int32_t", "count") + numbers("float", "scale") + numbers("int16_t", "input_offset")
TYPED_FIELDS = numbers("int32_t", "count input_offset") + numbers("float", "scale") + numbers("uint8_t", "x_type")
KERNELS = (
    Kernel("dequantize", CStruct("nn_dequantize_t", FIELDS), reference),
    Kernel(
        "dequantize_typed",
        CStruct("nn_dequantize_typed_t", TYPED_FIELDS, "conversion"),
        reference,
        types=("uint8", "int16"),
    ),
)
OPERATOR = Operator(
    "dequantize",
    "DEQUANTIZE",
    "Dequantize",
    None,
    {},
    lower,
    kernels=("dequantize", "dequantize_typed"),
    interpreter=("dequantize",),
    prepared=("dequantize_typed",),
    is_rim=True,
)
