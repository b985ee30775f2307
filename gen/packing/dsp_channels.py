"""Output channels as matrix products on Cortex-M4, M7 and M33 want them: constants folded, ranges proved, words packed.

firmware/kernels/dsp/gemm_pairs.S and gemm_wide.S say how sums become outputs and which ranges that relies on; `fit` and
`fit_scaled` prove them from the weights, over every possible input.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.fixed_point import multiply_by_quantized_multiplier
from gen.graph import Array

MAX_SHIFT = 16
SCALED_SHIFT = 12


def padded(x: Array, axis: int, multiple: int) -> Array:
    """Zeros after the end of one axis, up to a multiple."""
    widths = [(0, 0)] * x.ndim
    widths[axis] = (0, -x.shape[axis] % multiple)
    return np.pad(x, widths)


@dataclass(frozen=True, eq=False)
class Channels:
    """What happens to the raw int8 inputs x: weights (channels x depth), then (sum + bias) * multiplier * 2**-(31 + e).

    bias has the input offset folded in. All int64."""

    weights: Array
    bias: Array
    multiplier: Array
    e: Array

    @staticmethod
    def of(p: Mapping[str, Any], weights: Array) -> "Channels":
        """weights: any int8 array with the output channels first. A channel that has the same output whatever the input
        gets weights of 0 and numbers that come to this output."""
        w = weights.reshape(len(weights), -1).astype(np.int64)
        bias = p["input_offset"] * w.sum(1) + (0 if p["bias"] is None else p["bias"])
        multiplier = np.broadcast_to(p["multiplier"], len(w)).astype(np.int64)
        e = -np.broadcast_to(p["shift"], len(w)).astype(np.int64)
        low, high = _ends(w, bias)
        monotonic = (multiplier == 0) | ((e >= 0) & (low > -(2**31)) & (high < 2**31))
        least, greatest = (_output(p, np.clip(acc, -(2**31), 2**31 - 1), multiplier, e) for acc in (low, high))
        constant = monotonic & (least == greatest)
        return Channels(
            np.where(constant[:, None], 0, w),
            np.where(constant, 4 * (least - p["output_offset"]), bias),
            np.where(constant, 1 << 30, multiplier),
            np.where(constant, 1, e),
        )

    def padded(self, multiple: int) -> "Channels":
        """With channels of zeros after the end."""
        w, bias, multiplier, e = (padded(x, 0, multiple) for x in (self.weights, self.bias, self.multiplier, self.e))
        return Channels(w, bias, multiplier, np.maximum(e, 1))

    def fit(self, sum_bits: int) -> bool:
        """Shifts to the right only, and no sum too large."""
        low, high = _ends(self.weights, self.bias)
        bound = 1 << sum_bits
        return bool(
            (self.e >= 1).all() and (self.e <= MAX_SHIFT).all() and (low > -bound).all() and (high < bound).all()
        )

    def fit_scaled(self, factor: float) -> bool:
        """Whether weights of up to `factor` times those here, and sums, may be multiplied as `scaled` does."""
        d = SCALED_SHIFT + 1 - self.e
        low, high = _ends(self.weights, self.bias)
        largest = factor * abs(self.weights).max(1, initial=0) * 2.0**d
        return bool((d >= 2).all() and (largest < 1 << 15).all() and (np.maximum(-low, high) * 2.0**d < 1 << 31).all())

    def scaled(self, p: Mapping[str, Any]) -> tuple[Array, Array, Array]:
        """(weights, bias, (multiplier, constant added to the product, 2**(d - 1)) of each channel).

        Weights and bias are multiplied by 2**d, such that all channels end with one shift."""
        one = np.int64(1) << (SCALED_SHIFT - self.e)  # 2**(d - 1)
        constants = one // 2 + ((2 * p["output_offset"] + 1) << (SCALED_SHIFT - 1))
        ends = np.stack([self.multiplier, constants, one], 1)
        return self.weights * 2 * one[:, None], (self.bias * 2 * one).astype(np.int32), ends.astype(np.int32)


def _ends(w: Array, bias: Array) -> tuple[Array, Array]:
    """The least and the greatest sum over all int8 inputs, per channel."""
    return np.minimum(w * -128, w * 127).sum(1) + bias, np.maximum(w * -128, w * 127).sum(1) + bias


def _output(p: Mapping[str, Any], acc: Array, multiplier: Array, e: Array) -> Array:
    """What a sum comes to, as in gen.ops.quantized.requantise."""
    scaled = multiply_by_quantized_multiplier(acc.astype(np.int32), multiplier, -e).astype(np.int64)
    clamped: Array = np.clip(scaled + p["output_offset"], p["act_min"], p["act_max"])
    return clamped


def as_words(halves: Array) -> Array:
    """int16 of even count on the last axis -> int32, the first of two in the lower half."""
    low, high = halves[..., ::2] & 0xFFFF, halves[..., 1::2] & 0xFFFF
    words: Array = (low | high << 16).astype(np.uint32).view(np.int32)
    return words


def byte_pairs(c: Channels) -> tuple[Array, Array]:
    """(starts, weights) of each pair of channels. starts: T and S. weights: for each four inputs (k0 k2), (k1 k3)."""
    w, bias = padded(c.weights, 1, 4), c.bias
    paired = w[0::2] + 256 * w[1::2]
    starts = np.stack([bias[0::2], bias[0::2] + 256 * bias[1::2]], 1)
    return starts.astype(np.int32), as_words(interleaved(paired))


def interleaved(w: Array) -> Array:
    """Inputs in the order k0 k2 k1 k3, for each four on the last axis."""
    fours: Array = w.reshape(*w.shape[:-1], -1, 4)[..., [0, 2, 1, 3]].reshape(w.shape)
    return fours


def multipliers_and_shifts(c: Channels) -> tuple[Array, Array]:
    """(multipliers of each pair of channels, e - 1 of the first + 256 * that of the second)."""
    return c.multiplier.reshape(-1, 2).astype(np.int32), (c.e[0::2] + 256 * c.e[1::2] - 257).astype(np.int32)
