"""SOFTMAX to int16, of int8 and of int16: TFLM = NumPy reference = every kernel, byte for byte; and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import UnsupportedOp
from gen.model import tflite
from gen.model.graph import Array
from gen.model.ops import lower
from tests import tiny
from tests.effort import cases
from tests.kernels.harness import assert_exact
from tests.tiny import O, T

OUTPUTS = {"int8": (1 / 65535, -(2**15)), "int16": (1 / 32768, 0)}


def model(dtype: str, shape: tuple[int, ...], scale: float, beta: float = 1.0, y: T | None = None) -> bytes:
    tensors = [T(shape, dtype, scale, 3 if y and y.scale == 1 / 32768 else 0), y or T(shape, "int16", *OUTPUTS[dtype])]
    return tiny.model(tensors, [O("SOFTMAX", [0], [1], {"beta": beta}, "SoftmaxOptions")], [0], [1])


def values(dtype: str, shape: tuple[int, ...], seed: int) -> Array:
    rng, limits = np.random.default_rng(seed), np.iinfo(dtype)
    near = int(rng.integers(1, limits.max))
    return np.clip(rng.integers(-near, 2 * near, shape), limits.min, limits.max).astype(dtype)


@pytest.mark.parametrize("dtype", OUTPUTS)
@settings(derandomize=True, deadline=None, max_examples=cases(20, 60))
@given(st.floats(-16, 1), st.floats(0.125, 4, width=32), st.integers(1, 70), st.integers(0, 2**32 - 1))
def test_exact(dtype: str, exponent: float, beta: float, depth: int, seed: int) -> None:
    scale = float(np.float32(2.0 ** (exponent + (5 if dtype == "int8" else 0)) / beta))
    assert_exact(model(dtype, (2, 3, depth), scale, beta), [values(dtype, (2, 3, depth), seed)], in_place=True)


@pytest.mark.parametrize("scale", [10 / 65535, 1e-3])
def test_every_difference_of_int16(scale: float) -> None:
    """Rows of two, whose exponentials and shares so meet every entry of both tables."""
    low = np.arange(-(2**15), 2**15, 3).astype(np.int16)
    assert_exact(
        model("int16", (low.size, 2), scale),
        [np.stack([low, np.full(low.size, 2**15 - 1, np.int16)], axis=1)],
        targets=("host",),
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (model("int16", (1, 4), 0.1, y=T((1, 4), "int16", 1 / 65536)), "1/32768 and 0"),
        (model("int8", (1, 4), 0.1, y=T((1, 4), "int16", 1 / 65536)), "1/65536 and -32768"),
        (model("int16", (1, 4), 0.1, y=T((1, 4), "int16", 1 / 32768)), "zero point 3: TFLM wants 0"),
        (model("int16", (1, 4), 5.1), "must be 0 to 5"),
    ],
)
def test_refused(content: bytes, words: str) -> None:
    graph = tflite.read(content, "one")
    with pytest.raises(UnsupportedOp, match=words):
        lower(graph, graph.ops[0])
