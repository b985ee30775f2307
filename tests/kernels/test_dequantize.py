import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gen.errors import UnsupportedOp
from gen.model import tflite
from gen.model.ops import lower
from tests.effort import cases
from tests.kernels import draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model


def dequantize_model(x: T, y: T) -> bytes:
    return model([x, y], [O("DEQUANTIZE", [0], [1], {}, "DequantizeOptions")], [0], [1])


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.floats(2.0**-126, 2.0**100, width=32), draw.zero_points)
@example(float(np.float32(1e-44)), -128)  # subnormal results
def test_dequantize_equals_tflm(scale: float, zero_point: int) -> None:
    """Every int8 value."""
    content = dequantize_model(T([4, 64], scale=scale, zero_point=zero_point), T([4, 64], "float32"))
    assert_exact(content, [np.arange(-128, 128).astype(np.int8).reshape(4, 64)])


@settings(derandomize=True, deadline=None, max_examples=cases(15, 60))
@given(st.data(), st.floats(2.0**-126, 2.0**100, width=32), st.sampled_from(["uint8", "int16"]))
def test_wider_types_equal_tflm(data: st.DataObject, scale: float, dtype: str) -> None:
    x = np.arange(256).astype(np.uint8)
    if dtype == "int16":
        x = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))).integers(-(2**15), 2**15, 256).astype(np.int16)
        x[:2] = (-(2**15), 2**15 - 1)
    zero_point = data.draw(st.integers(0, 255) if dtype == "uint8" else draw.zero_points)
    assert_exact(dequantize_model(T([256], dtype, scale, zero_point), T([256], "float32")), [x])


@pytest.mark.parametrize("types", [("int32", "float32"), ("float16", "float32"), ("int16", "int8")])
def test_other_types_are_refused(types: tuple[str, str]) -> None:
    graph = tflite.read(dequantize_model(T([2], types[0], 1.0), T([2], types[1])), "tiny")
    with pytest.raises(UnsupportedOp, match=rf"operator 0 \(DEQUANTIZE\) turns {types[0]} into {types[1]}: only int8"):
        lower(graph, graph.ops[0])
