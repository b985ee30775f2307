"""Published models that hear, on features of recorded words, as a device computes them."""

from functools import cache

import numpy as np
import pytest

from gen.device import board
from gen.importer.load import load_model
from gen.model import reference, tflite
from gen.model.graph import Array
from gen.progress import Silent
from gen.verify import compare
from gen.verify.built import BuildOptions
from gen.verify.pipeline import RunOptions, run_on_device
from gen.verify.vectors import Vectors
from tests import shared

WORDS = {"silence": 0, "yes": 2, "no": 3}  # micro_speech's classes; the second one is all other words


@cache
def features(names: tuple[str, ...], step: int) -> Array:
    """frames x 40 of int8, of sounds one after the other, by micro_speech's preprocessor."""
    graph = tflite.read(shared.public("audio_preprocessor").read_bytes(), "m")
    samples = np.concatenate([shared.sound(name) for name in names])
    found = [outputs[0] for outputs in reference.sequence(graph, shared.frames(samples, step))]
    return np.stack(found).reshape(len(found), 40)


def assert_exact(name: str, engine: str, inputs: list[list[Array]]) -> compare.Expected:
    model, vectors = load_model(str(shared.public(name))), Vectors(inputs, "features of recorded words")
    expected = compare.expect(model, vectors, Silent())
    options = BuildOptions(engine, "balanced", suggest=False)
    measured = run_on_device(model, board.load("qemu_mps2_an386"), options, RunOptions(vectors, expected), Silent())
    verdict = measured.verdict
    assert isinstance(verdict, compare.Verdict)
    assert (verdict.kind, verdict.vectors) == (compare.EXACT, len(inputs))
    assert "confirmed by tflite-micro" in expected.reference
    assert verdict.distinct_outputs > 1 or verdict.operators_compared > 0
    return expected


@shared.needs_sounds
@pytest.mark.parametrize("engine", ["aot", "tflm"])
def test_micro_speech_hears_words_on_the_device(engine: str) -> None:
    """What comes out of the preprocessor, which the next test has, goes into micro_speech."""
    inputs = [[features((word,), 320).reshape(1, -1)] for word in WORDS]
    expected = assert_exact("micro_speech", engine, inputs)
    assert [int(outputs[0].argmax()) for outputs in expected.outputs] == list(WORDS.values())


@shared.needs_sounds
@pytest.mark.parametrize("engine", ["aot", "tflm"])
def test_the_preprocessor_on_the_device(engine: str) -> None:
    assert_exact("audio_preprocessor", engine, shared.frames(shared.sound("yes"), 320))


@shared.needs_sounds
@pytest.mark.parametrize("engine", ["aot", "tflm"])
@pytest.mark.parametrize("name", ["wake_alexa_v1", "wake_hey_jarvis_v2"])
def test_wake_words_go_through_four_seconds_of_sound(name: str, engine: str) -> None:
    """A step of 10 ms; state goes on from one input to the next for more than 100 of them. None
    is a wake word: where all answers are 0, the operators' are compared."""
    rows = features(("yes", "noise", "no", "silence"), 160)
    graph = tflite.read(shared.public(name).read_bytes(), "m")
    together = graph.tensors[graph.inputs[0]].shape[1]
    inputs = [[rows[i : i + together][None]] for i in range(0, len(rows) - together + 1, together)][:132]
    assert len(inputs) > 100
    assert_exact(name, engine, inputs)
