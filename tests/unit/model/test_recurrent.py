"""SVDF and LSTM against tflite-micro over steps: their states go on from one inference to the next."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import ModelError, UnsupportedOp
from gen.model import reference, tflite
from gen.model.ops import lower, sigmoid
from gen.paths import FIRMWARE
from tests.effort import cases
from tests.recurrent import lstm, svdf
from tests.tiny import edited, tflm_sequence

STEPS = 6


def assert_as_tflm(content: bytes) -> None:
    graph = tflite.read(content, "m")
    steps = [reference.random_inputs(graph, number, 3) for number in range(STEPS)]
    for step, (ours, theirs) in enumerate(
        zip(reference.sequence(graph, steps), tflm_sequence(content, steps), strict=True)
    ):
        np.testing.assert_array_equal(ours[0], theirs[0], f"step {step}")


@settings(derandomize=True, deadline=None, max_examples=cases(15, 80))
@given(st.integers(0, 2**32 - 1), st.sampled_from(["int16", "int8"]))
def test_svdf(seed: int, state: str) -> None:
    assert_as_tflm(svdf(np.random.default_rng(seed), state))


@settings(derandomize=True, deadline=None, max_examples=cases(15, 80))
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from(["int8", "int16"]))
def test_lstm(seed: int, halves: bool, dtype: str) -> None:
    assert_as_tflm(lstm(np.random.default_rng(seed), halves=halves, dtype=dtype))


def asymmetric(m: Any) -> None:
    m.subgraphs[0].tensors[1].quantization.zeroPoint = [-3]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lstm(np.random.default_rng(1), activation=0), "an activation other than TANH"),
        (lstm(np.random.default_rng(1), cell_scale=0.0003), "TFLM takes a power of two"),
        (lstm(np.random.default_rng(1), peephole=True), "peepholes, a projection or layer normalization"),
        (edited(lstm(np.random.default_rng(1)), asymmetric), "has asymmetric weights"),
        (svdf(np.random.default_rng(1), "int8", rank=7), "filters that are a multiple of the rank"),
    ],
)
def test_what_tflm_refuses_is_refused(content: bytes, reason: str) -> None:
    graph = tflite.read(content, "m")
    with pytest.raises((UnsupportedOp, ModelError), match=reason):
        lower(graph, graph.ops[0])


def test_the_table_of_the_logistic_function() -> None:
    """Within a step and a half of the function itself, whose values it holds at 24 points per unit."""
    x = np.arange(-32768, 32768)
    for computed, right in (
        (sigmoid.logistic(3 * x), 1 / (1 + np.exp(-x / 4096))),
        (sigmoid.tanh(3 * x), np.tanh(x / 4096)),
    ):
        assert np.abs(computed - 32768 * right).max() <= 1.5
        assert (np.diff(computed.astype(np.int32)) >= 0).all()


def test_the_table_in_c_is_the_tables() -> None:
    text = (FIRMWARE / "kernels/portable/sigmoid.h").read_text()
    numbers = text[text.index("= {") + 3 : text.index("};")].split(",")
    written: Sequence[int] = [int(number) for number in numbers if number.strip()]
    assert written == sigmoid.table().tolist()
