"""What operators with int16 activations and int8 weights share (TFLite's 16x8 scheme): sums in int64, which a bias of
int64 is part of, times multipliers of 16 bits; with an int32 bias int32 arithmetic, as of int8.

Source: TFLM's reference_integer_ops for int16 and its MultiplyByQuantizedMultiplier of int64."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import multiply_by_quantized_multiplier, multiply_by_reduced_multiplier
from gen.model.graph import Array, Op
from gen.model.ops.operator import int8_array, int32_array, numbers, pointers
from gen.model.ops.quantized import Weighted, channel_multipliers, fused_activation, require_sums

SUFFIX = "_int16"  # of the kernels' names
SUM_BITS = 47  # of sums that TFLM's multiplication takes
MAX_SHIFT = 7  # likewise of its multipliers
# bias: low and high word of an int64 for each channel where sums are wide, else an int32 each.
CONSTANTS = pointers("int32_t", "bias multiplier") + pointers("int8_t", "shift")
CLAMP = numbers("int16_t", "act_min act_max") + numbers("uint8_t", "wide")


def require_wide_sums(op: Op, highest: Any, shift: Any) -> None:
    """Raise UnsupportedOp where TFLM's multiplication of int64 has no answer. highest: of sums, in absolute value."""
    if np.max(highest) >= 2**SUM_BITS or np.max(shift) > MAX_SHIFT:
        raise UnsupportedOp(
            f"{op} has sums or multipliers so large that TFLM's arithmetic of 48 bits can't hold them: quantize the "
            "model again with representative data."
        )


def requantization(op: Op, tensors: Weighted, axis: int) -> dict[str, Any]:
    """The fields CONSTANTS and CLAMP, and the weights. axis: of the weights' output channels. Raises UnsupportedOp,
    ModelError."""
    x, weights, bias, y = tensors
    assert weights.data is not None
    channels = weights.shape[axis]
    multiplier, shift = channel_multipliers(op, x, weights, y, channels)
    by_channel = np.moveaxis(weights.data, axis, 0)
    wide = bias is None or bias.dtype != "int32"
    if wide:
        words = np.zeros(channels, np.int64) if bias is None else _int64(bias.data)
        sums = np.abs(by_channel.reshape(channels, -1).astype(np.int64)).sum(axis=1) << 15
        require_wide_sums(op, sums.astype(np.float64) + np.abs(words.astype(np.float64)), shift)
        data = words.view(np.int32)
    else:
        assert bias is not None and bias.data is not None
        data = bias.data
        require_sums(op, x, by_channel, data, shift)
    act_min, act_max = fused_activation(op, y)
    return {
        "weights": weights.data, "bias": data,
        "multiplier": int32_array(np.broadcast_to(multiplier, channels)),
        "shift": int8_array(np.broadcast_to(shift, channels)),
        "act_min": act_min, "act_max": act_max, "wide": int(wide),
    }  # fmt: skip


def _int64(data: Array | None) -> Array:
    """Of a bias; one of int64 itself, so that it is told to be the model's own constant."""
    assert data is not None
    return data if data.dtype == np.int64 else data.astype(np.int64)


def requantize(sums: Array, p: Mapping[str, Any]) -> Array:
    """Whole sums (channels last) -> int16. Wraps where TFLM does."""
    total = sums.astype(np.int64) + p["bias"].view(np.int64 if p["wide"] else np.int32)
    if p["wide"]:
        scaled = multiply_by_reduced_multiplier(total, p["multiplier"], p["shift"])
    else:
        scaled = multiply_by_quantized_multiplier(total.astype(np.int32), p["multiplier"], p["shift"])
    clamped: Array = np.clip(scaled, p["act_min"], p["act_max"]).astype(np.int16)
    return clamped
