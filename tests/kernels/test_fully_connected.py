"""FULLY_CONNECTED: TFLM = NumPy reference = every kernel, byte for byte; and what is refused."""

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from gen.errors import ModelError, UnsupportedOp
from gen.model import reference, tflite
from gen.model.graph import Array
from gen.model.support import require_supported
from gen.model.upstream import Unconfirmed
from tests import tiny
from tests.kernels import convolutions, draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T


@st.composite
def models(draw_: st.DrawFn) -> tuple[bytes, Array]:
    """A model of one FULLY_CONNECTED and an input."""
    rng = draw_(convolutions.GENERATORS)
    lead = draw_(st.sampled_from([(1,), (2,), (3,), (1, 3), (2, 1, 2)]))
    in_n, out_n = draw_(st.integers(1, 40)), draw_(st.integers(1, 13))
    keep = len(lead) > 1
    x_scale, w_scale = draw_(draw.scales), draw_(convolutions.weight_scales(out_n))
    if keep and not isinstance(w_scale, float):
        w_scale = w_scale[0]  # TFLM computes a per-channel one of rank 2 only
    y_scale = draw_(convolutions.output_scales(x_scale, w_scale, in_n))
    bias_scale = [float(np.float32(x_scale * s)) for s in np.atleast_1d(w_scale)]
    tensors = [
        T((*lead, in_n), scale=x_scale, zero_point=draw_(draw.zero_points)),
        T((out_n, in_n), scale=w_scale, data=convolutions.weights(rng, out_n, in_n)),
        T((out_n,), "int32", scale=bias_scale, data=convolutions.bias(rng, out_n)),
        T((*lead, out_n), scale=y_scale, zero_point=draw_(draw.zero_points)),
    ]
    bias = draw_(st.sampled_from([2, 2, -1]))
    options = {"fusedActivationFunction": draw_(convolutions.ACTIVATIONS), "keepNumDims": keep}
    op = O("FULLY_CONNECTED", [0, 1, bias], [3], options, "FullyConnectedOptions")
    return tiny.model(tensors, [op], [0], [3]), draw_(
        draw.int8_values(
            (
                *lead,
                in_n,
            )
        )
    )


@settings(derandomize=True, deadline=None, max_examples=60)
@given(models())
def test_exact(case: tuple[bytes, Array]) -> None:
    content, x = case
    try:
        require_supported(tflite.read(content, "m"), "m")
    except UnsupportedOp as error:
        assert "sums can leave int32" in str(error)
        reject()
    assert_exact(content, [x])


def one(x: T, y: T, bias_scale: float = 0.001) -> bytes:
    tensors = [
        x,
        T((6, 8), scale=0.01, data=np.arange(48).reshape(6, 8) - 20),
        T((6,), "int32", scale=bias_scale, data=np.arange(6) * 50),
        y,
    ]
    return tiny.model(tensors, [O("FULLY_CONNECTED", [0, 1, 2], [3], {}, "FullyConnectedOptions")], [0], [3])


def test_an_image_is_flattened() -> None:
    """As TFLM: 2 x 2 x 2 x 2 inputs are two batches of 8."""
    content = one(T((2, 2, 2, 2), scale=0.1, zero_point=5), T((2, 6), scale=0.2))
    assert_exact(content, [np.arange(16, dtype=np.int8).reshape(2, 2, 2, 2)])


def test_per_tensor_multiplier_is_a_float32_product() -> None:
    """Scales whose product is another multiplier in float32 than in double; TFLM's outputs tell them apart."""
    rng = np.random.default_rng(7)
    different = 0
    for _ in range(20):
        x_scale, w_scale = (float(np.float32(s)) for s in rng.uniform(0.001, 1, 2))
        tensors = [
            T((1, 64), scale=x_scale),
            T((64, 64), scale=w_scale, data=rng.integers(-127, 128, (64, 64))),
            T((1, 64), scale=float(np.float32(x_scale * w_scale * 400))),
        ]
        op = O("FULLY_CONNECTED", [0, 1], [2], {}, "FullyConnectedOptions")
        content = tiny.model(tensors, [op], [0], [2])
        different += float(np.float32(x_scale) * np.float32(w_scale)) != x_scale * w_scale
        assert_exact(content, [rng.integers(-128, 128, (1, 64)).astype(np.int8)], targets=["host"])
    assert different > 10


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (T((1, 9), scale=0.1), T((1, 6), scale=0.1)),
        (T((2, 8), scale=0.1), T((1, 6), scale=0.1)),
        (T((2, 8), scale=0.1), T((6, 2), scale=0.1)),
    ],
)
def test_shapes_that_do_not_fit_are_refused(x: T, y: T) -> None:
    graph = tflite.read(one(x, y), "one")
    with pytest.raises(ModelError, match="does not fit together"):
        reference.run(graph, [np.zeros(x.shape, np.int8)])


def test_a_bias_of_another_scale_is_refused_as_tflm_does() -> None:
    content = one(T((1, 8), scale=0.1), T((1, 6), scale=0.1), bias_scale=0.5)
    with pytest.raises(UnsupportedOp, match="bias of scale"):
        reference.run(tflite.read(content, "one"), [np.zeros((1, 8), np.int8)])
    with pytest.raises(Unconfirmed):
        tiny.tflm(content, [np.zeros((1, 8), np.int8)])
