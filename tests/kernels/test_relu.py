"""RELU and RELU6."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import NotQuantized, UnsupportedOp
from gen.model import tflite
from gen.model.ops import lower
from tests.kernels import draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model

EVERY = np.arange(-128, 128).astype(np.int8)


def relu_model(builtin: str, x: T, y: T) -> bytes:
    return model([x, y], [O(builtin, [0], [1])], [0], [1])


def quantized(scale: float, zero_point: int) -> T:
    return T([2, 128], scale=scale, zero_point=zero_point)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.data(), draw.scales, draw.zero_points, draw.zero_points)
def test_relu_equals_tflm(data: st.DataObject, scale: float, x_zero: int, y_zero: int) -> None:
    """Every int8 value, at output scales from far below to far above the input's."""
    y_scale = data.draw(draw.near(scale, 2.0**20))
    content = relu_model("RELU", quantized(scale, x_zero), quantized(y_scale, y_zero))
    assert_exact(content, [EVERY.reshape(2, 128)], in_place=True)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(draw.scales, draw.zero_points, draw.scales, draw.zero_points)
def test_relu6_equals_tflm(scale: float, zero_point: int, y_scale: float, y_zero: int) -> None:
    """Clamped without rescaling, whatever the output's scale: the identity multiplier changes no value."""
    content = relu_model("RELU6", quantized(scale, zero_point), quantized(y_scale, y_zero))
    assert_exact(content, [EVERY.reshape(2, 128)], in_place=True)


@pytest.mark.parametrize("scale", [1e-8, 6 / 255, 6 / 128, 6.0, 12.1, 1e30])
def test_relu6_at_extreme_scales(scale: float) -> None:
    assert_exact(relu_model("RELU6", quantized(scale, -5), quantized(scale, -5)), [EVERY.reshape(2, 128)])


@pytest.mark.parametrize("builtin", ["RELU", "RELU6"])
def test_float_is_refused(builtin: str) -> None:
    graph = tflite.read(relu_model(builtin, T([2], "float32"), T([2], "float32")), "tiny")
    with pytest.raises(NotQuantized, match=rf"operator 0 \({builtin}\): tensor 't0' is float32.*convert the model"):
        lower(graph, graph.ops[0])


def test_scales_beyond_int32_are_refused() -> None:
    graph = tflite.read(relu_model("RELU", quantized(1.0, 0), quantized(1e-7, 0)), "tiny")
    with pytest.raises(UnsupportedOp, match="too far apart"):
        lower(graph, graph.ops[0])
