from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from gen.errors import ModelError, NotQuantized, UnsupportedOp
from gen.model import reference, tflite
from gen.model.ops import lower
from gen.model.upstream import Unconfirmed
from tests.kernels import draw
from tests.kernels.harness import assert_exact, assert_kernels
from tests.tiny import O, T, model, tflm


def concatenation_model(xs: Sequence[T], y: T, axis: int, activation: str = "NONE") -> bytes:
    options = {"axis": axis, "fusedActivationFunction": getattr(schema.ActivationFunctionType, activation)}
    op = O("CONCATENATION", range(len(xs)), [len(xs)], options, "ConcatenationOptions")
    return model([*xs, y], [op], [i for i, x in enumerate(xs) if x.data is None], [len(xs)])


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.data(), draw.shapes(1, 4, 4), st.integers(1, 10), draw.scales, draw.zero_points)
def test_concatenation_equals_tflm(
    data: st.DataObject, shape: tuple[int, ...], count: int, scale: float, zero_point: int
) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    along = axis % len(shape)
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=count, max_size=count))
    arrays = [data.draw(draw.int8_values((*shape[:along], n, *shape[along + 1 :]))) for n in sizes]
    constant = data.draw(st.integers(1, 20))  # this input, if there are so many, is constant
    xs = [T(a.shape, "int8", scale, zero_point, data=a if i == constant else None) for i, a in enumerate(arrays)]
    y = T((*shape[:along], sum(sizes), *shape[along + 1 :]), "int8", scale, zero_point)
    assert_exact(concatenation_model(xs, y, axis), [a for i, a in enumerate(arrays) if i != constant])


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_types_without_scales(dtype: str) -> None:
    rng = np.random.default_rng(4)
    arrays = [rng.integers(0, 2 if dtype == "bool" else 2**31, (2, n)).astype(dtype) for n in (3, 1, 4)]
    xs = [T(array.shape, dtype, data=array if n == 1 else None) for n, array in enumerate(arrays)]
    assert_exact(concatenation_model(xs, T((2, 8), dtype), 1), [arrays[0], arrays[2]])


def test_five_dimensions_and_eleven_inputs() -> None:
    """More than TFLM takes (4 and 10); NumPy's own concatenation is the reference."""
    rng = np.random.default_rng(3)
    arrays = [rng.integers(-128, 128, (2, 1, 2, 1 + i % 3, 2)).astype(np.int8) for i in range(11)]
    y = np.concatenate(arrays, axis=-2)
    content = concatenation_model([T(a.shape, scale=0.1) for a in arrays], T(y.shape, scale=0.1), -2)
    np.testing.assert_array_equal(reference.outputs(tflite.read(content, "tiny"), arrays)[0], y)
    assert_kernels(content, arrays)


def quantized_pair(x: T, y: T) -> bytes:
    return concatenation_model([T([1, 2], scale=0.1), x], y, 1)


@pytest.mark.parametrize("x", [T([1, 2], scale=0.2), T([1, 2], scale=0.1, zero_point=1)])
def test_unequal_quantization_is_refused_as_tflm_does(x: T) -> None:
    content = quantized_pair(x, T([1, 4], scale=0.1))
    with pytest.raises(Unconfirmed):
        tflm(content, [np.zeros((1, 2), np.int8)] * 2)
    graph = tflite.read(content, "tiny")
    with pytest.raises(UnsupportedOp, match=r"operator 0 \(CONCATENATION\) joins tensor 't1' of another scale"):
        lower(graph, graph.ops[0])


@pytest.mark.parametrize(
    ("error", "content"),
    [
        (ModelError, quantized_pair(T([2, 2], scale=0.1), T([1, 4], scale=0.1))),
        (ModelError, quantized_pair(T([2], scale=0.1), T([1, 4], scale=0.1))),
        (ModelError, quantized_pair(T([1, 2], scale=0.1), T([1, 5], scale=0.1))),
        (ModelError, concatenation_model([T([1, 2], scale=0.1)], T([1, 2], scale=0.1), 2)),
        (NotQuantized, concatenation_model([T([1, 2], "float32")], T([1, 2], "float32"), 1)),
        (UnsupportedOp, concatenation_model([T([1, 2], scale=0.1)], T([1, 2], scale=0.1), 1, "RELU")),
    ],
)
def test_bad_variants_are_refused(error: type[Exception], content: bytes) -> None:
    graph = tflite.read(content, "tiny")
    with pytest.raises(error, match=r"operator 0 \(CONCATENATION\)"):
        lower(graph, graph.ops[0])
