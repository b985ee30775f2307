"""Output channels as numbers: what happens to raw int8 inputs, over every possible one of which ranges are proved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.compiler.kernels.common import folded_bias, multipliers, padded, products
from gen.model.fixed_point import multiply_by_quantized_multiplier
from gen.model.graph import Array


@dataclass(frozen=True, eq=False)
class Channels:
    """What happens to the raw int8 inputs x: (sum of weights * x + bias) * multiplier * 2**-(31 + e). All int64."""

    weights: Array  # channels x depth
    bias: Array  # the input offset folded in
    multiplier: Array
    e: Array  # how far to the right; less than 0 is to the left

    @staticmethod
    def of(p: Mapping[str, Any], weights: Array) -> "Channels":
        """weights: any int8 array with the output channels first. A channel that has the same output whatever the input
        gets weights of 0 and numbers that come to this output."""
        w = weights.reshape(len(weights), -1).astype(np.int64)
        bias = folded_bias(p, w)
        multiplier, shift = multipliers(p, len(w))
        low, high = (ends.sum(1) + bias for ends in products(w))
        monotonic = (multiplier == 0) | ((shift <= 0) & (low > -(2**31)) & (high < 2**31))
        least, greatest = (outputs(p, np.clip(acc, -(2**31), 2**31 - 1), multiplier, shift) for acc in (low, high))
        constant = monotonic & (least == greatest)
        return Channels(
            np.where(constant[:, None], 0, w),
            np.where(constant, 4 * (least - p["output_offset"]), bias),
            np.where(constant, 1 << 30, multiplier),
            np.where(constant, 1, -shift),
        )

    def padded(self, multiple: int) -> "Channels":
        """With channels of zeros after the end."""
        w, bias, multiplier, e = (padded(x, 0, multiple) for x in (self.weights, self.bias, self.multiplier, self.e))
        return Channels(w, bias, np.maximum(multiplier, 1 << 30), np.maximum(e, 1))

    def every_second(self, first: int) -> "Channels":
        return Channels(*(x[first::2] for x in (self.weights, self.bias, self.multiplier, self.e)))

    @property
    def ends(self) -> tuple[Array, Array]:
        """(the least, the greatest) sum of each channel over all int8 inputs, bias included."""
        least, greatest = products(self.weights)
        return least.sum(1) + self.bias, greatest.sum(1) + self.bias

    @property
    def magnitude(self) -> Array:
        """What the absolute value of no sum of a channel exceeds, in whichever order it is added up."""
        bound: Array = np.abs(self.weights).sum(1) * 128 + np.abs(self.bias)
        return bound


def outputs(p: Mapping[str, Any], sums: Array, multiplier: Array, shift: Array) -> Array:
    """int64: what sums come to, as in gen.model.ops.quantized.requantize."""
    scaled = multiply_by_quantized_multiplier(sums.astype(np.int32), multiplier, shift).astype(np.int64)
    clamped: Array = np.clip(scaled + p["output_offset"], p["act_min"], p["act_max"])
    return clamped
