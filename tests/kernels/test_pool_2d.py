"""AVERAGE_POOL_2D and MAX_POOL_2D: TFLM = NumPy reference = every kernel, byte for byte; and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import UnsupportedOp
from gen.model import reference, tflite
from gen.model.graph import Array
from gen.model.upstream import Unconfirmed
from tests import tiny
from tests.kernels import convolutions, draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T

KINDS = ["AVERAGE_POOL_2D", "MAX_POOL_2D"]


@st.composite
def models(draw_: st.DrawFn) -> tuple[bytes, Array]:
    """A model of one pool and an input."""
    batches, channels = draw_(st.sampled_from([1, 1, 2])), draw_(st.integers(1, 9))
    same = draw_(st.booleans())
    h, w = (draw_(convolutions.windows(same)) for _ in range(2))
    scale, zero_point = draw_(draw.scales), draw_(draw.zero_points)
    tensors = [
        T((batches, h.size, w.size, channels), scale=scale, zero_point=zero_point),
        T((batches, h.out, w.out, channels), scale=scale, zero_point=zero_point),
    ]
    options = {
        "padding": 0 if same else 1, "strideH": h.stride, "strideW": w.stride, "filterHeight": h.kernel,
        "filterWidth": w.kernel, "fusedActivationFunction": draw_(convolutions.ACTIVATIONS),
    }  # fmt: skip
    op = O(draw_(st.sampled_from(KINDS)), [0], [1], options, "Pool2DOptions")
    return tiny.model(tensors, [op], [0], [1]), draw_(
        draw.int8_values(
            (
                batches,
                h.size,
                w.size,
                channels,
            )
        )
    )


@settings(derandomize=True, deadline=None, max_examples=80)
@given(models())
def test_exact(case: tuple[bytes, Array]) -> None:
    content, x = case
    assert_exact(content, [x])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("y", [T((1, 4, 4, 2), scale=0.2), T((1, 4, 4, 2), scale=0.1, zero_point=1)])
def test_requantizing_pools_are_refused_as_tflm_does(kind: str, y: T) -> None:
    options = {"padding": 0, "strideH": 1, "strideW": 1, "filterHeight": 2, "filterWidth": 2}
    op = O(kind, [0], [1], options, "Pool2DOptions")
    content = tiny.model([T((1, 4, 4, 2), scale=0.1), y], [op], [0], [1])
    x = np.zeros((1, 4, 4, 2), np.int8)
    with pytest.raises(UnsupportedOp, match="scales or zero points"):
        reference.run(tflite.read(content, "one"), [x])
    with pytest.raises(Unconfirmed):
        tiny.tflm(content, [x])
