"""TFLM's signal library against tflite-micro, and whole front-ends over sequences of frames."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import ModelError, UnsupportedOp
from gen.model import reference, tflite
from gen.model.graph import Array
from gen.model.ops import lower
from tests import front_end, shared
from tests.effort import cases
from tests.front_end import LOWEST, samples, unsigned
from tests.tiny import T, edited, tflm_sequence

STEP = 320
SEEDS = st.integers(0, 2**32 - 1)


def assert_as_tflm(content: bytes, steps: Sequence[Sequence[Array]]) -> None:
    graph = tflite.read(content, "m")
    both = zip(reference.sequence(graph, steps), tflm_sequence(content, steps), strict=True)
    for step, (ours, theirs) in enumerate(both):
        for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            np.testing.assert_array_equal(a, b, f"step {step}, output {number}")


@settings(derandomize=True, deadline=None, max_examples=cases(8, 40))
@given(SEEDS)
def test_window(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size, times = (int(n) for n in rng.integers(1, (20, 4)))
    content = front_end.window(rng.integers(LOWEST, 2**15, size), size * times, int(rng.integers(0, 32)))
    assert_as_tflm(content, [[samples(rng, (1, size * times))] for _ in range(4)])


@settings(derandomize=True, deadline=None, max_examples=cases(8, 40))
@given(SEEDS)
def test_auto_scale(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 12))
    assert_as_tflm(front_end.auto_scale(count), [[samples(rng, (count,))] for _ in range(20)])


@pytest.mark.parametrize("points", [4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048])
def test_rfft(points: int) -> None:
    """Every power of 2; several rows, some of fewer values than points; and back."""
    rng = np.random.default_rng(points)
    for shape in ((points,), (2, points - 1), (1, 3, int(rng.integers(1, points)))):
        assert_as_tflm(front_end.rfft(shape, points), [[samples(rng, shape)] for _ in range(cases(4, 12))])
    steps = [[samples(rng, (2, points + 2))] for _ in range(cases(4, 12))]
    assert_as_tflm(front_end.irfft((2,), points), steps)


@settings(derandomize=True, deadline=None, max_examples=cases(5, 20))
@given(SEEDS)
def test_energy(seed: int) -> None:
    """TFLM leaves the others as they are."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 30))
    start, end = sorted(int(n) for n in rng.integers(0, count + 1, 2))
    content = front_end.energy(count, start, end)
    graph, x = tflite.read(content, "m"), [samples(rng, (2 * count,))]
    ours, theirs = reference.outputs(graph, x)[0], tflm_sequence(content, [x])[0][0]
    np.testing.assert_array_equal(ours[start:end], theirs[start:end])
    assert not ours[:start].any() and not ours[end:].any()


@settings(derandomize=True, deadline=None, max_examples=cases(8, 40))
@given(SEEDS)
def test_filter_bank(seed: int) -> None:
    rng = np.random.default_rng(seed)
    energies, channels = int(rng.integers(8, 60)), int(rng.integers(1, 8))
    content = front_end.filter_bank(front_end.bands(rng, channels, energies), energies)
    assert_as_tflm(content, [[unsigned(rng, 32, energies)] for _ in range(3)])


