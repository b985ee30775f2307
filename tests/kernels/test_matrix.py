"""BATCH_MATMUL and TRANSPOSE_CONV: each against TFLM, the reference and its kernels."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import ModelError, UnsupportedOp
from gen.model import tflite
from gen.model.ops import lower
from tests.effort import cases
from tests.kernels import draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model

generators = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def matmul_model(x1: T, x2: T, y: T, adj_x: bool = False, adj_y: bool = False) -> bytes:
    op = O("BATCH_MATMUL", (0, 1), (2,), {"adjX": adj_x, "adjY": adj_y}, "BatchMatMulOptions")
    return model([x1, x2, y], [op], (0,) if x2.data is not None else (0, 1), (2,))


@settings(derandomize=True, deadline=None, max_examples=cases(25, 80))
@given(data=st.data(), rng=generators, scales=st.tuples(draw.scales, draw.scales))
def test_batch_matmul_equals_tflm(data: st.DataObject, rng: np.random.Generator, scales: tuple[float, float]) -> None:
    rows, depth, columns = (data.draw(st.integers(1, most)) for most in (6, data.draw(st.sampled_from([6, 40])), 9))
    batches = data.draw(draw.shapes(0, 2, 3))
    adj_x, adj_y = data.draw(st.booleans()), data.draw(st.booleans())
    ahead1, ahead2 = (tuple(n if rng.random() < 0.7 else 1 for n in batches) for _ in range(2))
    ahead2 = ahead2[int(rng.integers(0, len(batches) + 1)) :] if data.draw(st.booleans()) else ahead2
    shape1 = (*ahead1, depth, rows) if adj_x else (*ahead1, rows, depth)
    shape2 = (*ahead2, columns, depth) if adj_y else (*ahead2, depth, columns)
    out = (*np.broadcast_shapes(ahead1, ahead2), rows, columns)
    arrays = [rng.integers(-128, 128, shape).astype(np.int8) for shape in (shape1, shape2)]
    constant = data.draw(st.booleans())
    zeros = [data.draw(draw.zero_points) for _ in range(3)]
    near = float(np.float32(100 * math.prod(scales) * math.sqrt(depth)))
    content = matmul_model(
        T(shape1, scale=scales[0], zero_point=zeros[0]),
        T(shape2, scale=scales[1], zero_point=zeros[1], data=arrays[1] if constant else None),
        T(out, scale=data.draw(draw.near(near)), zero_point=zeros[2]),
        adj_x,
        adj_y,
    )
    assert_exact(content, arrays[: 1 if constant else 2])


def test_matrices_that_do_not_fit_are_refused() -> None:
    def refused(error: type[Exception], match: str, *shapes: tuple[int, ...]) -> None:
        x1, x2, y = (T(shape, scale=0.1) for shape in shapes)
        graph = tflite.read(matmul_model(x1, x2, y), "tiny")
        with pytest.raises(error, match=match):
            lower(graph, graph.ops[0])

    refused(ModelError, r"multiplies \(2, 3\) and \(2, 3\), which don't fit", (2, 3), (2, 3), (2, 3))
    refused(ModelError, "which don't fit", (2, 2, 3), (3, 3, 2), (2, 2, 2))
    refused(UnsupportedOp, "TFLM takes 2 to 5 axes", (3,), (3, 2), (2,))


@settings(derandomize=True, deadline=None, max_examples=cases(25, 80))
@given(data=st.data(), rng=generators, scale=draw.scales)
def test_transpose_conv_equals_tflm(data: st.DataObject, rng: np.random.Generator, scale: float) -> None:
    n, h, w = (data.draw(st.integers(1, most)) for most in (2, 4, 4))
    in_c, out_c, k_h, k_w = (data.draw(st.integers(1, 4)) for _ in range(4))
    s_h, s_w, same = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3)), data.draw(st.booleans())
    sizes = [size * s if same else size * s + max(k - s, 0) for size, s, k in ((h, s_h, k_h), (w, s_w, k_w))]
    per_channel, has_bias = data.draw(st.booleans()), data.draw(st.booleans())
    weight_scale = [float(np.float32(value)) for value in rng.uniform(0.001, 0.02, out_c if per_channel else 1)]
    shape, weights_shape, out = (n, h, w, in_c), (out_c, k_h, k_w, in_c), (n, *sizes, out_c)
    y_scale = data.draw(draw.near(float(np.float32(scale * 0.8 * math.sqrt(in_c)))))
    weights = rng.integers(-127, 128, weights_shape).astype(np.int8)
    bias = rng.integers(-9000, 9000, out_c).astype(np.int32)
    tensors = [
        T((4,), "int32", data=np.array(out, np.int32)),
        T(weights_shape, scale=weight_scale, data=weights),
        T(shape, scale=scale, zero_point=data.draw(draw.zero_points)),
        T(out, scale=y_scale, zero_point=data.draw(draw.zero_points)),
        T((out_c,), "int32", scale=[scale * each for each in weight_scale], data=bias),
    ]
    options = {"padding": 0 if same else 1, "strideH": s_h, "strideW": s_w}
    options["fusedActivationFunction"] = data.draw(st.sampled_from([0, 0, 1, 3]))
    inputs = (0, 1, 2, 4) if has_bias else (0, 1, 2)
    content = model(tensors, [O("TRANSPOSE_CONV", inputs, (3,), options, "TransposeConvOptions")], (2,), (3,))
    assert_exact(content, [rng.integers(-128, 128, shape).astype(np.int8)])


def test_sizes_that_do_not_fit_are_refused() -> None:
    tensors = [
        T((4,), "int32", data=np.array((1, 9, 4, 1), np.int32)),
        T((1, 2, 2, 1), scale=0.1, data=np.ones((1, 2, 2, 1), np.int8)),
        T((1, 2, 2, 1), scale=0.1),
        T((1, 9, 4, 1), scale=0.1),
    ]
    options = {"strideH": 2, "strideW": 2}
    content = model(tensors, [O("TRANSPOSE_CONV", (0, 1, 2), (3,), options, "TransposeConvOptions")], (2,), (3,))
    graph = tflite.read(content, "tiny")
    with pytest.raises(ModelError, match=r"makes \(1, 9, 4, 1\) of \(1, 2, 2, 1\) with windows of 2x2"):
        lower(graph, graph.ops[0])
