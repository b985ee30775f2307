"""Output channels as the Xtensa kernels want them: sums become outputs by one straight line, found and proved here.

TFLM's requantization of a sum is a non-decreasing step function with at most 256 values. Between the sums where it
leaves its least and where it reaches its greatest value, firmware/kernels/xtensa/ computes
    output + 128 = (a * high + (a * low >> bits) + start) >> 24,    a = sum - first
in 32 bits. A line that meets every step exactly is searched here: it is then right for every sum.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gen.compiler.kernels.channels import outputs
from gen.compiler.kernels.common import folded_bias, multipliers, products, wrapped
from gen.model.graph import Array

LEVEL = 24  # bits below the output in what the line computes
CLAMPED, SIGNED, GENERAL = range(3)  # of block.h
NEAR = range(-6, 7)  # slopes that are tried, around the exact one


@dataclass(frozen=True, eq=False)
class Sums:
    """Each channel's sum of weights times raw int8 inputs, and what happens to it. All int64."""

    weights: Array  # channels x depth
    bias: Array  # the input offset folded in
    # The least and the greatest sum over all inputs.
    low: Array
    high: Array
    # Sums are multiplied by multiplier * 2**(shift - 31).
    multiplier: Array
    shift: Array

    @staticmethod
    def of(p: Mapping[str, Any], weights: Array) -> "Sums":
        """weights: any int8 array with the output channels first."""
        w = weights.reshape(len(weights), -1).astype(np.int64)
        bias = folded_bias(p, w)
        low, high = (ends.sum(1) + bias for ends in products(w))
        return Sums(w, bias, low, high, *multipliers(p, len(w)))

    def any_channel(self) -> "Sums":
        """One channel that has the sums of all, which have the same multiplier."""
        low, high = self.low.min(keepdims=True), self.high.max(keepdims=True)
        return Sums(self.weights[:1], self.bias[:1], low, high, self.multiplier[:1], self.shift[:1])


@dataclass(frozen=True, eq=False)
class Lines:
    """One line for each channel, as words of the constants: a = sum - first; inside where 0 <= a < limit, unsigned."""

    first: Array
    limit: Array
    high: Array
    low: Array
    start: Array
    # What sums below zero, a < zero, get less; 0 for all channels where every sum that counts has the same sign.
    zero: Array
    negative: Array
    # Of low, the same for all channels.
    bits: int

    @property
    def signed(self) -> bool:
        return bool(self.negative.any())


def find_lines(p: Mapping[str, Any], sums: Sums) -> Lines | None:
    """The lines of all channels, or None where one has none or its sums may not fit an int32."""
    low, high = sums.low, sums.high
    if (sums.shift > 0).any() or (low < -(2**31)).any() or (high >= 2**31).any() or (high - low >= 2**31).any():
        return None
    steps = _steps(p, sums, low, high)
    least, greatest = (outputs(p, end, sums.multiplier, sums.shift) for end in (low, high))
    constant = least == greatest
    first = np.where(least > p["act_min"], low, _at(steps, p["act_min"] + 1, high + 1))
    end = np.where(greatest < p["act_max"], high + 1, _at(steps, p["act_max"], high + 1))
    first, limit = np.where(constant, low, first), np.where(constant, 1, end - first)
    bits = 32 - max(int(limit.max()).bit_length(), 16)
    slope = np.array([int(m) << LEVEL + bits >> int(31 - s) for m, s in zip(sums.multiplier, sums.shift, strict=True)])
    # Sums below zero have a tie of their rounding elsewhere; it matters where they are neither the least output.
    zero = np.clip(-first, 0, limit)
    signs = (p["act_min"] < p["output_offset"]) & (zero > 0) & (zero < limit) & (sums.shift < 0)
    negative = np.where(signs, np.int64(1) << np.maximum(LEVEL + sums.shift, 0), 0)
    lines = Lines(first, limit, slope, slope, slope, zero, negative, bits)
    found = _search(lines, steps, np.where(constant, 0, slope))
    return found and replace(found, limit=np.where(constant, 2**32 - 1, limit))