def test_square_root() -> None:
    rng, count = np.random.default_rng(1), 300
    squares = np.arange(1, 2**32, 2**32 // 10, dtype=np.uint64) ** np.uint64(2)
    near = np.concatenate([squares + np.uint64(d) for d in (0, 1, 2**20, 2**32 - 1)])
    rims = np.array([0, 1, 2, 3, 2**32 - 1, 2**32 - 2**16, 2**32, 2**63, 2**64 - 1, 2**64 - 2**32], np.uint64)
    x = np.concatenate([near, rims, unsigned(rng, 64, count - len(near) - len(rims))])
    steps = [[x, np.array(shift, np.int32)] for shift in (0, 1, 7, 15, 31, 32)]
    assert_as_tflm(front_end.square_root(count), steps)


@settings(derandomize=True, deadline=None, max_examples=cases(8, 40))
@given(SEEDS)
def test_subtraction_of_noise(seed: int) -> None:
    """Over steps: the estimate goes on from one to the next."""
    rng = np.random.default_rng(seed)
    changed: dict[str, int] = {"clamping": int(rng.integers(0, 2))}
    if rng.random() < 0.5:
        changed |= {"smoothing_bits": int(rng.integers(0, 32)), "spectral_subtraction_bits": int(rng.integers(0, 64))}
        changed |= {name: int(rng.integers(0, 2**31)) for name in ("smoothing", "alternate_one_minus_smoothing")}
        changed["min_signal_remaining"] = int(rng.integers(0, 2**31))
    count = int(rng.integers(1, 9))
    steps = [[unsigned(rng, 32, count) >> np.uint32(rng.integers(0, 20))] for _ in range(8)]
    assert_as_tflm(front_end.subtract_noise(count, **changed), steps)


@settings(derandomize=True, deadline=None, max_examples=cases(8, 40))
@given(SEEDS)
def test_pcan(seed: int) -> None:
    rng, count = np.random.default_rng(seed), 60
    content = front_end.pcan(front_end.gains(rng), count, int(rng.integers(0, 33)))
    assert_as_tflm(content, [[unsigned(rng, 32, count), unsigned(rng, 32, count)]])


@settings(derandomize=True, deadline=None, max_examples=cases(8, 40))
@given(SEEDS, st.sampled_from([64, 1, 0, 600, 2**31 - 1]))
def test_log(seed: int, scale: int) -> None:
    rng, count = np.random.default_rng(seed), 200
    correction = int(rng.integers(0, 32)) if rng.random() < 0.5 else 3
    assert_as_tflm(front_end.log(count, correction, scale), [[unsigned(rng, 32, count)]])


@settings(derandomize=True, deadline=None, max_examples=cases(8, 40))
@given(SEEDS)
def test_delay(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 8, int(rng.integers(1, 4))))
    content = front_end.delay(shape, int(rng.integers(1, 20)))
    assert_as_tflm(content, [[samples(rng, shape)] for _ in range(6)])


@settings(derandomize=True, deadline=None, max_examples=cases(8, 40))
@given(SEEDS)
def test_overlap_add(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(1, 9, int(rng.integers(2, 4))))
    content = front_end.overlap_add(shape, int(rng.integers(1, shape[-1] + 1)))
    assert_as_tflm(content, [[samples(rng, shape)] for _ in range(6)])


def assert_as_tflm_where_valid(content: bytes, steps: Sequence[Sequence[Array]]) -> None:
    """The second output says whether the first one is complete; else TFLM leaves it as it is."""
    both = zip(reference.sequence(tflite.read(content, "m"), steps), tflm_sequence(content, steps), strict=True)
    for step, (ours, theirs) in enumerate(both):
        assert ours[1] == theirs[1], f"step {step}"
        if ours[1]:
            np.testing.assert_array_equal(ours[0], theirs[0], f"step {step}")


@settings(derandomize=True, deadline=None, max_examples=cases(10, 60))
@given(SEEDS)
def test_stacker(seed: int) -> None:
    rng = np.random.default_rng(seed)
    channels, left, right = (int(n) for n in rng.integers((1, 0, 0), (5, 4, 4)))
    content = front_end.stacker(channels, left, right, int(rng.integers(1, left + right + 2)))
    assert_as_tflm_where_valid(content, [[samples(rng, (channels,))] for _ in range(12)])


@settings(derandomize=True, deadline=None, max_examples=cases(10, 60))
@given(SEEDS, st.booleans())
def test_framer(seed: int, prefill: bool) -> None:
    rng = np.random.default_rng(seed)
    frames, size = (int(n) for n in rng.integers(1, (4, 9)))
    outer, step = ((), (2,), (1, 3))[seed % 3], int(rng.integers(1, (size if prefill else 10) + 1))
    content = front_end.framer(outer, frames, size, step, prefill)
    assert_as_tflm_where_valid(content, [[samples(rng, (*outer, frames * step))] for _ in range(8)])


def test_streams_behind_each_other() -> None:
    rng = np.random.default_rng(2)
    assert_as_tflm(front_end.streaming(), [[samples(rng, (2, 12))] for _ in range(6)])


