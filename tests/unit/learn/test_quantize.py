"""int8 models: how the student of digits is quantized, and numbers across the int8 border."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.data.examples import Examples
from gen.learn import task
from gen.model import tflite
from gen.model.graph import Graph
from gen.model.values import dequantize_output, quantize_input
from tests import tiny


@pytest.fixture(scope="module")
def student() -> tuple[bytes, Graph]:
    return tflite.read_file(task.model_path("digits"))


@pytest.fixture(scope="module")
def test_set() -> Examples:
    return task.load_task("digits").test_set()


def test_the_student_is_int8_per_channel_and_small_in_ram(student: tuple[bytes, Graph]) -> None:
    _, graph = student
    kinds = {op.kind for op in graph.ops}
    assert kinds == {"conv_2d", "depthwise_conv_2d", "max_pool_2d", "reshape", "fully_connected", "softmax"}
    for index in (*graph.inputs, *graph.outputs):
        assert graph.tensors[index].dtype == "int8"
    for op in graph.ops:
        if op.kind in ("conv_2d", "depthwise_conv_2d", "fully_connected"):
            quant = graph.input(op, 1).quant
            assert quant is not None
            assert quant.per_channel
        assert graph.input(op, 0).size_bytes + graph.output(op).size_bytes <= 2500


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.lists(st.floats(-50.0, 50.0, width=32), min_size=1, max_size=40),
    st.floats(2.0**-10, 1.0, width=32),
    st.integers(-128, 127),
)
def test_numbers_cross_the_border_as_tflm_carries_them(values: list[float], scale: float, zero_point: int) -> None:
    x = np.array([values], np.float32)
    ratio = x / np.float32(scale)
    x = np.concatenate([x, (np.round(ratio) + np.float32(0.5)) * np.float32(scale)], axis=1)  # and ties
    into, back = _border("QUANTIZE", x.shape, scale, zero_point), _border("DEQUANTIZE", x.shape, scale, zero_point)
    graph = tflite.read(back, "back")
    stored = quantize_input(graph, x)
    assert np.array_equal(stored[0], tiny.tflm(into, [x])[0])
    (theirs,) = tiny.tflm(back, stored)
    graph_out = tflite.read(into, "into")
    assert np.array_equal(dequantize_output(graph_out, stored[0]), theirs)


def test_a_float_model_keeps_its_numbers() -> None:
    x = np.linspace(-1, 1, 6, dtype=np.float32)[None]
    graph = tflite.read(_border("QUANTIZE", x.shape, 0.1, 3), "into")
    assert np.array_equal(quantize_input(graph, x)[0], x)
    graph = tflite.read(_border("DEQUANTIZE", x.shape, 0.1, 3), "back")
    assert np.array_equal(dequantize_output(graph, x), x)


def _border(builtin: str, shape: tuple[int, ...], scale: float, zero_point: int) -> bytes:
    real, stored = tiny.T(shape, "float32"), tiny.T(shape, "int8", scale, zero_point)
    tensors = [real, stored] if builtin == "QUANTIZE" else [stored, real]
    return tiny.model(tensors, [tiny.O(builtin, [0], [1])], [0], [1])
