"""QUANTIZE: float32 to int8, int8 to int8 of another scale and zero point, and between int8 and uint8."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_shape
from gen.model.ops.requantize import requantize_call, rescale

FORMS = (("float32", "int8"), ("int8", "int8"), ("uint8", "int8"), ("int8", "uint8"))


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    if (x.dtype, y.dtype) not in FORMS:
        known = ", ".join(f"{before} to {after}" for before, after in FORMS)
        raise UnsupportedOp(
            f"{op} turns {x.dtype} into {y.dtype}: only {known} are supported, convert the model with int8 inputs and "
            "outputs."
        )
    _require_byte(op, y)
    require_shape(op, y, x.shape)
    if x.dtype != "float32":
        _require_byte(op, x)
        zero_points = (x.zero_point, y.zero_point)
        return requantize_call(op, x, y, rescaling=rescale(op, x, y), zero_points=zero_points, act_range=(-128, 127))
    params = {"count": x.elements, "scale": y.scale, "output_offset": y.zero_point}
    return Call(op, "quantize", params, (x.index,), (y.index,))


def _require_byte(op: Op, tensor: Tensor) -> None:
    """As require_int8, and likewise for uint8."""
    if tensor.dtype != "uint8":
        require_int8(op, tensor)
    elif not 0 <= tensor.zero_point <= 255:
        raise ModelError(f"{op}: tensor {tensor.name!r} has a zero point that is no uint8: the model file is damaged.")


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
OPERATOR = Operator(
    "quantize",
    "QUANTIZE",
    "Quantize",
    None,
    {},
    lower,
    kernels=("quantize", "requantize"),
    interpreter=("quantize", "requantize"),
    is_rim=True,
)
