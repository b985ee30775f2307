"""Hypothesis strategies of the convolution-like operators: windows, and scales that fit together."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.kernels import draw

GENERATORS = st.integers(0, 2**32 - 1).map(np.random.default_rng)
ACTIVATIONS = st.integers(0, 3)  # ActivationFunctionType in the schema: NONE, RELU, RELU_N1_TO_1, RELU6


@dataclass(frozen=True)
class Window:
    """A window along one axis, and the sizes before and after it."""

    size: int
    kernel: int
    stride: int
    dilation: int
    out: int


@st.composite
def windows(draw_: st.DrawFn, same: bool, dilations: tuple[int, ...] = (1,)) -> Window:
    """Kernels of 1 to 4, inputs up to 5 larger; with SAME padding down to 1, smaller than the kernel."""
    kernel, stride = draw_(st.integers(1, 4)), draw_(st.integers(1, 3))
    dilation = draw_(st.sampled_from(dilations))
    span = (kernel - 1) * dilation + 1
    size = draw_(st.integers(1 if same else span, span + 5))
    return Window(size, kernel, stride, dilation, -(-size // stride) if same else (size - span) // stride + 1)


@st.composite
def weight_scales(draw_: st.DrawFn, channels: int) -> float | list[float]:
    """One scale, or one for each channel."""
    one = st.floats(-12, 0).map(lambda exponent: float(np.float32(2.0**exponent)))
    return draw_(st.one_of(one, st.lists(one, min_size=channels, max_size=channels)))


@st.composite
def output_scales(draw_: st.DrawFn, x_scale: float, w_scale: float | list[float], terms: int) -> float:
    """A scale for sums of so many products: mostly one that fits them, now and then an extreme one, though none with
    which sums could leave int32: such models are refused."""
    fitting = x_scale * float(np.mean(w_scale)) * terms**0.5 * 2.0**6
    factor = draw_(st.one_of(draw.near(fitting, 8), draw.near(fitting, 8), draw.near(fitting, 2.0**24)))
    highest_sum = terms * 2.0**15 + 2.0**20  # with the bias
    return float(np.float32(max(factor, x_scale * float(np.max(w_scale)) * highest_sum / 2.0**29)))


def weights(rng: np.random.Generator, *shape: int) -> NDArray[np.int8]:
    """int8 weights, now and then all at an extreme."""
    extreme = rng.random() < 0.1
    return np.full(shape, rng.choice([-128, 127]), np.int8) if extreme else rng.integers(-127, 128, shape, np.int8)


def bias(rng: np.random.Generator, channels: int) -> NDArray[np.int32]:
    """int32 biases of any magnitude up to 2**20."""
    values: NDArray[np.int32] = (rng.uniform(-1, 1, channels) * 2.0 ** rng.uniform(0, 20)).astype(np.int32)
    return values
