"""Output channels as matrix products on Cortex-M4, M7 and M33 want them: constants folded, ranges proved, words packed.

firmware/kernels/dsp/gemm_pairs.S and gemm_wide.S say how sums become outputs and which ranges that relies on; `fit`,
`fit_scaled` and `linear` prove them from the weights, over every possible input.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.compiler.kernels.channels import Channels
from gen.compiler.kernels.common import padded
from gen.model.graph import Array

MAX_SHIFT = 16
SCALED_SHIFT = 12
LINEAR_SHIFT = 4  # SHIFT of gemm_pairs.S
OFFSETS = 1 << 18  # a lesser one added to a sum below 2**23 stays far within an int32


def fit(c: Channels, sum_bits: int) -> bool:
    """Shifts to the right only, and no sum too large."""
    low, high = c.ends
    bound = 1 << sum_bits
    return bool((c.e >= 1).all() and (c.e <= MAX_SHIFT).all() and (low > -bound).all() and (high < bound).all())


def fit_scaled(c: Channels) -> bool:
    """Whether weights and sums may be multiplied as `scaled` does."""
    d = SCALED_SHIFT + 1 - c.e
    low, high = c.ends
    largest = abs(c.weights).max(1, initial=0) * 2.0**d
    return bool((d >= 2).all() and (largest < 1 << 15).all() and (np.maximum(-low, high) * 2.0**d < 1 << 31).all())


def scaled(p: Mapping[str, Any], c: Channels) -> tuple[Array, Array, Array]:
    """(weights, bias, (multiplier, constant added to the product, 2**(d - 1)) of each channel).

    Weights and bias are multiplied by 2**d, such that all channels end with one shift."""
    one = np.int64(1) << (SCALED_SHIFT - c.e)  # 2**(d - 1)
    constants = one // 2 + ((2 * p["output_offset"] + 1) << (SCALED_SHIFT - 1))
    ends = np.stack([c.multiplier, constants, one], 1)
    return c.weights * 2 * one[:, None], (c.bias * 2 * one).astype(np.int32), ends.astype(np.int32)


def linear(p: Mapping[str, Any], c: Channels, scale: int) -> Array:
    """channels x (offset, multiplier, constant, 1 if found) such that, for all sums that occur, bias included, the
    output is saturate((constant + ((scale * sum + offset) * multiplier >> 32)) >> shift), where 2**shift is scale *
    2**LINEAR_SHIFT, and clamped.

    TFLM's output is monotonic in the sum: each output that is greater than act_min begins at a least sum. With a
    multiplier given, these ask for an offset * multiplier + constant * 2**32 in an interval; multipliers are tried
    around the real one, as far as the slope has play between 255 steps."""
    unit = 32 + LINEAR_SHIFT + scale.bit_length() - 1
    low, high = c.ends
    usable = (c.e >= 1) & (c.e <= MAX_SHIFT) & (np.maximum(-low, high) < 1 << 23) & (c.multiplier >= 1 << 30)
    outputs = np.arange(p["act_min"] + 1, p["act_max"] + 1, dtype=np.int64)
    least = _least(p, outputs, c.multiplier, np.clip(c.e, 1, MAX_SHIFT))
    least = np.clip(least, low[:, None], high[:, None] + 1)[:, None, :]
    real = c.multiplier * 2.0 ** (LINEAR_SHIFT + 1 - c.e)
    span = np.maximum(least.max(axis=(1, 2), initial=0) - least.min(axis=(1, 2), initial=0), 1)
    play = np.maximum(real / (span * 512.0), 1)[:, None] * np.arange(-8, 9)
    multipliers = np.clip(np.round(real[:, None] + play), 0, 2**31 - 1).astype(np.int64)
    slopes, targets = (multipliers * scale)[:, :, None], outputs << unit
    reached, missed = least <= high[:, None, None], least > low[:, None, None]
    lowest = np.where(reached, targets - slopes * least, -(2**62)).max(axis=2, initial=-(2**62))
    highest = np.where(missed, targets - 1 - slopes * (least - 1), 2**62).min(axis=2, initial=2**62)
    found = [_split(*rows) if ok else None for *rows, ok in zip(multipliers, lowest, highest, usable, strict=True)]
    numbers = np.array([(0, 0, 0, 0) if one is None else (*one, 1) for one in found], np.int64).reshape(-1, 4)
    for end in (low, high):  # the function is monotonic: what fits an int32 there always does
        x = scale * np.where(usable, end, 0) + numbers[:, 0]
        numbers[:, 3] &= _int32(x) & _int32(numbers[:, 2] + (x * numbers[:, 1] >> 32))
    return numbers


def _int32(x: Array) -> Array:
    return np.asarray((x >= -(2**31)) & (x < 2**31))


def _least(p: Mapping[str, Any], outputs: Array, multiplier: Array, e: Array) -> Array:
    """channels x outputs: the least sum with each output or a greater one. The second rounding gives it from half an
    output below it on, times 2**e, or from one after that where that is negative."""
    z = p["output_offset"]
    e, multiplier = e[:, None], multiplier[:, None]
    first = ((outputs - z) << e) - (1 << (e - 1)) + (outputs <= z)
    least: Array = -(((1 << 30) - (first << 31)) // np.maximum(multiplier, 1))
    return least


def _split(multipliers: Array, lowest: Array, highest: Array) -> tuple[int, int, int] | None:
    """(offset, multiplier, constant) with offset * multiplier + constant * 2**32 in the interval, the widest first."""
    for n in np.argsort(lowest - highest, kind="stable"):
        if lowest[n] > highest[n]:
            return None
        multiplier, low, high = int(multipliers[n]), int(lowest[n]), int(highest[n])
        start = low % (1 << 32)
        end = start + high - low
        offset = 0 if end >= 1 << 32 else first_multiple(multiplier, 1 << 32, start, end)
        if offset is not None and offset < OFFSETS:
            return offset, multiplier, high - offset * multiplier >> 32
    return None


def first_multiple(a: int, modulus: int, low: int, high: int) -> int | None:
    """The least n >= 0 with low <= n * a % modulus <= high, where 0 <= a, low, high < modulus. As Euclid's algorithm:
    if no multiple hits before the first overflow, how often to overflow is the same question, modulo a."""
    if low == 0 or a == 0:
        return 0 if low == 0 else None
    n = -(-low // a)
    if n * a <= high:
        return n
    overflows = first_multiple(modulus % a, a, -high % a, -low % a)
    return None if overflows is None else -(-(low + overflows * modulus) // a)


def halves(values: Array) -> Array:
    """int16 of even count on the last axis -> int32, the first of two in the lower half."""
    low, high = values[..., ::2] & 0xFFFF, values[..., 1::2] & 0xFFFF
    words: Array = (low | high << 16).astype(np.uint32).view(np.int32)
    return words


@dataclass(frozen=True, eq=False)
class BytePairs:
    """Two output channels in each word: a row of each array for each pair of them."""

    # T and S of gemm_pairs.S.
    starts: Array
    # For each four inputs (k0 k2), (k1 k3).
    weights: Array
    # Multipliers, constants and, unless linear, shifts.
    ends: Array
    linear: bool

    @staticmethod
    def of(p: Mapping[str, Any], c: Channels) -> "BytePairs":
        w, a, b = padded(c.weights, 1, 4), c.every_second(0), c.every_second(1)
        words = halves(interleaved(w[0::2] + 256 * w[1::2]))
        first, second = linear(p, a, 1), linear(p, b, 256)
        fit = bool((first[:, 3] & second[:, 3]).all())
        if fit:
            t, rest = a.bias + first[:, 0], 256 * b.bias + second[:, 0]
            ends = np.stack([first[:, 1], second[:, 1], first[:, 2], second[:, 2]], 1)
        else:
            t, rest = a.bias, 256 * b.bias
            constants = [(2 * p["output_offset"] + 1) << (one.e - 1) for one in (a, b)]
            ends = np.stack([a.multiplier, b.multiplier, *constants, a.e + 256 * b.e - 257], 1)
        return BytePairs(np.stack([t, t + rest], 1).astype(np.int32), words, ends.astype(np.int32), fit)


def interleaved(w: Array) -> Array:
    """Inputs in the order k0 k2 k1 k3, for each four on the last axis."""
    fours: Array = w.reshape(*w.shape[:-1], -1, 4)[..., [0, 2, 1, 3]].reshape(w.shape)
    return fours
