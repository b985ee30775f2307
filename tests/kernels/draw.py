"""Hypothesis strategies that the operators' tests share."""

import math

import numpy as np
from hypothesis import strategies as st

from gen.model.graph import Array

zero_points = st.integers(-128, 127)
# Log-uniform over what converters write; the tests of one operator add extremes where TFLM defines them.
scales = st.floats(-12, 4).map(lambda exponent: float(np.float32(2.0**exponent)))
activations = st.sampled_from(["NONE", "RELU", "RELU6", "RELU_N1_TO_1"])


def near(scale: float, factor: float = 32.0) -> st.SearchStrategy[float]:
    """Scales at most factor above or below another: outputs that are not all saturated."""
    bound = math.log2(factor)
    return st.floats(-bound, bound).map(lambda exponent: float(np.float32(scale * 2.0**exponent)))


def int8_values(shape: tuple[int, ...]) -> st.SearchStrategy[Array]:
    """Uniform over int8, with the two extremes more often than by chance."""

    def values(seed: int) -> Array:
        rng = np.random.default_rng(seed)
        return np.clip(rng.integers(-140, 141, shape), -128, 127).astype(np.int8)

    return st.integers(0, 2**32 - 1).map(values)


def shapes(min_rank: int = 1, max_rank: int = 4, most: int = 6) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(st.integers(1, most), min_size=min_rank, max_size=max_rank).map(tuple)


@st.composite
def broadcast_pairs(d: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shapes of ranks 1 to 6 that broadcast against each other and merge to at most four axes."""
    shape = d(shapes(1, 4, 5))
    extra = d(st.integers(0, len(shape)))
    full = (*shape[:extra], *((2, 3) if d(st.booleans()) else ()), *shape[extra:])
    who = [d(st.sampled_from("12bb")) for _ in shape]
    who = who[:extra] + ["b"] * (len(full) - len(shape)) + who[extra:]
    if len(full) > 4:
        who = ["b" if 0 < i < len(full) - 1 else w for i, w in enumerate(who)]
    shape1 = tuple(n if w in "1b" else 1 for n, w in zip(full, who, strict=True))
    shape2 = tuple(n if w in "2b" else 1 for n, w in zip(full, who, strict=True))
    while len(shape2) > 1 and shape2[0] == 1 and d(st.booleans()):
        shape2 = shape2[1:]
    return shape1, shape2


# Of int16, likewise.
int16_scales = st.floats(-17, -3).map(lambda exponent: float(np.float32(2.0**exponent)))
INT16_ENDS = np.array([-(2**15), -(2**15) + 1, -1, 0, 1, 2**15 - 1])


def int16_values(rng: np.random.Generator, *shape: int) -> Array:
    """Uniform, all at one end, or only at the ends."""
    kind = rng.integers(0, 4)
    if kind == 0:
        return np.full(shape, rng.choice(INT16_ENDS[[0, -1]]), np.int16)
    if kind == 1:
        return rng.choice(INT16_ENDS, shape).astype(np.int16)
    return rng.integers(-(2**15), 2**15, shape, np.int16)
