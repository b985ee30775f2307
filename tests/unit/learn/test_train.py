"""Training: distillation loss, figures of the card, and a whole run of a small task."""

import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.data.examples import Dataset, Examples
from gen.errors import MissingTool, UsageError
from gen.learn import card as cards
from gen.learn import distill, stats, task, tensorflow, train, train_task
from gen.learn.objective import CLASSIFY, RECONSTRUCT, Distillation
from gen.learn.task import Task, Training

Run = tuple[Path, dict[str, Any], list[str]]  # folder, card, lines said


@pytest.fixture(scope="module")
def small() -> Task:
    """digits with a smaller student, few epochs and most images left out."""
    digits = task.load_task("digits")
    return dataclasses.replace(
        digits,
        load=lambda: _every_eighth(digits.load()),
        teacher=_tiny_model,
        student=_tiny_model,
        teacher_training=Training(epochs=3, batch=16, learning_rate=1e-2),
        student_training=Training(epochs=3, batch=16, learning_rate=1e-2),
    )


def _tiny_model() -> Any:
    from keras import Input, Sequential, layers

    convolution = layers.Conv2D(4, 3, strides=2, activation="relu", name="conv")
    return Sequential([Input((8, 8, 1)), convolution, layers.Flatten(name="flat"), layers.Dense(10, name="dense")])


def _every_eighth(dataset: Dataset) -> Dataset:
    few = Examples(dataset.examples.x[::8], dataset.examples.y[::8])
    return dataclasses.replace(dataset, examples=few)


@pytest.fixture(scope="module")
def whole_run(small: Task, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder, said = tmp_path_factory.mktemp("small"), list[str]()
    return folder, train_task.train_task(small, folder, said.append), said


def test_a_run_leaves_exactly_its_three_files(whole_run: Run) -> None:
    folder, card, said = whole_run
    assert sorted(path.name for path in folder.iterdir()) == ["digits.json", "digits.png", "digits.tflite"]
    assert json.loads((folder / "digits.json").read_text("utf-8")) == card
    assert (folder / "digits.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "digits.tflite").stat().st_size == card["models"]["distilled"]["tflite_bytes"]
    assert any("seed 1" in line for line in said)
    assert card["curves"]["distilled"]["loss"] != card["curves"]["alone"]["loss"]


def test_a_second_run_gives_the_same_bytes(whole_run: Run, small: Task, tmp_path: Path) -> None:
    folder, card, _ = whole_run
    again = train_task.train_task(small, tmp_path, lambda _: None, repeats=2)
    assert (tmp_path / "digits.tflite").read_bytes() == (folder / "digits.tflite").read_bytes()
    assert again["models"] == card["models"]
    assert again["curves"] == card["curves"]
    assert again["distillation"]["runs"][:1] == card["distillation"]["runs"]
    assert [run["seed"] for run in again["distillation"]["runs"]] == [small.seed, small.seed + 1]


def test_the_students_differ_by_the_loss_only_and_keep_their_best_epoch(small: Task) -> None:
    """With alpha 0 the distillation loss is cross-entropy: from the same weights and batches comes the same student."""
    tensorflow.start_tensorflow()
    plain = dataclasses.replace(small, distillation=Distillation(temperature=4.0, alpha=0.0))
    splits = plain.splits()
    trained = train.train(plain, splits, 5, lambda _: None)
    for ours, theirs in zip(trained.alone.keras.get_weights(), trained.distilled.keras.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-6)
    for model in (trained.alone, trained.distilled):
        score = small.objective.score(model.outputs(splits.validation.x), splits.validation)
        assert score == pytest.approx(model.curves["val_accuracy"][model.best_epoch], abs=1e-6)


def test_the_judgment_says_noise_when_it_is_noise() -> None:
    def run(gained: int, lost: int) -> dict[str, Any]:
        found = {"alone": 0.9, "distilled": 0.9 + (gained - lost) / 100, "gained": gained, "lost": lost}
        return {"int8": {**found, "p_value": stats.mcnemar(gained, lost)}}

    assert cards.judge([run(2, 1)], 100, CLASSIFY) == (
        "+1.00 points as int8 over the student alone (2 of 100 test examples won, 1 lost; p = 1.00: within noise)"
    )
    several = cards.judge([run(9, 1), run(0, 2)], 100, CLASSIFY)
    assert "+8.00 points" in several
    assert "more than noise" in several
    assert several.endswith("; over 2 seeds +3.00 points on average, -2.00 to +8.00")


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 2.0, 4.0]), st.sampled_from([0.0, 0.3, 1.0]))
def test_distillation_loss_is_the_formula(seed: int, temperature: float, alpha: float) -> None:
    rng = np.random.default_rng(seed)
    teacher, student = rng.normal(0, 3, (2, 6, 10))
    p_t, p_s = (np.exp(z / temperature) for z in (teacher, student))
    p_t, p_s = p_t / p_t.sum(-1, keepdims=True), p_s / p_s.sum(-1, keepdims=True)
    divergence = np.mean(np.sum(p_t * np.log(p_t / p_s), axis=-1))
    expected = (1 - alpha) * 0.7 + alpha * temperature**2 * divergence
    tensorflow.start_tensorflow()
    settings_ = Distillation(temperature, alpha)
    computed = distill.mix_losses(0.7, teacher.astype(np.float32), student.astype(np.float32), settings_, CLASSIFY)
    assert float(computed) == pytest.approx(expected, rel=1e-4)


