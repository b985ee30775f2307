"""PAD and PADV2."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import ModelError, NotQuantized, UnsupportedOp
from gen.model import reference, tflite
from gen.model.ops import lower
from tests.kernels import draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model, tflm

Pairs = list[tuple[int, int]]


def pad_model(x: T, paddings: T, y: T, value: T | None = None) -> bytes:
    builtin, table = ("PAD", "PadOptions") if value is None else ("PADV2", "PadV2Options")
    tensors, inputs = ([x, paddings, y], [0, 1]) if value is None else ([x, paddings, y, value], [0, 1, 3])
    return model(tensors, [O(builtin, inputs, [2], {}, table)], [0], [2])


def padded(shape: tuple[int, ...], pairs: Pairs, dtype: str = "int32", value: T | None = None) -> bytes:
    y_shape = [n + before + after for n, (before, after) in zip(shape, pairs, strict=True)]
    paddings = T([len(pairs), 2], dtype, data=np.array(pairs))
    return pad_model(T(shape, scale=0.1, zero_point=3), paddings, T(y_shape, scale=0.1, zero_point=3), value)


@settings(derandomize=True, deadline=None, max_examples=120)
@given(st.data(), draw.shapes(1, 5, 4), draw.scales, draw.zero_points)
def test_pad_equals_tflm(data: st.DataObject, shape: tuple[int, ...], scale: float, zero_point: int) -> None:
    """Any axis padded on either side or not; the value is the output's zero point or PADV2's constant."""
    sides = st.sampled_from([0, 0, 1, 2, 3])
    pairs = [(data.draw(sides), data.draw(sides)) for _ in shape]
    value = data.draw(st.none() | st.integers(-128, 127))
    content = pad_model(
        T(shape, "int8", scale, zero_point),
        T([len(pairs), 2], "int32", data=np.array(pairs)),
        T([n + before + after for n, (before, after) in zip(shape, pairs, strict=True)], "int8", scale, zero_point),
        None if value is None else T([1], "int8", scale, zero_point, data=np.array([value])),
    )
    assert_exact(content, [data.draw(draw.int8_values(shape))])


def test_zero_point_of_the_output_is_the_value() -> None:
    """Also where the input has another one: TFLM copies the bytes and pads with the output's."""
    content = pad_model(
        T([2], scale=0.1, zero_point=5), T([1, 2], "int32", data=np.array([[1, 1]])), T([4], scale=0.2, zero_point=-7)
    )
    assert_exact(content, [np.array([1, 2], np.int8)])
    assert tflm(content, [np.array([1, 2], np.int8)])[0].tolist() == [-7, 1, 2, -7]


def test_int64_paddings_equal_int32_paddings() -> None:
    """TFLite allows both, TFLM reads int32 only."""
    x = np.arange(6).reshape(2, 3).astype(np.int8)
    narrow, wide = (
        reference.outputs(tflite.read(padded((2, 3), [(1, 0), (0, 2)], dtype), "tiny"), [x])[0]
        for dtype in ("int32", "int64")
    )
    np.testing.assert_array_equal(narrow, wide)


def refusal(content: bytes, error: type[Exception], match: str) -> None:
    graph = tflite.read(content, "tiny")
    with pytest.raises(error, match=r"operator 0 \(PAD(V2)?\)" + match):
        lower(graph, graph.ops[0])


def test_bad_variants_are_refused() -> None:
    x, y = T([2], scale=0.1), T([4], scale=0.1)
    ones = T([1, 2], "int32", data=np.array([[1, 1]]))
    refusal(padded((1,) * 6, [(1, 1)] * 6), UnsupportedOp, " pads 6 axes: at most 5")
    refusal(padded((2,), [(-1, 3)]), ModelError, " has paddings")
    refusal(pad_model(x, T([2], "int32", data=np.array([1, 1])), y), ModelError, " has paddings")
    refusal(pad_model(x, ones, T([5], scale=0.1)), ModelError, ".* where .* is due")
    refusal(pad_model(T([2], "float32"), ones, T([4], "float32")), NotQuantized, ".* is float32")
    refusal(pad_model(x, ones, y, T([1], scale=0.2, data=np.array([1]))), UnsupportedOp, " has a padding value of")
    refusal(pad_model(x, ones, y, T([2], scale=0.1, data=np.array([1, 2]))), ModelError, " pads with 2 values")
    run_time = model([x, T([1, 2], "int32"), y], [O("PAD", [0, 1], [2])], [0, 1], [2])
    refusal(run_time, UnsupportedOp, " computes its paddings at run time")
