"""Operators with arithmetic of their own and no family: each against TFLM, the reference and its kernels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import UnsupportedOp
from gen.model import tflite
from gen.model.ops import lower
from tests.effort import cases
from tests.kernels import draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model


def refused(content: bytes, match: str) -> None:
    graph = tflite.read(content, "tiny")
    with pytest.raises(UnsupportedOp, match=match):
        lower(graph, graph.ops[0])


def add_n_model(count: int, shape: tuple[int, ...], scale: float, zero_point: int, y: T) -> bytes:
    xs = [T(shape, scale=scale, zero_point=zero_point) for _ in range(count)]
    return model([*xs, y], [O("ADD_N", range(count), (count,))], range(count), (count,))


@settings(derandomize=True, deadline=None, max_examples=cases(15, 40))
@given(st.data(), st.integers(2, 24), draw.scales, draw.zero_points)
def test_add_n_equals_tflm(data: st.DataObject, count: int, scale: float, zero_point: int) -> None:
    """Of so many inputs that sums leave int32, too."""
    shape = data.draw(draw.shapes(1, 3, 6))
    y = T(shape, scale=data.draw(draw.near(4 * scale)), zero_point=data.draw(draw.zero_points))
    inputs = [data.draw(draw.int8_values(shape)) for _ in range(count)]
    assert_exact(add_n_model(count, shape, scale, zero_point, y), inputs)


def test_sums_beyond_tflms_are_refused() -> None:
    refused(add_n_model(2, (3,), 1.0, 0, T((3,), scale=1e-7)), r"more than 2\*\*19 apart, which TFLM refuses")
    refused(add_n_model(1, (3,), 1.0, 0, T((3,), scale=1.0)), "adds one tensor")


@settings(derandomize=True, deadline=None, max_examples=cases(15, 40))
@given(st.data(), draw.scales, draw.zero_points)
def test_cumsum_equals_tflm(data: st.DataObject, scale: float, zero_point: int) -> None:
    shape = data.draw(st.one_of(draw.shapes(1, 4, 5), st.just((40, 3))))
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    options = {"exclusive": data.draw(st.booleans()), "reverse": data.draw(st.booleans())}
    y = T(shape, scale=data.draw(draw.near(4 * scale)), zero_point=data.draw(draw.zero_points))
    tensors = [T(shape, scale=scale, zero_point=zero_point), T((1,), "int32", data=np.array([axis])), y]
    content = model(tensors, [O("CUMSUM", (0, 1), (2,), options, "CumsumOptions")], (0,), (2,))
    assert_exact(content, [data.draw(draw.int8_values(shape))], in_place=True)


def resize_model(shape: tuple[int, ...], sizes: tuple[int, int], align: bool = False, half: bool = False) -> bytes:
    out = (shape[0], *sizes, shape[3])
    tensors = [T(shape, scale=0.1), T((2,), "int32", data=np.array(sizes, np.int32)), T(out, scale=0.1)]
    options = {"alignCorners": align, "halfPixelCenters": half}
    return model(tensors, [O("RESIZE_BILINEAR", (0, 1), (2,), options, "ResizeBilinearOptions")], (0,), (2,))


@settings(derandomize=True, deadline=None, max_examples=cases(20, 60))
@given(st.data())
def test_resize_bilinear_equals_tflm(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(1, 2), st.integers(1, 7), st.integers(1, 7), st.integers(1, 4)))
    sizes = data.draw(st.tuples(st.integers(1, 15), st.integers(1, 15)))
    align, half = data.draw(st.sampled_from([(False, False), (True, False), (False, True)]))
    assert_exact(resize_model(shape, sizes, align, half), [data.draw(draw.int8_values(shape))])


def test_enlargements_beyond_the_input_are_refused() -> None:
    refused(resize_model((1, 1, 1, 1), (97, 1)), "enlarges 1 rows or columns to 97, so many that TFLM reads behind")


def last_axis_model(kind: str, x: T) -> bytes:
    table, scale, zero_point = {
        "LOG_SOFTMAX": ("LogSoftmaxOptions", 1 / 16, 127),
        "L2_NORMALIZATION": ("L2NormOptions", 1 / 128, 0),
    }[kind]
    y = T(x.shape, scale=scale, zero_point=zero_point)
    return model([x, y], [O(kind, (0,), (1,), {}, table)], (0,), (1,))


@pytest.mark.parametrize("kind", ["LOG_SOFTMAX", "L2_NORMALIZATION"])
@settings(derandomize=True, deadline=None, max_examples=cases(25, 80))
@given(data=st.data(), scale=draw.scales, zero_point=draw.zero_points)
def test_along_the_last_axis_equals_tflm(kind: str, data: st.DataObject, scale: float, zero_point: int) -> None:
    shape = (*data.draw(draw.shapes(0, 2, 4)), data.draw(st.sampled_from([1, 2, 3, 10, 64, 400])))
    if kind == "L2_NORMALIZATION" and len(shape) < 2:
        shape = (2, *shape)
    x = data.draw(draw.int8_values(shape))
    spread = data.draw(st.sampled_from([1, 1, 8, 64]))  # less of int8
    content = last_axis_model(kind, T(shape, scale=scale, zero_point=zero_point))
    assert_exact(content, [(x // spread).astype(np.int8)], in_place=True)


def test_fixed_output_scales() -> None:
    x, y = T((2, 3), scale=0.1), T((2, 3), scale=0.1)
    refused(model([x, y], [O("LOG_SOFTMAX", (0,), (1,), {}, "LogSoftmaxOptions")], (0,), (1,)), "fixes them to 1/16")