@settings(derandomize=True, deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 1.0]))
def test_a_reconstruction_is_distilled_by_the_squared_difference(seed: int, alpha: float) -> None:
    teacher, student = np.random.default_rng(seed).normal(0, 3, (2, 6, 10)).astype(np.float32)
    tensorflow.start_tensorflow()
    computed = distill.mix_losses(0.7, teacher, student, Distillation(1.0, alpha), RECONSTRUCT)
    expected = (1 - alpha) * 0.7 + alpha * np.mean((teacher - student) ** 2)
    assert float(computed) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("right", "total", "low", "high"), [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)]
)
def test_wilson_interval(right: int, total: int, low: float, high: float) -> None:
    """The third is the worked example of Newcombe, 1998 (Statistics in Medicine 17:857-872)."""
    assert stats.wilson(right, total) == pytest.approx((low, high), abs=5e-5)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_binomial_test(gained: int, lost: int) -> None:
    from scipy.stats import binomtest

    expected = 1.0 if gained + lost == 0 else binomtest(gained, gained + lost).pvalue
    assert math.isclose(stats.mcnemar(gained, lost), expected, rel_tol=1e-9)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interrupted_run_leaves_the_old_files(
    whole_run: Run,
    error: type[BaseException],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "digits.tflite").write_bytes(b"old")

    def interrupted(path: Path, data: bytes) -> int:
        raise error

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(error):
        cards.write(whole_run[1], b"new", tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("digits.tflite", b"old")]


def test_a_folder_that_cannot_be_written_is_found_before_training(small: Task, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    said: list[str] = []
    with pytest.raises(UsageError, match=r"can't write to .*file.*--out"):
        train_task.train_task(small, tmp_path / "file", said.append)
    assert said == []


def test_missing_tensorflow_says_what_to_install(small: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow, "find_spec", lambda name: None if name == "tensorflow" else object())
    with pytest.raises(MissingTool, match=r"tensorflow.*pip install"):
        train_task.train_task(small, tmp_path, lambda _: None)


def test_quiet_holds_back_output_and_shows_it_on_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with tensorflow.quiet():
        os.write(2, b"noise\n")
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ValueError, match="bad"), tensorflow.quiet():
        os.write(2, b"the reason\n")
        raise ValueError("bad")
    assert "the reason" in capfd.readouterr().err
