"""QUANTIZE: float32 to int8 and int16; int8, int16 and int32 to another of them or another scale and zero point; and
between int8 and uint8."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import ModelError
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_shape
from gen.model.ops.requantize import requantize_call, rescale
from gen.model.ops.rescale import rescale_call
from gen.model.ops.typed import require_form, require_zero_points

BYTES = ("int8", "uint8")
FORMS = (
    ("float32", "int8"), ("float32", "int16"), ("int8", "int8"), ("uint8", "int8"), ("int8", "uint8"),
    ("int8", "int16"), ("int8", "int32"), ("int16", "int8"), ("int16", "int16"), ("int16", "int32"),
    ("int32", "int8"), ("int32", "int16"),
)  # fmt: skip


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_form(op, x, y, FORMS)
    require_shape(op, y, x.shape)
    for tensor in (x, y) if x.dtype != "float32" else (y,):
        if tensor.dtype in BYTES:
            _require_byte(op, tensor)
        else:
            require_zero_points(op, tensor)
    if x.dtype != "float32":
        rescaling = rescale(op, x, y)
        if x.dtype not in BYTES or y.dtype not in BYTES:
            return rescale_call(op, x, y, rescaling)
        zero_points = (x.zero_point, y.zero_point)
        return requantize_call(op, x, y, rescaling=rescaling, zero_points=zero_points, act_range=(-128, 127))
    params = {"count": x.elements, "scale": y.scale, "output_offset": y.zero_point}
    return Call(op, f"quantize{'' if y.dtype == 'int8' else '_int16'}", params, (x.index,), (y.index,))


def _require_byte(op: Op, tensor: Tensor) -> None:
    """As require_int8, and likewise for uint8."""
    if tensor.dtype != "uint8":
        require_int8(op, tensor)
    elif not 0 <= tensor.zero_point <= 255:
        raise ModelError(f"{op}: tensor {tensor.name!r} has a zero point that is no uint8: the model file is damaged.")


def _reference(dtype: type[np.int8] | type[np.int16]) -> Callable[[Mapping[str, Any], Sequence[Array]], Array]:
    """float32 division, then round half away from zero. Where TFLM is undefined (a quotient beyond int32, NaN) this
    saturates, and takes NaN for 0, as a Cortex-M's conversion does."""
    limits = np.iinfo(dtype)
    far = 8 * limits.max

    def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            ratio = np.nan_to_num(inputs[0] / np.float32(p["scale"]), nan=0.0).clip(-far, far)
        rounded = np.trunc(ratio) + (ratio - np.trunc(ratio) >= 0.5) - (ratio - np.trunc(ratio) <= -0.5)
        result: Array = np.clip(rounded + p["output_offset"], limits.min, limits.max).astype(dtype)
        return result

    return reference


FIELDS = numbers("int32_t", "count") + numbers("float", "scale") + numbers("int16_t", "output_offset")
KERNELS = (
    Kernel("quantize", CStruct("nn_quantize_t", FIELDS), _reference(np.int8), types=("float32",)),
    Kernel(
        "quantize_int16", CStruct("nn_quantize_int16_t", FIELDS, "conversion"), _reference(np.int16), types=("float32",)
    ),
)
OPERATOR = Operator(
    "quantize",
    "QUANTIZE",
    "Quantize",
    None,
    {},
    lower,
    kernels=("quantize", "requantize", "quantize_int16", "rescale"),
    interpreter=("quantize", "requantize"),
    prepared=("quantize_int16", "rescale"),
    is_rim=True,
)
