"""The kernel that brings int8 from one scale and zero point to another and clamps: RELU, RELU6, QUANTIZE from int8; and
QUANTIZE from and to uint8, which models have at their rims. A uint8 u counts as the int8 u - 128."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from gen.model.graph import Array, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, numbers

IDENTITY = (1 << 30, 1)  # the multiplier and shift that change no value
FLIP = {"int8": 0, "uint8": 0x80}  # what turns the byte of a value into that of the int8 that it counts as, and back
TABLE_BYTES = 256  # of a look-up table; from as many elements on it is worth them
# Beyond it TFLM shifts differences of 9 or 17 bits out of int32, which C leaves undefined; int32 itself may be small.
MAX_SHIFT = {"int8": 22, "uint8": 22, "int16": 14, "int32": 22}


def rescale(op: Op, x: Tensor, y: Tensor) -> tuple[int, int]:
    """(multiplier, shift) of input scale / output scale, in double as TFLM computes it. Raises UnsupportedOp."""
    return require_shift(op, x, y, quantize_multiplier(x.scale / y.scale))


def require_shift(op: Op, x: Tensor, y: Tensor, rescaling: tuple[int, int]) -> tuple[int, int]:
    """The same multiplier and shift. Raises UnsupportedOp where it shifts differences of the type out of int32."""
    if rescaling[1] > MAX_SHIFT[x.dtype]:
        raise UnsupportedOp(
            f"{op} has an input scale of {x.scale:g} and an output scale of {y.scale:g}, which is too far apart for "
            "int32: quantize the model again with representative data."
        )
    return rescaling


def requantize_call(
    op: Op,
    x: Tensor,
    y: Tensor,
    *,
    rescaling: tuple[int, int],
    zero_points: tuple[int, int],
    act_range: tuple[int, int],
) -> Call:
    """rescaling: multiplier and shift. zero_points: of input and output. act_range: act_min and act_max, as int8."""
    params = {
        "count": x.elements,
        "multiplier": rescaling[0], "shift": rescaling[1],
        "input_offset": FLIP[x.dtype] - zero_points[0], "output_offset": zero_points[1] - FLIP[y.dtype],
        "act_min": act_range[0], "act_max": act_range[1], "flip_x": FLIP[x.dtype], "flip_y": FLIP[y.dtype],
    }  # fmt: skip
    return Call(op, "requantize", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = _flipped(inputs[0], p["flip_x"], np.int8).astype(np.int32) + p["input_offset"]
    y = multiply_by_quantized_multiplier(x, p["multiplier"], p["shift"]) + p["output_offset"]
    clamped = np.clip(y, p["act_min"], p["act_max"]).astype(np.int8)
    return _flipped(clamped, p["flip_y"], np.uint8 if p["flip_y"] else np.int8)


def _flipped(bytes_: Array, flip: int, dtype: type[np.int8] | type[np.uint8]) -> Array:
    flipped: Array = (np.ascontiguousarray(bytes_).view(np.uint8) ^ np.uint8(flip)).view(dtype)
    return flipped


def keeps_values(params: Mapping[str, Any]) -> bool:
    """Whether it, or one of the kernel rescale, changes nothing but what its clamp cuts off."""
    same = params["input_offset"] == -params["output_offset"] and params.get("flip_x") == params.get("flip_y")
    same = same and params.get("x_type") == params.get("y_type")
    return bool((params["multiplier"], params["shift"]) == IDENTITY and same)


def view(params: Mapping[str, Any]) -> Sequence[int] | None:
    return (0,) if keeps_values(params) and (params["act_min"], params["act_max"]) == (-128, 127) else None


def by_table(call: Call) -> Call | None:
    """A look-up in a table of the answers to all bytes, where there are as many elements."""
    p = call.params
    if p["count"] < TABLE_BYTES or view(p) is not None:
        return None
    table = reference(p, [np.arange(-128, 128, dtype=np.int8)]).view(np.int8)
    return replace(call, kernel="lut", params={"count": p["count"], "table": tuple(table.tolist())})


KERNEL = Kernel(
    "requantize",
    CStruct(
        "nn_requantize_t",
        numbers("int32_t", "count multiplier")
        + numbers("int16_t", "input_offset output_offset act_min act_max")
        + numbers("int8_t", "shift")
        + numbers("uint8_t", "flip_x flip_y"),
    ),
    reference,
    in_place=True,
    view=view,
    simpler=by_table,
    types=("int8", "uint8"),
)
