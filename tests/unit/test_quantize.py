"""The committed student: its card says the truth, and TFLM computes what the NumPy reference computes."""

import hashlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen import quantize, reference, task, tflite
from gen.graph import Graph
from tests import tiny

TFLM_IMAGES = 120


@pytest.fixture(scope="module")
def student() -> tuple[bytes, Graph]:
    return tflite.read_file(task.model_path("digits"))


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(task.card_path("digits").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def test_set() -> task.Examples:
    return task.load_task("digits").test_set()


def test_the_card_is_of_this_file_and_keeps_the_promises(student: tuple[bytes, Graph], card: dict[str, Any]) -> None:
    content, _ = student
    distilled = card["models"]["distilled"]
    assert distilled["tflite_bytes"] == len(content) <= 10_000
    assert distilled["sha256"] == hashlib.sha256(content).hexdigest()
    assert card["models"]["teacher"]["test_float"]["accuracy"] >= 0.985
    assert distilled["test_int8"]["accuracy"] >= 0.975
    for model in card["models"].values():
        for share in (share for key, share in model.items() if key.startswith(("test_", "validation_"))):
            assert share["low_95"] < share["accuracy"] == share["right"] / share["of"] <= share["high_95"]


def test_the_card_is_of_this_task(card: dict[str, Any], test_set: task.Examples) -> None:
    digits = task.load_task("digits")
    assert (card["seed"], card["dataset"]["test"]) == (digits.seed, len(test_set.y))
    assert card["distillation"]["temperature"] == digits.distillation.temperature
    assert card["distillation"]["alpha"] == digits.distillation.alpha
    assert len(card["curves"]["distilled"]["val_loss"]) == digits.student_training.epochs


def test_int8_accuracy_is_what_the_card_says(
    student: tuple[bytes, Graph], card: dict[str, Any], test_set: task.Examples
) -> None:
    right = int(np.sum(quantize.predict(student[1], test_set.x) == test_set.y))
    assert right == card["models"]["distilled"]["test_int8"]["right"]


def test_tflm_gives_the_same_bytes(student: tuple[bytes, Graph], test_set: task.Examples) -> None:
    content, graph = student
    differ = []
    for number in range(TFLM_IMAGES):
        inputs = quantize.quantize_input(graph, test_set.x[number : number + 1])
        ours, theirs = reference.outputs(graph, inputs)[0], tiny.tflm(content, inputs)[0]
        if not np.array_equal(ours, theirs):
            differ.append(number)
    assert differ == []


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
    stored = quantize.quantize_input(graph, x)
    assert np.array_equal(stored[0], tiny.tflm(into, [x])[0])
    (theirs,) = tiny.tflm(back, stored)
    graph_out = tflite.read(into, "into")
    assert np.array_equal(quantize.dequantize_output(graph_out, stored[0]), theirs)


def test_a_float_model_keeps_its_numbers() -> None:
    x = np.linspace(-1, 1, 6, dtype=np.float32)[None]
    graph = tflite.read(_border("QUANTIZE", x.shape, 0.1, 3), "into")
    assert np.array_equal(quantize.quantize_input(graph, x)[0], x)
    graph = tflite.read(_border("DEQUANTIZE", x.shape, 0.1, 3), "back")
    assert np.array_equal(quantize.dequantize_output(graph, x), x)


def _border(builtin: str, shape: tuple[int, ...], scale: float, zero_point: int) -> bytes:
    real, stored = tiny.T(shape, "float32"), tiny.T(shape, "int8", scale, zero_point)
    tensors = [real, stored] if builtin == "QUANTIZE" else [stored, real]
    return tiny.model(tensors, [tiny.O(builtin, [0], [1])], [0], [1])
