"""SOFTMAX of int16 over the last axis, by two tables between whose entries TFLM interpolates. Source of the arithmetic:
TFLM's reference_ops::SoftmaxInt16 and its LUTPopulate, tried against it by the tests."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, numbers, pointers
from gen.model.ops.quantized import require_shape

STEPS = 512  # of a table, whose entries are the ends of all of them
STEP = 10 / 65535  # of the exponential's input
MAX_SHIFT = 15  # as far differences of int16 can be shifted
MAX_DEPTH = 2**15 - 1  # as many e**0 are in the sum


def require_output(op: Op, y: Tensor, bits: int, zero_point: int) -> None:
    """Raise UnsupportedOp unless the output has the zero point that TFLite fixes, and the scale 2**-bits, or nearly."""
    if abs(y.scale - 2.0**-bits) > float(np.float32(0.001)) * 2.0**-bits or y.zero_point != zero_point:
        raise UnsupportedOp(
            f"{op} has output scale {y.scale:g} and zero point {y.zero_point}: of this type TFLite fixes them to "
            f"1/{2**bits} and {zero_point}, convert the model again."
        )


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_output(op, y, 15, 0)
    require_shape(op, y, x.shape)
    if x.zero_point != 0:
        raise UnsupportedOp(f"{op} has an int16 input of zero point {x.zero_point}: TFLM wants 0, quantize it again.")
    if not x.shape or not 1 <= x.shape[-1] <= MAX_DEPTH:
        raise UnsupportedOp(f"{op} has an input of shape {x.shape}: its last axis must have 1 to {MAX_DEPTH} elements.")
    multiplier, shift = quantize_multiplier(x.scale * op.options["Beta"] / STEP)
    if shift > MAX_SHIFT or multiplier < 0:
        raise UnsupportedOp(
            f"{op} has beta {op.options['Beta']:g} and input scale {x.scale:g}: their product must be 0 to 5, quantize "
            "the model again."
        )
    depth = x.shape[-1]
    params = {
        "exponentials": exponentials(), "quotients": quotients(), "rows": x.elements // depth, "depth": depth,
        "multiplier": multiplier, "shift": shift,
    }  # fmt: skip
    return Call(op, "softmax_int16", params, (x.index,), (y.index,))


@cache
def exponentials() -> Array:
    """e**x for x from -10 to 0."""
    return _table(np.exp, np.float32(STEP) * np.float32(-65535), np.float32(0))


@cache
def quotients() -> Array:
    """1 / (1 + x) for x from 0 to 1."""
    return _table(
        lambda x: np.float32(1) / (np.float32(1) + x), np.float32(0), np.float32(1 / 65535) * np.float32(65535)
    )


def _table(function: Callable[[Any], Any], start: np.float32, end: np.float32) -> Array:
    """A function's values in int16 of -1 to 1, each moved by half of what its step bends, in float32 throughout."""
    unit = np.float32(2 / 65535)
    inverse = np.float32(65536) / (unit * np.float32(32767) - unit * np.float32(-32768))
    step = (end - start) / np.float32(STEPS)
    at = start + np.arange(STEPS, dtype=np.float32) * step
    value = _rounded(function(at) * inverse)
    middle = _rounded(function(at + step / np.float32(2)) * inverse)
    straight = _rounded((function(at + step) * inverse + value) / np.float32(2))
    bent = value - _rounded((straight - middle) / np.float32(2))
    table: Array = np.append(bent, _rounded(function(end) * inverse)).clip(-(2**15), 2**15 - 1).astype(np.int16)
    return table


def _rounded(x: Any) -> Any:
    """Half away from zero."""
    return np.trunc(x + np.copysign(np.float32(0.5), x)).astype(np.float32)


def look_up(table: Array, x: Array) -> Array:
    """Between two entries, of x in int16; the entry in the middle stands for 0."""
    low, entries = 256 + (x >> 7), table.astype(np.int32)
    result: Array = entries[low] + (((entries[low + 1] - entries[low]) * (x & 127) + 64) >> 7)
    return result


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["rows"], p["depth"]).astype(np.int32)
    scaled = multiply_by_quantized_multiplier(x - x.max(axis=1, keepdims=True), p["multiplier"], p["shift"])
    exp = look_up(p["exponentials"], np.clip(scaled, -65535, 0) + 32767)
    total = exp.sum(axis=1, keepdims=True, dtype=np.int64)
    # total = 2**(31 - zeros) * (1 + fraction), 0 <= fraction < 1
    zeros = np.array([[32 - int(t).bit_length()] for t in total.ravel()], np.int64)
    fraction = (((total << (zeros - 1)) + (1 << 13)) >> 14) - 98304
    scale = look_up(p["quotients"], np.clip(fraction, -(2**15), 2**15 - 1))
    share = (exp * scale + (1 << (30 - zeros))) >> (31 - zeros)
    result: Array = np.clip(share, 0, 2**15 - 1).astype(np.int16)
    return result


KERNEL = Kernel(
    "softmax_int16",
    CStruct(
        "nn_softmax_int16_t",
        pointers("int16_t", "exponentials quotients")
        + numbers("int32_t", "rows depth multiplier")
        + numbers("int8_t", "shift"),
        "softmax",
    ),
    reference,
    in_place=True,
    types=("int16",),
)
