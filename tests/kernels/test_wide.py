"""Operators with weights on int16: TFLM = NumPy reference = every kernel, byte for byte; and what is refused."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from gen.errors import ModelError, UnsupportedOp
from gen.model import tflite
from gen.model.graph import Array
from gen.model.ops import lower
from gen.model.support import require_supported
from tests.effort import cases
from tests.kernels import convolutions, draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model

generators = convolutions.GENERATORS


def bias(rng: np.random.Generator, channels: int, dtype: str) -> Array:
    bits = {"int16": 15, "int32": 25, "int64": 40}[dtype]
    drawn = rng.uniform(-1, 1, channels) * 2.0 ** rng.uniform(0, bits)
    return np.asarray(drawn, dtype)


def sums_scale(x_scale: float, w_scale: Any, terms: int) -> st.SearchStrategy[float]:
    return draw.near(float(np.float32(x_scale * float(np.mean(w_scale)) * math.sqrt(terms) * 2.0**6)), 16)


def weighted(
    rng: np.random.Generator, w_scale: Any, shape: tuple[int, ...], bias_of: tuple[str, float], axis: int = 0
) -> list[T]:
    """Weights and a bias; bias_of: its type, and the scale of the input."""
    dtype, x_scale = bias_of
    products = [float(np.float32(x_scale * scale)) for scale in np.atleast_1d(w_scale)]
    channels = shape[axis]
    return [
        T(shape, scale=w_scale, axis=axis, data=convolutions.weights(rng, *shape)),
        T((channels,), dtype, scale=products, data=bias(rng, channels, dtype)),
    ]


def assert_exact_or_refused(content: bytes, x: list[Array]) -> None:
    try:
        require_supported(tflite.read(content, "m"), "m")
    except UnsupportedOp as error:
        assert "sums" in str(error)
        reject()
    assert_exact(content, x)


@settings(derandomize=True, deadline=None, max_examples=cases(30, 120))
@given(data=st.data(), rng=generators, x_scale=draw.int16_scales)
def test_convolutions_equal_tflm(data: st.DataObject, rng: np.random.Generator, x_scale: float) -> None:
    same, depthwise = data.draw(st.booleans()), data.draw(st.booleans())
    high, wide = (data.draw(convolutions.windows(same, (1, 1, 2))) for _ in range(2))
    groups, group_c = data.draw(st.sampled_from([(1, 1), (1, 3), (1, 4), (1, 8), (1, 9), (2, 2), (3, 1)]))
    in_c, out_c = groups * group_c, groups * data.draw(st.integers(1, 9))
    if depthwise:
        out_c = in_c * data.draw(st.sampled_from([1, 1, 2, 3]))
    shape = (1, high.kernel, wide.kernel, out_c) if depthwise else (out_c, high.kernel, wide.kernel, group_c)
    axis, batches = 3 if depthwise else 0, data.draw(st.sampled_from([1, 1, 2]))
    w_scale = data.draw(convolutions.weight_scales(out_c))
    dtype = data.draw(st.sampled_from(["int64"] if depthwise else ["int64", "int64", "int32"]))
    has_bias = data.draw(st.sampled_from([True, True, False]))
    y_scale = data.draw(sums_scale(x_scale, w_scale, high.kernel * wide.kernel * group_c))
    tensors = [
        T((batches, high.size, wide.size, in_c), "int16", x_scale),
        *weighted(rng, w_scale, shape, (dtype, x_scale), axis),
        T((batches, high.out, wide.out, out_c), "int16", y_scale),
    ]
    options = {"padding": 0 if same else 1, "strideH": high.stride, "strideW": wide.stride,
               "dilationHFactor": high.dilation, "dilationWFactor": wide.dilation,
               "fusedActivationFunction": data.draw(convolutions.ACTIVATIONS)}  # fmt: skip
    if depthwise:
        options["depthMultiplier"] = out_c // in_c
    kind, table = ("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions") if depthwise else ("CONV_2D", "Conv2DOptions")
    content = model(tensors, [O(kind, [0, 1, 2] if has_bias else [0, 1], [3], options, table)], [0], [3])
    assert_exact_or_refused(content, [draw.int16_values(rng, batches, high.size, wide.size, in_c)])


@settings(derandomize=True, deadline=None, max_examples=cases(20, 80))
@given(data=st.data(), rng=generators, x_scale=draw.int16_scales)
def test_fully_connected_equals_tflm(data: st.DataObject, rng: np.random.Generator, x_scale: float) -> None:
    lead = data.draw(st.sampled_from([(1,), (2,), (3,), (1, 3), (2, 1, 2)]))
    in_n, out_n = data.draw(st.sampled_from([1, 3, 8, 40, 300, 700])), data.draw(st.integers(1, 13))
    w_scale = data.draw(convolutions.weight_scales(out_n))
    keep = len(lead) > 1
    w_scale = w_scale[0] if keep and not isinstance(w_scale, float) else w_scale  # as TFLM
    dtype, has_bias = data.draw(st.sampled_from(["int64", "int64", "int32"])), data.draw(st.booleans())
    y_scale = data.draw(sums_scale(x_scale, w_scale, in_n))
    tensors = [
        T((*lead, in_n), "int16", x_scale),
        *weighted(rng, w_scale, (out_n, in_n), (dtype, x_scale)),
        T((*lead, out_n), "int16", y_scale),
    ]
    options = {"fusedActivationFunction": data.draw(convolutions.ACTIVATIONS), "keepNumDims": keep}
    op = O("FULLY_CONNECTED", [0, 1, 2 if has_bias else -1], [3], options, "FullyConnectedOptions")
    assert_exact_or_refused(model(tensors, [op], [0], [3]), [draw.int16_values(rng, *lead, in_n)])


@settings(derandomize=True, deadline=None, max_examples=cases(20, 80))
@given(data=st.data(), rng=generators, x_scale=draw.int16_scales)
def test_transpose_conv_equals_tflm(data: st.DataObject, rng: np.random.Generator, x_scale: float) -> None:
    n, h, w = (data.draw(st.integers(1, most)) for most in (2, 4, 4))
    in_c, out_c, k_h, k_w = (data.draw(st.integers(1, most)) for most in (5, 6, 4, 4))
    s_h, s_w, same = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3)), data.draw(st.booleans())
    sizes = [size * s if same else size * s + max(k - s, 0) for size, s, k in ((h, s_h, k_h), (w, s_w, k_w))]
    w_scale = data.draw(convolutions.weight_scales(out_c))
    dtype, has_bias = data.draw(st.sampled_from(["int64", "int64", "int16"])), data.draw(st.booleans())
    tensors = [
        T((4,), "int32", data=np.array((n, *sizes, out_c), np.int32)),
        *weighted(rng, w_scale, (out_c, k_h, k_w, in_c), (dtype, x_scale)),
        T((n, h, w, in_c), "int16", x_scale),
        T((n, *sizes, out_c), "int16", data.draw(sums_scale(x_scale, w_scale, in_c))),
    ]
    options = {"padding": 0 if same else 1, "strideH": s_h, "strideW": s_w}
    options["fusedActivationFunction"] = data.draw(st.sampled_from([0, 0, 1, 3]))
    inputs = (0, 1, 3, 2) if has_bias else (0, 1, 3)
    content = model(tensors, [O("TRANSPOSE_CONV", inputs, (4,), options, "TransposeConvOptions")], (3,), (4,))
    assert_exact_or_refused(content, [draw.int16_values(rng, n, h, w, in_c)])


@settings(derandomize=True, deadline=None, max_examples=cases(20, 80))
@given(data=st.data(), rng=generators, both=st.tuples(draw.int16_scales, draw.int16_scales))
def test_batch_matmul_equals_tflm(data: st.DataObject, rng: np.random.Generator, both: tuple[float, float]) -> None:
    rows, depth, columns = (data.draw(st.integers(1, 6)) for _ in range(3))
    batches, adj_x, adj_y = data.draw(draw.shapes(0, 2, 3)), data.draw(st.booleans()), data.draw(st.booleans())
    ahead1, ahead2 = (tuple(n if rng.random() < 0.7 else 1 for n in batches) for _ in range(2))
    shape1 = (*ahead1, depth, rows) if adj_x else (*ahead1, rows, depth)
    shape2 = (*ahead2, columns, depth) if adj_y else (*ahead2, depth, columns)
    arrays = [draw.int16_values(rng, *shape) for shape in (shape1, shape2)]
    constant = data.draw(st.booleans())
    near = float(np.float32(2.0**14 * math.prod(both) * math.sqrt(depth)))
    tensors = [
        T(shape1, "int16", both[0]),
        T(shape2, "int16", both[1], data=arrays[1] if constant else None),
        T((*np.broadcast_shapes(ahead1, ahead2), rows, columns), "int16", data.draw(draw.near(near))),
    ]
    op = O("BATCH_MATMUL", (0, 1), (2,), {"adjX": adj_x, "adjY": adj_y}, "BatchMatMulOptions")
    content = model(tensors, [op], (0,) if constant else (0, 1), (2,))
    assert_exact(content, arrays[: 1 if constant else 2])


def dense(x: T, weights_scale: float = 0.01, y: float = 0.1, dtype: str = "int64", value: int = 5) -> bytes:
    tensors = [
        x,
        T((2, 8), scale=weights_scale, data=np.full((2, 8), 127)),
        T((2,), dtype, scale=weights_scale * 0.1, data=np.array([value, -value])),
        T((1, 2), "int16", y),
    ]
    return model(tensors, [O("FULLY_CONNECTED", [0, 1, 2], [3], {}, "FullyConnectedOptions")], [0], [3])


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (dense(T((1, 8), "int16", 0.1, zero_point=3)), UnsupportedOp, "int16 with zero point 3: TFLM wants 0"),
        (dense(T((1, 8), "int16", 0.1), value=2**47), UnsupportedOp, "48 bits can't hold"),
        (dense(T((1, 8), "int16", 0.1), weights_scale=100, y=0.01), UnsupportedOp, "48 bits can't hold"),
        (dense(T((1, 8), "int16", 0.1), weights_scale=100, y=0.01, dtype="int32"), UnsupportedOp, "can leave int32"),
        (dense(T((1, 8), "int16", 0.1), dtype="int16"), ModelError, "where TFLM takes int64 or int32"),
        (dense(T((1, 8), "int8", 0.1)), ModelError, "where TFLM takes int32"),
    ],
)
def test_refused(content: bytes, error: type[Exception], words: str) -> None:
    graph = tflite.read(content, "one")
    with pytest.raises(error, match=words):
        lower(graph, graph.ops[0])