@pytest.mark.parametrize("seed", range(cases(3, 12)))
def test_a_front_end(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert_as_tflm(front_end.front_end(seed), [[samples(rng, (48,))] for _ in range(10)])


def options(m: Any) -> None:
    m.subgraphs[0].operators[0].customOptions = [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (edited(front_end.energy(4, 0, 4), options), "other options than end_index, start_index"),
        (front_end.alone("Energy", [T((8,), "int16"), T((4,), "uint32")], 1, {"start": 0}), "other options than"),
        (front_end.energy(4, 3, 9), "option end_index = 9, not within 3 to 4"),
        (front_end.rfft((12,), 12), "a power of 2 from 4"),
        (front_end.rfft((9,), 8), "in 8 points, which are fewer"),
        (front_end.window([1, 2, 3], 7, 12), "a window of 3 values for 7 samples"),
        (front_end.window([1, 2, 3], 6, 32), "option shift = 32"),
        (front_end.pcan(np.arange(30), 4, 6), "a table of 30 gains, and reads up to 125"),
        (front_end.subtract_noise(4, smoothing=-1), "option smoothing = -1"),
        (front_end.stacker(2, 1, 1, 4), "option stacker_step = 4, not within 1 to 3"),
        (front_end.framer((), 2, 3, 4, prefill=True), "option frame_step = 4"),
        (front_end.overlap_add((2, 3), 4), "option frame_step = 4, not within 1 to 3"),
        (front_end.delay((4,), 0), "option delay_length = 0"),
        (front_end.rfft((8,), 8, real_type=0), "option T = 0"),
        (front_end.log(4, 32, 64), "option input_correction_bits = 32"),
    ],
)
def test_what_makes_no_sense_is_refused(content: bytes, reason: str) -> None:
    graph = tflite.read(content, "m")
    with pytest.raises((UnsupportedOp, ModelError), match=reason):
        lower(graph, graph.ops[0])


@pytest.mark.parametrize("change", [{"bins": 8}, {"places": 9}, {"weight": -1}], ids=["energies", "weights", "sign"])
def test_bands_beyond_a_filter_banks_tables_are_refused(change: Mapping[str, int]) -> None:
    tables = front_end.bands(np.random.default_rng(3), 3, 8)
    for name, value in change.items():
        tables[name][-1] = value
    tables["widths"][-1] = 1
    graph = tflite.read(front_end.filter_bank(tables, 8), "m")
    with pytest.raises(UnsupportedOp, match="has bands beyond its 8 energies or"):
        lower(graph, graph.ops[0])


def test_hidden_state_is_a_variable_tensor() -> None:
    """Of every operator its own, behind the tensors of the file, which keep their numbers."""
    graph = tflite.read(front_end.front_end(), "m")
    assert [(tensor.dtype, tensor.shape) for tensor in graph.variables] == [("uint32", (6,))]
    (state,) = (tensor.index for tensor in graph.variables)
    assert state == len(graph.tensors) - 1
    assert [op.index for op in graph.ops if state in op.inputs] == [6]


@shared.needs_sounds
@pytest.mark.parametrize("name", ["yes", "no", "noise", "silence"])
def test_micro_speechs_preprocessor(name: str) -> None:
    assert_as_tflm(shared.public("audio_preprocessor").read_bytes(), shared.frames(shared.sound(name), STEP))


@shared.needs_sounds
@pytest.mark.parametrize(("name", "wanted"), [("yes", 2), ("no", 3), ("noise", 0)])
def test_micro_speech_hears_words(name: str, wanted: int) -> None:
    """Features of 49 frames, oldest first, to one of silence, unknown, yes, no."""
    before, after = (
        tflite.read(shared.public(model).read_bytes(), "m") for model in ("audio_preprocessor", "micro_speech")
    )
    features = [outputs[0] for outputs in reference.sequence(before, shared.frames(shared.sound(name), STEP))]
    (scores,) = reference.outputs(after, [np.concatenate(features).reshape(1, 49 * 40)])
    assert int(scores.argmax()) == wanted
