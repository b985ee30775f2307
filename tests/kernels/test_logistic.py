"""LOGISTIC: TFLM = NumPy reference = every kernel, byte for byte, for all 256 values; and what is refused."""

import numpy as np
import pytest

from gen.errors import UnsupportedOp
from gen.model import reference, tflite
from tests import tiny
from tests.kernels.harness import assert_exact
from tests.tiny import O, T


def model(shape: tuple[int, ...], scale: float, zero_point: int, y_zero_point: int = -128) -> bytes:
    tensors = [T(shape, scale=scale, zero_point=zero_point), T(shape, scale=1 / 256, zero_point=y_zero_point)]
    return tiny.model(tensors, [O("LOGISTIC", [0], [1])], [0], [1])


@pytest.mark.parametrize("zero_point", [-128, -1, 0, 37, 127])
@pytest.mark.parametrize("scale", [1e-8, 1e-6, 0.001, 0.04, 0.0625, 0.125, 0.3, 1.0, 7.0, 8.0, 15.0, 16.0, 1000.0])
def test_every_value(scale: float, zero_point: int) -> None:
    x = np.arange(-128, 128, dtype=np.int8).reshape(2, 128)
    assert_exact(model((2, 128), scale, zero_point), [x], in_place=True)


@pytest.mark.parametrize(("scale", "y_zero_point", "words"), [(0.1, 0, "zero point 0"), (1e-9, -128, "2**-28")])
def test_refused(scale: float, y_zero_point: int, words: str) -> None:
    graph = tflite.read(model((1, 4), scale, 0, y_zero_point), "one")
    with pytest.raises(UnsupportedOp) as caught:
        reference.run(graph, [np.zeros((1, 4), np.int8)])
    assert words in str(caught.value)
