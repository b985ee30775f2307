"""The family of unary element-wise operators, tables of 256 answers: each against TFLM on every input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import UnsupportedOp
from gen.model import tflite
from gen.model.ops import lower
from gen.model.ops.unary import ROWS
from tests.effort import cases
from tests.kernels import draw
from tests.kernels.harness import assert_exact, assert_kernels
from tests.tiny import O, T, model

EVERYTHING = np.arange(-128, 128).astype(np.int8)
FAMILY = [row.name for row in ROWS if row.dtype == "int8"]
FIXED = {"logistic": (1 / 256, -128), "tanh": (1 / 128, 0)}  # output scales and zero points that TFLite fixes


def unary_model(kind: str, x: T, y: T, options: dict[str, float] | None = None) -> bytes:
    table = next(row.options_table for row in ROWS if row.name == kind)
    return model([x, y], [O(kind.upper(), [0], [1], options, table)], [0], [1])


@pytest.mark.parametrize("kind", FAMILY)
@settings(derandomize=True, deadline=None, max_examples=cases(30, 100))
@given(data=st.data())
def test_equals_tflm(kind: str, data: st.DataObject) -> None:
    x = T((256,), scale=data.draw(draw.scales), zero_point=data.draw(draw.zero_points))
    assert isinstance(x.scale, float)
    own = data.draw(draw.near(x.scale / 4 if kind != "hard_swish" else x.scale * 4)), data.draw(draw.zero_points)
    scale, zero_point = FIXED.get(kind, own)
    if kind == "rsqrt":
        x = T((256,), scale=x.scale, zero_point=-128)
        assert isinstance(x.scale, float)
        scale = data.draw(draw.near(float(np.float32(x.scale**-0.5 / 64))))
    options = {"alpha": float(np.float32(data.draw(st.floats(-2, 2))))} if kind == "leaky_relu" else None
    content = unary_model(kind, x, T((256,), scale=scale, zero_point=zero_point), options)
    assert_exact(content, [EVERYTHING], targets=())


@settings(derandomize=True, deadline=None, max_examples=cases(10, 20))
@given(st.integers(1, 600), st.integers(0, 2**32 - 1))
def test_kernels_look_up_any_number_of_elements(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = T((count,), scale=float(rng.uniform(0.001, 0.1)), zero_point=int(rng.integers(-128, 128)))
    values = rng.integers(-128, 128, count).astype(np.int8)
    assert_kernels(unary_model("tanh", x, T((count,), scale=1 / 128)), [values], in_place=True)


@pytest.mark.parametrize("kind", FIXED)
@pytest.mark.parametrize("scale", [1e-9, 2.0**-28, 2.0**-27, 1e-6, 0.0625, 0.125, 7.0, 8.0, 15.0, 16.0, 1000.0])
def test_scales_at_the_ends(kind: str, scale: float) -> None:
    y_scale, zero_point = FIXED[kind]
    y = T((256,), scale=y_scale, zero_point=zero_point)
    content = unary_model(kind, T((256,), scale=scale, zero_point=3), y)
    graph = tflite.read(content, "tiny")
    if scale < 2.0**-28:
        with pytest.raises(UnsupportedOp, match="all outputs are the same"):
            lower(graph, graph.ops[0])
    else:
        assert_exact(content, [EVERYTHING], targets=())


def test_logical_not() -> None:
    content = model([T((5, 3), "bool"), T((5, 3), "bool")], [O("LOGICAL_NOT", [0], [1])], [0], [1])
    assert_exact(content, [np.random.default_rng(1).integers(0, 2, (5, 3)).astype(np.bool_)], targets=("host",))


def test_roots_of_what_may_be_below_zero_are_refused() -> None:
    graph = tflite.read(unary_model("rsqrt", T((4,), scale=0.1, zero_point=-127), T((4,), scale=0.1)), "tiny")
    with pytest.raises(UnsupportedOp, match="zero point -127, which may be below 0, where TFLM ends with an error"):
        lower(graph, graph.ops[0])


def test_output_scales_that_tflite_fixes() -> None:
    graph = tflite.read(unary_model("tanh", T((4,), scale=0.1), T((4,), scale=0.01)), "tiny")
    with pytest.raises(UnsupportedOp, match=r"output scale 0.01 and zero point 0: TFLite fixes them to 1/128 and 0"):
        lower(graph, graph.ops[0])
