"""Operators without weights on int16: TFLM = NumPy reference = every kernel, byte for byte; and what is refused."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import UnsupportedOp
from gen.model import tflite
from gen.model.ops import OPS, lower
from gen.model.ops.binary_int16 import OPERATORS
from tests.effort import cases
from tests.kernels import convolutions, draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model

EVERYTHING = np.arange(-(2**15), 2**15).astype(np.int16)
PROBABILITY = 2.0**-15


@pytest.mark.parametrize("kind", OPERATORS)
@settings(derandomize=True, deadline=None, max_examples=cases(12, 40))
@given(data=st.data(), rng=convolutions.GENERATORS, scale=draw.int16_scales)
def test_binary_equals_tflm(kind: str, data: st.DataObject, rng: np.random.Generator, scale: float) -> None:
    shapes = data.draw(draw.broadcast_pairs())
    shapes = shapes[::-1] if data.draw(st.booleans()) else shapes
    other = data.draw(draw.near(scale, 2.0**10))
    near = {"mul": scale * other * 2.0**13, "squared_difference": max(scale, other) ** 2 * 2.0**14}
    y_scale = data.draw(draw.near(float(np.float32(near.get(kind, max(scale, other)))), 8))
    x = [draw.int16_values(rng, *shape) for shape in shapes]
    dtypes, zero = ["int16", "int16"], 0
    if kind == "prelu":
        x[1] = rng.integers(-128, 128, shapes[1]).astype(np.int8)
        dtypes, zero, other = ["int16", "int8"], int(rng.integers(-128, 128)), float(2.0 ** rng.uniform(-9, -6))
        y_scale = data.draw(draw.near(scale, 4))
    constant = data.draw(st.sampled_from([None, 0, 1]))
    tensors = [
        T(shapes[n], dtypes[n], (scale, other)[n], (0, zero)[n], data=x[n] if n == constant else None) for n in range(2)
    ]
    tensors.append(T(np.broadcast_shapes(*shapes), "int16", y_scale))
    table = OPS[kind].options_table
    options = {"fusedActivationFunction": data.draw(convolutions.ACTIVATIONS)} if table else None
    inputs = [n for n in range(2) if n != constant]
    content = model(tensors, [O(kind.upper(), [0, 1], [2], options, table)], inputs, [2])
    assert_exact(content, [x[n] for n in inputs], in_place=x[0].size == np.broadcast(*x).size)


def one(kind: str, x: T, y: T, options: Any = None, table: str | None = None) -> bytes:
    return model([x, y], [O(kind, [0], [1], options, table)], [0], [1])


@pytest.mark.parametrize("kind", ["RELU", "RELU6", "LEAKY_RELU", "ABS"])
@settings(derandomize=True, deadline=None, max_examples=cases(6, 25))
@given(data=st.data(), scale=draw.int16_scales)
def test_slopes_equal_tflm(kind: str, data: st.DataObject, scale: float) -> None:
    """Every value."""
    alpha = float(np.float32(data.draw(st.floats(-2, 2))))
    options, table = ({"alpha": alpha}, "LeakyReluOptions") if kind == "LEAKY_RELU" else (None, None)
    shape = EVERYTHING.shape
    y = T(shape, "int16", data.draw(draw.near(scale)))
    assert_exact(one(kind, T(shape, "int16", scale), y, options, table), [EVERYTHING], targets=("host",), in_place=True)


@pytest.mark.parametrize("kind", ["LOGISTIC", "TANH"])
@pytest.mark.parametrize("scale", [2.0**-12, 2.0**-11, 2.0**-13, 1.7e-4, 3.3e-5, 0.01, 1.1, 5.3, 2.0**-20])
def test_sigmoids_equal_tflm(kind: str, scale: float) -> None:
    """Every value."""
    x = T(EVERYTHING.shape, "int16", scale)
    content = one(kind, x, T(x.shape, "int16", PROBABILITY))
    assert_exact(content, [EVERYTHING], targets=("host",), in_place=True)


@pytest.mark.parametrize("kind", ["LOGISTIC", "LEAKY_RELU", "RELU"])
def test_unary_kernels_everywhere(kind: str) -> None:
    options, table = ({"alpha": -0.3}, "LeakyReluOptions") if kind == "LEAKY_RELU" else (None, None)
    x, y = T((3, 7), "int16", 2e-4), T((3, 7), "int16", PROBABILITY)
    inputs = [np.linspace(-(2**15), 2**15 - 1, 21).astype(np.int16)]
    assert_exact(one(kind, x, y, options, table), [inputs[0].reshape(3, 7)], in_place=True)


@settings(derandomize=True, deadline=None, max_examples=cases(20, 80))
@given(data=st.data(), rng=convolutions.GENERATORS, scale=draw.int16_scales)
def test_pools_equal_tflm(data: st.DataObject, rng: np.random.Generator, scale: float) -> None:
    batches, channels = data.draw(st.sampled_from([1, 1, 2])), data.draw(st.integers(1, 9))
    same = data.draw(st.booleans())
    h, w = (data.draw(convolutions.windows(same)) for _ in range(2))
    options = {
        "padding": 0 if same else 1, "strideH": h.stride, "strideW": w.stride, "filterHeight": h.kernel,
        "filterWidth": w.kernel, "fusedActivationFunction": data.draw(convolutions.ACTIVATIONS),
    }  # fmt: skip
    x, y = T((batches, h.size, w.size, channels), "int16", scale), T((batches, h.out, w.out, channels), "int16", scale)
    kind = data.draw(st.sampled_from(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
    assert_exact(one(kind, x, y, options, "Pool2DOptions"), [draw.int16_values(rng, *x.shape)])


@pytest.mark.parametrize("kind", ["MEAN", "SUM"])
@settings(derandomize=True, deadline=None, max_examples=cases(12, 50))
@given(data=st.data(), rng=convolutions.GENERATORS, shape=draw.shapes(1, 4, 7), scale=draw.int16_scales)
def test_reductions_equal_tflm(
    kind: str, data: st.DataObject, rng: np.random.Generator, shape: tuple[int, ...], scale: float
) -> None:
    axes = data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=1, max_size=len(shape), unique=True))
    out = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    y_scale = data.draw(draw.near(scale if kind == "MEAN" else 4 * scale, 8))
    tensors = [T(shape, "int16", scale), T([len(axes)], "int32", data=np.array(axes)), T(out, "int16", y_scale)]
    content = model(tensors, [O(kind, [0, 1], [2], {"keepDims": True}, "ReducerOptions")], [0], [2])
    assert_exact(content, [draw.int16_values(rng, *shape)])


@settings(derandomize=True, deadline=None, max_examples=cases(12, 50))
@given(data=st.data(), rng=convolutions.GENERATORS, shape=draw.shapes(1, 4, 5))
def test_pads_equal_tflm(data: st.DataObject, rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    widths = rng.integers(0, 3, (len(shape), 2)).astype(np.int32)
    tensors = [
        T(shape, "int16", 0.01),
        T(widths.shape, "int32", data=widths),
        T((1,), "int16", 0.01, data=draw.int16_values(rng, 1)),
        T(tuple(int(n) for n in widths.sum(axis=1) + shape), "int16", 0.01),
    ]
    ops = {"PAD": [0, 1], "PADV2": [0, 1, 2]}
    kind = data.draw(st.sampled_from(list(ops)))
    content = model(tensors, [O(kind, ops[kind], [3], {}, "PadOptions" if kind == "PAD" else "PadV2Options")], [0], [3])
    assert_exact(content, [draw.int16_values(rng, *shape)])


@pytest.mark.parametrize("dtype", ["int16", "int32"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concatenations_equal_tflm(dtype: str, axis: int) -> None:
    rng = np.random.default_rng(4)
    scale = 0.01 if dtype == "int16" else None
    shapes = [tuple(n if i == axis % 3 else 2 + i for i in range(3)) for n in (1, 3, 2)]
    x = [rng.integers(-(2**15), 2**15, shape).astype(dtype) for shape in shapes]
    tensors = [T(each.shape, dtype, scale) for each in x]
    tensors.append(T(np.concatenate(x, axis).shape, dtype, scale))
    content = model(
        tensors, [O("CONCATENATION", [0, 1, 2], [3], {"axis": axis}, "ConcatenationOptions")], [0, 1, 2], [3]
    )
    assert_exact(content, x)


def int16(scale: float = 0.1, zero_point: int = 0) -> T:
    return T((4,), "int16", scale, zero_point)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (one("TANH", int16(), int16()), "1/32768 and 0"),
        (one("TANH", int16(6.0), int16(PROBABILITY)), "leave int32 or are all 0"),
        (one("TANH", int16(2.0**-30), int16(PROBABILITY)), "leave int32 or are all 0"),
        (one("RELU", int16(), int16(zero_point=1)), "zero point 1: TFLM wants 0"),
        (one("ABS", int16(1.0), int16(1e-6)), "too far apart"),
        (one("HARD_SWISH", int16(), int16()), "is int16, and int8 is what TFLM takes there"),
    ],
)
def test_refused(content: bytes, words: str) -> None:
    graph = tflite.read(content, "one")
    with pytest.raises(UnsupportedOp, match=words):
        lower(graph, graph.ops[0])
