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
