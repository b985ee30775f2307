import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import ModelError, NotQuantized, UnsupportedOp
from gen.model import tflite
from gen.model.ops import lower
from gen.model.ops.reduction import ROWS
from tests.effort import cases
from tests.kernels import draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model


def mean_model(x: T, axes: T, y: T, keep_dims: bool = True, kind: str = "MEAN") -> bytes:
    return model([x, axes, y], [O(kind, [0, 1], [2], {"keepDims": keep_dims}, "ReducerOptions")], [0], [2])


def mean_shape(shape: tuple[int, ...], axes: list[int], keep_dims: bool) -> tuple[int, ...]:
    reduced = {axis % len(shape) for axis in axes}
    return tuple(1 if i in reduced else n for i, n in enumerate(shape) if keep_dims or i not in reduced)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.data(), draw.shapes(1, 4, 7), draw.scales, draw.zero_points, draw.zero_points)
def test_mean_equals_tflm(data: st.DataObject, shape: tuple[int, ...], scale: float, x_zero: int, y_zero: int) -> None:
    """Any axes of up to four dimensions, counted from either end, some twice."""
    rank, keep_dims = len(shape), data.draw(st.booleans())
    axes = data.draw(st.lists(st.integers(-rank, rank - 1), min_size=1, max_size=rank))
    y_scale = data.draw(draw.near(scale, 2.0**20))
    content = mean_model(
        T(shape, "int8", scale, x_zero),
        T([len(axes)], "int32", data=np.array(axes)),
        T(mean_shape(shape, axes, keep_dims), "int8", y_scale, y_zero),
        keep_dims,
    )
    assert_exact(content, [data.draw(draw.int8_values(shape))])


@pytest.mark.parametrize("kind", [row.name.upper() for row in ROWS if row.name != "mean" and "int8" in row.dtypes])
@settings(derandomize=True, deadline=None, max_examples=cases(10, 25))
@given(
    data=st.data(), shape=draw.shapes(1, 4, 7), scale=draw.scales, zeros=st.tuples(draw.zero_points, draw.zero_points)
)
def test_equals_tflm(
    kind: str, data: st.DataObject, shape: tuple[int, ...], scale: float, zeros: tuple[int, int]
) -> None:
    rank, keep_dims = len(shape), data.draw(st.booleans())
    axes = data.draw(st.lists(st.integers(-rank, rank - 1), min_size=1, max_size=rank, unique_by=lambda a: a % rank))
    y_scale, y_zero = (data.draw(draw.near(8 * scale)), zeros[1]) if kind == "SUM" else (scale, zeros[0])
    content = mean_model(
        T(shape, "int8", scale, zeros[0]),
        T([len(axes)], "int32", data=np.array(axes)),
        T(mean_shape(shape, axes, keep_dims), "int8", y_scale, y_zero),
        keep_dims,
        kind,
    )
    assert_exact(content, [data.draw(draw.int8_values(shape))])


@pytest.mark.parametrize("axes", [[0], [-1], [0, 2], [0, 1, 2]])
def test_reduce_all(axes: list[int]) -> None:
    shape = (3, 2, 4)
    tensors = [
        T(shape, "bool"),
        T([len(axes)], "int32", data=np.array(axes)),
        T(mean_shape(shape, axes, False), "bool"),
    ]
    content = model(tensors, [O("REDUCE_ALL", [0, 1], [2], {}, "ReducerOptions")], [0], [2])
    assert_exact(content, [np.random.default_rng(2).random(shape) < 0.8])


@pytest.mark.parametrize("kind", ["ARG_MAX", "ARG_MIN"])
@settings(derandomize=True, deadline=None, max_examples=cases(10, 25))
@given(data=st.data(), shape=draw.shapes(1, 4, 6))
def test_arg_equals_tflm(kind: str, data: st.DataObject, shape: tuple[int, ...]) -> None:
    """Few different values, so that many are equal."""
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    out = tuple(n for i, n in enumerate(shape) if i != axis % len(shape))
    tensors = [T(shape, scale=0.1), T((1,), "int32", data=np.array([axis])), T(out, "int32")]
    table = {"ARG_MAX": "ArgMaxOptions", "ARG_MIN": "ArgMinOptions"}[kind]
    content = model(tensors, [O(kind, (0, 1), (2,), {"outputType": 2}, table)], (0,), (2,))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    assert_exact(content, [rng.integers(-2, 3, shape).astype(np.int8)])


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.data(), st.integers(1, 12), st.integers(1, 12), draw.scales, draw.zero_points)
def test_global_average_of_images(data: st.DataObject, h: int, w: int, scale: float, zero_point: int) -> None:
    """Height and width, near-equal scales: the rounding of sums of either sign."""
    x_shape, y_scale = (1, h, w, 5), data.draw(draw.near(scale, 2.0))
    content = mean_model(
        T(x_shape, "int8", scale, zero_point),
        T([2], "int32", data=np.array([1, 2])),
        T([1, 5], "int8", y_scale, zero_point),
        False,
    )
    assert_exact(content, [data.draw(draw.int8_values(x_shape))])


def axes_model(shape: tuple[int, ...], axes: list[int]) -> bytes:
    axes_tensor = T([len(axes)], "int32", data=np.array(axes))
    return mean_model(T(shape, scale=0.1, zero_point=-4), axes_tensor, T(mean_shape(shape, axes, True), scale=0.05))


@pytest.mark.parametrize("axes", [[0], [-1, 0], [1, 3], [1, 2], [2, 3, 4], [0, 1, 2, 3, 4]])
def test_five_dimensions(axes: list[int]) -> None:
    shape = (2, 3, 2, 4, 3)
    assert_exact(axes_model(shape, axes), [np.random.default_rng(5).integers(-128, 128, shape).astype(np.int8)])


def refusal(content: bytes, error: type[Exception], match: str) -> None:
    graph = tflite.read(content, "tiny")
    with pytest.raises(error, match=r"operator 0 \(MEAN\)" + match):
        lower(graph, graph.ops[0])


def test_bad_variants_are_refused() -> None:
    x, y, axis = T([2, 3], scale=0.1), T([2, 1], scale=0.1), T([1], "int32", data=np.array([1]))
    refusal(axes_model((2, 2, 2, 2, 2), [0, 2, 4]), UnsupportedOp, " reduces .* too scattered")
    refusal(mean_model(x, T([1], "int32", data=np.array([2])), y), ModelError, r" reduces along the axes \[2\] of 2")
    refusal(mean_model(x, axis, T([1, 3], scale=0.1)), ModelError, ".* where .* is due")
    refusal(mean_model(x, T([1], "int64", data=np.array([1])), y), UnsupportedOp, " has axes of type int64")
    refusal(mean_model(T([2, 3], "float32"), axis, T([2, 1], "float32")), NotQuantized, ".* is float32")
    refusal(mean_model(x, axis, T([2, 1], scale=1e-8)), UnsupportedOp, ".* too far apart")
    big = mean_model(T([1, 2**24], scale=0.1), axis, T([1, 1], scale=0.1))
    refusal(big, UnsupportedOp, " reduces 16777216 elements")
    run_time = model([x, T([1], "int32"), y], [O("MEAN", [0, 1], [2])], [0, 1], [2])
    refusal(run_time, UnsupportedOp, " computes its axes at run time")
