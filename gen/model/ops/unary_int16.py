"""Unary element-wise operators on int16: LOGISTIC and TANH by TFLM's table, LEAKY_RELU and ABS by two slopes. Source of
the arithmetic: TFLM's reference_integer_ops for int16, tried against it by the tests."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from gen.model.graph import Array, Op, Tensor
from gen.model.ops import sigmoid
from gen.model.ops.operator import Call, CStruct, Kernel, numbers
from gen.model.ops.requantize import require_shift, rescale

MAX_MULTIPLIER, MAX_SHIFT = 2**16 - 1, 30  # of a sigmoid's argument, which stays in int32


def sigmoid_call(op: Op, x: Tensor, y: Tensor, is_tanh: bool) -> Call:
    if (y.scale, y.zero_point) != (2.0**-15, 0):
        raise UnsupportedOp(
            f"{op} has output scale {y.scale:g} and zero point {y.zero_point}: of int16 TFLite fixes them to 1/32768 "
            "and 0, convert the model again."
        )
    multiplier, shift = x.scale * 4096 * 3, 0
    while multiplier <= 32767 / 2 and shift <= MAX_SHIFT:
        multiplier, shift = multiplier * 2, shift + 1
    if multiplier > MAX_MULTIPLIER or shift > MAX_SHIFT:
        raise UnsupportedOp(
            f"{op} has input scale {x.scale:g}, with which TFLM's arguments leave int32 or are all 0: quantize the "
            "model again with representative data."
        )
    params = {"count": x.elements, "multiplier": int(multiplier), "shift": shift, "is_tanh": int(is_tanh)}
    return Call(op, "sigmoid_int16", params, (x.index,), (y.index,))


def logistic(op: Op, x: Tensor, y: Tensor) -> Call:
    return sigmoid_call(op, x, y, False)


def tanh(op: Op, x: Tensor, y: Tensor) -> Call:
    return sigmoid_call(op, x, y, True)


def absolute(op: Op, x: Tensor, y: Tensor) -> Call:
    same = rescale(op, x, y)
    return _slopes(op, (x, y), same, same, (-1, 1))


def leaky_relu(op: Op, x: Tensor, y: Tensor) -> Call:
    """A negative slope is applied by its absolute value, and the result negated."""
    slope = op.options["Alpha"]
    below = require_shift(op, x, y, quantize_multiplier(x.scale * abs(slope) / y.scale))
    return _slopes(op, (x, y), rescale(op, x, y), below, (1, 1 if slope >= 0 else -1))


def _slopes(
    op: Op, tensors: tuple[Tensor, Tensor], above: tuple[int, int], below: tuple[int, int], signs: tuple[int, int]
) -> Call:
    """above, below: multiplier and shift."""
    x, y = tensors
    params = {
        "count": x.elements, "above": above[0], "below": below[0], "above_shift": above[1], "below_shift": below[1],
        "sign_before": signs[0], "sign_after": signs[1],
    }  # fmt: skip
    return Call(op, "slopes_int16", params, (x.index,), (y.index,))


CALLS: dict[str, tuple[str, Callable[[Op, Tensor, Tensor], Call]]] = {
    "abs": ("slopes_int16", absolute),
    "leaky_relu": ("slopes_int16", leaky_relu),
    "logistic": ("sigmoid_int16", logistic),
    "tanh": ("sigmoid_int16", tanh),
}


def slopes_reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].astype(np.int32)
    above = multiply_by_quantized_multiplier(x, p["above"], p["above_shift"])
    below = multiply_by_quantized_multiplier(x * np.int32(p["sign_before"]), p["below"], p["below_shift"])
    y = np.where(x >= 0, above, below * np.int32(p["sign_after"]))
    return np.clip(y, -(2**15), 2**15 - 1).astype(np.int16)


def sigmoid_reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    scaled = (inputs[0].astype(np.int64) * p["multiplier"] + ((1 << p["shift"]) >> 1)) >> p["shift"]
    return (sigmoid.tanh if p["is_tanh"] else sigmoid.logistic)(scaled)


KERNELS = (
    Kernel(
        "slopes_int16",
        CStruct(
            "nn_slopes_int16_t",
            numbers("int32_t", "count above below")
            + numbers("int8_t", "above_shift below_shift sign_before sign_after"),
            "elementwise_int16",
        ),
        slopes_reference,
        in_place=True,
        types=("int16",),
    ),
    Kernel(
        "sigmoid_int16",
        CStruct(
            "nn_sigmoid_int16_t",
            numbers("int32_t", "count multiplier") + numbers("int8_t", "shift") + numbers("uint8_t", "is_tanh"),
            "elementwise_int16",
        ),
        sigmoid_reference,
        in_place=True,
        types=("int16",),
    ),
)