def _at(steps: Array, value: int, otherwise: Array) -> Array:
    """The least sums whose output is at least value."""
    return steps[:, value + 128] if value <= 127 else otherwise


def _steps(p: Mapping[str, Any], sums: Sums, low: Array, high: Array) -> Array:
    """channels x 256: the least sum within the ends whose output is at least -128 + column; high + 1 where none is."""
    columns = np.arange(-128, 128)
    below = np.broadcast_to(low[:, None] - 1, (len(low), 256)).copy()  # output too small, or out of range
    above = np.broadcast_to(high[:, None] + 1, (len(low), 256)).copy()
    while (above - below > 1).any():
        middle = (above + below) >> 1
        enough = outputs(p, middle, sums.multiplier[:, None], sums.shift[:, None]) >= columns
        above, below = np.where(enough, middle, above), np.where(enough, below, middle)
    return above


def _search(given: Lines, steps: Array, exact: Array) -> Lines | None:
    """The given lines with slopes (high and low) and starts that meet all steps, if there are any."""
    first, limit, bits = given.first, given.limit, given.bits
    at = steps - first[:, None]
    inside = (at > 0) & (at < limit[:, None])
    levels = np.arange(256, dtype=np.int64) << LEVEL
    ends = np.stack([np.zeros_like(limit), limit - 1], 1)
    values = (at[:, None, :] <= ends[:, :, None]).sum(2) - 1  # at the ends, plus 128
    found = np.full(len(first), False)
    high, low, start = np.zeros_like(limit), np.zeros_like(limit), np.zeros_like(limit)
    for delta in NEAR:
        slope = np.maximum(exact + delta, 0)
        upper_part, lower_part = slope >> bits, slope & ((1 << bits) - 1)

        def line(a: Array, high: Array = upper_part, low: Array = lower_part) -> Array:
            less = np.where(a < given.zero[:, None], given.negative[:, None], 0)
            value: Array = a * high[:, None] + (a * low[:, None] >> bits) - less
            return value

        reached = line(ends)
        least = np.maximum(
            np.where(inside, levels - line(at), -(2**62)).max(1), (values[:, 0] << LEVEL) - reached[:, 0]
        )
        most = np.minimum(
            np.where(inside, levels - line(at - 1), 2**62).min(1), (values[:, 1] + 1 << LEVEL) - reached[:, 1]
        )
        good = ~found & (least < most)
        high, low = np.where(good, upper_part, high), np.where(good, lower_part, low)
        start = np.where(good, (least + most) >> 1, start)
        found |= good
    return replace(given, high=high, low=low, start=start) if found.all() else None


def line_words(sums: Sums, lines: Lines | None) -> Array:
    """channels x words, as in block.h: a record without its first word."""
    if lines is None:
        return wrapped(np.stack([sums.multiplier, sums.shift], 1))
    columns = [lines.limit, lines.low, lines.high, lines.start + (1 << 31)]
    return wrapped(np.stack(columns + ([lines.zero, lines.negative] if lines.signed else []), 1))


def first_words(sums: Sums, lines: Lines | None, offset: int | Array = 0) -> Array:
    """channels: the first word. offset: what the kernel's sums are too large by, the bias not yet added."""
    return wrapped(sums.bias - offset - (0 if lines is None else lines.first))


def records(sums: Sums, lines: Lines | None, offset: int | Array = 0) -> Array:
    """channels x words."""
    return np.concatenate([first_words(sums, lines, offset)[:, None], line_words(sums, lines)], 1)


def mode(lines: Lines | None) -> dict[str, int]:
    """The fields `mode` and `bits` of a struct."""
    if lines is None:
        return {"mode": GENERAL, "bits": 0}
    return {"mode": SIGNED if lines.signed else CLAMPED, "bits": lines.bits}
