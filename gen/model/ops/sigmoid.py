"""LOGISTIC and TANH of int16 in Q3.12, as TFLM looks them up: 256 points of the logistic function, a line between each
two. Source: TFLite's reference_integer_ops for int16 and the formula of its table."""

from functools import cache
from math import exp

import numpy as np

from gen.model.graph import Array

POINTS = 256
STEPS_PER_UNIT = 24  # of the logistic function's argument


@cache
def table() -> Array:
    """uint16: each point less half of what the line through it and the next one misses in between; the last is 1."""

    def logistic(step: float) -> float:
        return 1 / (1 + exp(-step / STEPS_PER_UNIT))

    def point(i: int) -> int:
        missed = (logistic(i) + logistic(i + 1)) / 2 - logistic(i + 0.5)
        return int(np.floor(65536 * (logistic(i) - missed / 2) + 0.5))

    return np.array([*map(point, range(POINTS - 1)), 65535], np.int64)


def _between(scaled: Array, bits: int, end: int) -> Array:
    """The table at |scaled| / 2**bits, in units of 2**-(16 + bits)."""
    far = np.abs(scaled)
    number = np.minimum(far >> bits, POINTS - 2)
    low, high = table()[number], table()[number + 1]
    inside: Array = (low << bits) + (far & ((1 << bits) - 1)) * (high - low)
    return np.where(far >> bits >= POINTS - 1, end << bits, inside)


def logistic(scaled: Array) -> Array:
    """int16 Q0.15 of an argument in steps of 2**-12 / 3."""
    scaled = scaled.astype(np.int64)
    between = _between(scaled, 9, 65534)
    return (np.where(scaled >= 0, between + 512, (1 << 25) - between + 511) >> 10).astype(np.int16)


def tanh(scaled: Array) -> Array:
    """int16 Q0.15 of an argument in steps of 2**-12 / 3."""
    scaled = scaled.astype(np.int64)
    between = _between(scaled, 8, 65535)
    return (np.where(scaled >= 0, between - (1 << 23) + 128, (1 << 23) - between + 127) >> 8).astype(np.int16)
