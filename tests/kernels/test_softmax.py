"""SOFTMAX: TFLM = NumPy reference = every kernel, byte for byte; and what is refused."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import GenError, ModelError, NotQuantized, UnsupportedOp
from gen.model import reference, tflite
from gen.model.graph import Array
from tests import tiny
from tests.kernels import draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T


def model(
    shape: tuple[int, ...], scale: float, beta: float = 1.0, zero_point: int = 0, y: Mapping[str, Any] | None = None
) -> bytes:
    output: dict[str, Any] = {"shape": shape, "scale": 1 / 256, "zero_point": -128} | dict(y or {})
    tensors = [T(shape, scale=scale, zero_point=zero_point), T(**output)]
    return tiny.model(tensors, [O("SOFTMAX", [0], [1], {"beta": beta}, "SoftmaxOptions")], [0], [1])


@pytest.mark.parametrize("beta", [1.0, 0.37, 5.0])
@pytest.mark.parametrize("scale", [1e-6, 0.003, 0.0625, 0.1, 1.0, 7.9, 16.0, 40.0])
def test_every_difference(scale: float, beta: float) -> None:
    """Rows of two elements with all 256 values of their difference, and one row of everything."""
    low = np.arange(-128, 128, dtype=np.int8)
    pairs = np.stack([low, np.full(256, 127, np.int8)], axis=1)
    assert_exact(model((256, 2), scale, beta), [pairs], in_place=True)
    assert_exact(model((1, 256), scale, beta), [low.reshape(1, 256)], in_place=True)


@st.composite
def models(draw_: st.DrawFn) -> tuple[bytes, Array]:
    shape = (*draw_(st.lists(st.integers(1, 4), max_size=3)), draw_(st.integers(1, 70)))
    content = model(shape, draw_(draw.scales), draw_(st.floats(0.125, 4, width=32)), draw_(draw.zero_points))
    return content, draw_(draw.int8_values(shape))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(models())
def test_exact(case: tuple[bytes, Array]) -> None:
    content, x = case
    assert_exact(content, [x], in_place=True)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (model((1, 4), 0.1, y={"scale": 1 / 128}), UnsupportedOp, "1/256"),
        (model((1, 4), 0.1, y={"zero_point": 0}), UnsupportedOp, "-128"),
        (model((1, 4), 0.1, y={"dtype": "int32"}), NotQuantized, "int32"),
        (model((1, 4), 1e-9), UnsupportedOp, "2**-26"),
        (model((1, 5000), 0.1), UnsupportedOp, "4095"),
        (model((1, 4), 0.1, y={"shape": (4, 1)}), ModelError, "(4, 1)"),
    ],
)
def test_refused(content: bytes, error: type[GenError], words: str) -> None:
    graph = tflite.read(content, "one")
    with pytest.raises(error) as caught:
        reference.run(graph, [np.zeros(graph.tensors[0].shape, np.int8)])
    assert words in str(caught.value)
