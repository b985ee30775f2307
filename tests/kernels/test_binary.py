"""The family of binary element-wise operators: each against TFLM, the reference and its kernels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from gen.errors import ModelError, NotQuantized, UnsupportedOp
from gen.model import tflite
from gen.model.ops import lower
from gen.model.ops.binary import ROWS
from tests.effort import cases
from tests.kernels import draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model

FAMILY = {row.name: row for row in ROWS}
BYTES = [row.name for row in ROWS if row.x == "int8"]


def binary_model(kind: str, x1: T, x2: T, y: T, activation: str = "NONE") -> bytes:
    table = FAMILY[kind].options_table
    options = {"fusedActivationFunction": getattr(schema.ActivationFunctionType, activation)} if table else {}
    inputs = [i for i, x in enumerate((x1, x2)) if x.data is None]
    if FAMILY[kind].y == "bool":
        y = T(y.shape, "bool")
    return model([x1, x2, y], [O(kind.upper(), [0, 1], [2], options, table)], inputs, [2])


def simple(
    shape1: tuple[int, ...], shape2: tuple[int, ...], shape: tuple[int, ...] | None = None, kind: str = "add"
) -> bytes:
    y_shape = np.broadcast_shapes(shape1, shape2) if shape is None else shape
    return binary_model(kind, T(shape1, scale=0.1), T(shape2, scale=0.2, zero_point=3), T(y_shape, scale=0.25))


@settings(derandomize=True, deadline=None, max_examples=cases(40, 120))
@given(st.data())
def test_add_equals_tflm(data: st.DataObject) -> None:
    check("add", data)


@pytest.mark.parametrize("kind", [kind for kind in BYTES if kind != "add"])
@settings(derandomize=True, deadline=None, max_examples=cases(15, 30))
@given(data=st.data())
def test_equals_tflm(kind: str, data: st.DataObject) -> None:
    """Fewer examples than of ADD, which has kernels of its own on every machine."""
    check(kind, data)


def check(kind: str, data: st.DataObject) -> None:
    shape1, shape2 = data.draw(draw.broadcast_pairs())
    if data.draw(st.booleans()):
        shape1, shape2 = shape2, shape1
    scale1 = data.draw(draw.scales)
    scale2 = data.draw(draw.near(scale1, 2.0**16))
    near = max(scale1, scale2)
    if kind in ("mul", "prelu"):
        scale2 = data.draw(draw.scales)
        near = float(np.float32(64 * scale1 * scale2)) if kind == "mul" else scale1
    if kind == "div":
        near = float(np.float32(scale1 / scale2))
    if kind == "squared_difference":
        near = float(np.float32(64 * max(scale1, scale2) ** 2))
    if FAMILY[kind].y == "bool":
        scale1, scale2 = (min(scale1, 0.99), min(scale2, 0.99))
    scale = data.draw(draw.near(near))
    x1, x2 = data.draw(draw.int8_values(shape1)), data.draw(draw.int8_values(shape2))
    constant = data.draw(st.sampled_from([None, None, "1", "2"]))
    content = binary_model(
        kind,
        T(shape1, scale=scale1, zero_point=data.draw(draw.zero_points), data=x1 if constant == "1" else None),
        T(shape2, scale=scale2, zero_point=data.draw(draw.zero_points), data=x2 if constant == "2" else None),
        T(np.broadcast_shapes(shape1, shape2), scale=scale, zero_point=data.draw(draw.zero_points)),
        data.draw(draw.activations),
    )
    inputs = [x for x, number in ((x1, "1"), (x2, "2")) if number != constant]
    assert_exact(content, inputs, in_place=x1.size == np.broadcast(x1, x2).size)


@pytest.mark.parametrize("kind", BYTES)
def test_every_pair_of_values(kind: str) -> None:
    """All 65,536 answers, for scales at which ties are frequent."""
    everything = np.arange(-128, 128).astype(np.int8)
    content = binary_model(
        kind, T([256, 1], scale=0.5, zero_point=-3), T([256], scale=0.25, zero_point=7), T([256, 256], scale=1.0)
    )
    assert_exact(content, [everything.reshape(256, 1), everything])


@pytest.mark.parametrize("kind", [kind for kind in FAMILY if kind not in BYTES])
@pytest.mark.parametrize("shapes", [((2, 3), (2, 3)), ((4, 1, 3), (1, 5, 3)), ((1,), (7,))])
def test_of_bools(kind: str, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    rng = np.random.default_rng(3)
    out = T(np.broadcast_shapes(*shapes), "bool")
    content = binary_model(kind, T(shapes[0], "bool"), T(shapes[1], "bool"), out)
    assert_exact(content, [rng.integers(0, 2, shape).astype(np.bool_) for shape in shapes])


@pytest.mark.parametrize("shapes", [((2, 3, 4, 5, 2, 2), (2, 3, 4, 5, 2, 2)), ((2, 3, 4, 5, 2), (2, 1, 4, 5, 2))])
def test_high_ranks_merge(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    rng = np.random.default_rng(1)
    assert_exact(simple(*shapes), [rng.integers(-128, 128, shape).astype(np.int8) for shape in shapes])


def lowered(content: bytes) -> None:
    graph = tflite.read(content, "tiny")
    lower(graph, graph.ops[0])


def test_scattered_broadcast_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match=r"operator 0 \(ADD\) broadcasts .* alternations, more than 4: reshape"):
        lowered(simple((2, 3, 4, 5, 2), (2, 1, 4, 1, 2)))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ModelError, match="don't broadcast"):
        lowered(simple((2, 3), (2, 4), (2, 4)))
    with pytest.raises(ModelError, match=r"has shape \(2, 4\) where \(2, 3\) is due"):
        lowered(simple((2, 3), (2, 3), (2, 4)))


def test_products_that_leave_int32_are_refused() -> None:
    with pytest.raises(UnsupportedOp, match=r"products can leave int32.* quantize the model again"):
        lowered(binary_model("mul", T([2], scale=1.0), T([2], scale=1.0), T([2], scale=1e-5)))


def test_float_is_refused() -> None:
    with pytest.raises(NotQuantized, match="full integer quantization"):
        lowered(binary_model("add", T([2], "float32"), T([2], "float32"), T([2], "float32")))


def test_scales_that_tflm_refuses_are_refused() -> None:
    with pytest.raises(UnsupportedOp, match="quantize the model again"):
        lowered(binary_model("add", T([2], scale=1.0), T([2], scale=1.0), T([2], scale=1e-7)))


def test_fused_activation_without_int8_form_is_refused() -> None:
    with pytest.raises(UnsupportedOp, match="fused activation TANH"):
        lowered(binary_model("add", T([2], scale=1.0), T([2], scale=1.0), T([2], scale=1.0), "TANH"))
