"""Training that ended at chance, or by heart, said nothing; a worse teacher was distilled without a word."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen import tables
from gen.compress import recipe, run
from gen.data import folder as data
from gen.data.augment import SeriesAugmentation
from gen.data.examples import Dataset, Examples, Splits
from gen.device import board
from gen.learn import task, train_task, warn
from gen.learn.objective import CLASSIFY, RECONSTRUCT, Distillation, Metric
from gen.learn.stats import wilson
from gen.learn.task import Task, Training
from gen.model.graph import Array

CLASSES = ("rest", "walk")


def dense(units: int) -> Any:
    from keras import Input, Sequential, layers

    wide = [layers.Dense(units, activation="relu", name="d1")] if units else []
    return Sequential([Input((1, 8, 2)), layers.Flatten(name="f"), *wide, layers.Dense(2, name="d2")])


def examples(count: int, distance: float, seed: int) -> Examples:
    """Two classes of noise that are so far apart."""
    rng, y = np.random.default_rng(seed), np.arange(count) % 2
    x = rng.normal(size=(count, 1, 8, 2)) + distance * (y[:, None, None, None] - 0.5)
    return Examples(x.astype(np.float32), y)


def planted(distance: float, times: int = 1) -> Splits:
    seen = examples(60, distance, 1)
    seen = Examples(np.tile(seen.x, (times, 1, 1, 1)), np.tile(seen.y, times))
    return Splits(seen, examples(60, distance, 2), examples(30, distance, 3))


def trained(splits: Splits, folder: Path, said: list[str], **changes: Any) -> dict[str, Any]:
    """The card of a whole training."""
    asked = Task(
        name="planted",
        title="planted",
        seed=1,
        load=lambda: Dataset("planted", CLASSES, splits.train, splits.test, splits.validation),
        validation_share=0.0,
        test_share=0.0,
        teacher=lambda: dense(64),
        student=lambda: dense(64),
        teacher_training=Training(1, 12, 1e-2),
        student_training=Training(1, 12, 1e-2),
        augmentation=SeriesAugmentation(),
        distillation=Distillation(temperature=2.0, alpha=0.5),
    )
    return train_task.train_task(dataclasses.replace(asked, **changes), folder, said.append)


def test_noise_that_is_learned_by_heart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In one epoch of examples that come again and again; validation has others. Card, lines and table say so."""
    said: list[str] = []
    found = trained(planted(0.0, times=40), tmp_path, said)
    assert json.loads((tmp_path / "planted.json").read_text())["warnings"] == found["warnings"]
    heard = [line.removeprefix("warning: ") for line in said if line.startswith("warning: ")]
    assert heard == found["warnings"] == [text for name, text in train_task.summary(found) if name == "warning"]
    assert any("no more than chance can give" in line for line in heard)
    assert any("it has learned its examples by heart" in line for line in heard)
    tables.show_table(("", "figure"), train_task.summary(found))
    shown = capsys.readouterr().out
    assert "warning" in shown and "heart" in shown


def test_a_teacher_that_knows_less_than_its_student(tmp_path: Path) -> None:
    """Its student, which learns from nothing else, is not the one that is kept."""
    said: list[str] = []
    found = trained(
        planted(2.0, times=4), tmp_path, said, teacher_training=Training(1, 12, 1e-9),
        distillation=Distillation(temperature=2.0, alpha=1.0),
    )  # fmt: skip
    (warning,) = found["warnings"]
    assert "worse than the student alone" in warning and "kept is the student alone" in warning
    assert any(line.endswith(warning) for line in said) and found["kept"] == "alone"
    content = (tmp_path / "planted.tflite").read_bytes()
    assert hashlib.sha256(content).hexdigest() == found["models"]["alone"]["sha256"]
    assert found["models"]["alone"]["sha256"] != found["models"]["distilled"]["sha256"]


def logits(y: Array, right: float, seed: int = 1) -> Array:
    """Of a model that is right in this share of examples."""
    wrong = np.random.default_rng(seed).permutation(len(y)) >= round(right * len(y))
    return np.eye(2, dtype=np.float32)[np.where(wrong, 1 - y, y)]


@pytest.mark.parametrize(
    ("training", "validation", "words"),
    [
        (0.99, 0.97, []),
        (0.9, 0.85, []),
        (1.0, 0.8, ["by heart"]),
        (0.55, 0.5, ["who always says rest in 50.0%"]),
        (0.98, 0.26, ["no more than chance", "98.3% on training and 26.7% on validation"]),
    ],
)
def test_what_is_said_of_a_student(training: float, validation: float, words: list[str]) -> None:
    splits = planted(0.0)
    answers = {splits.train.x.tobytes(): logits(splits.train.y, training),
               splits.validation.x.tobytes(): logits(splits.validation.y, validation)}  # fmt: skip
    said = warn.of_student(CLASSIFY, splits, CLASSES, lambda x: answers[x.tobytes()])
    assert len(said) == len(words)
    for word, sentence in zip(words, said, strict=True):
        assert word in sentence


def test_who_always_says_one_class_has_learned_nothing() -> None:
    splits = planted(0.0)
    y = (np.arange(60) >= 54).astype(np.int64)  # nine in ten are of one class
    skewed = dataclasses.replace(splits, validation=Examples(splits.validation.x, y))
    always = np.tile(np.array([[1, 0]], np.float32), (60, 1))
    (said,) = CLASSIFY.at_chance(CLASSIFY.measure(always, skewed.validation), skewed.validation, CLASSES)
    assert "right in 90.0% of 60 validation examples, and who always says rest in 90.0%" in said


def test_an_autoencoder_that_gives_nothing_back() -> None:
    splits = planted(0.0)
    zeros = np.zeros((60, 16), np.float32)
    normal = Examples(splits.validation.x, np.zeros(60, np.int64))
    measured = RECONSTRUCT.measure(zeros, normal)
    assert RECONSTRUCT.at_chance(measured, normal, CLASSES)
    whole = RECONSTRUCT.measure(splits.validation.x.reshape(60, 16), normal)
    assert RECONSTRUCT.at_chance(whole, normal, CLASSES) == []


def figure(right: int, of: int = 100) -> Metric:
    return Metric("accuracy", "accuracy", right / of, *wilson(right, of))


def test_which_student_is_kept() -> None:
    def kept(teacher: int, alone: int, int8_alone: int, int8_distilled: int) -> tuple[str, int]:
        both = {"alone": figure(int8_alone), "distilled": figure(int8_distilled)}
        name, said = warn.choose(figure(teacher), figure(alone), both)
        assert all(f"kept is the student {name}" in sentence for sentence in said)
        return name, len(said)

    assert kept(95, 90, 91, 90) == ("distilled", 0)  # a good teacher: as before
    assert kept(80, 90, 91, 85) == ("alone", 1)
    assert kept(80, 90, 90, 90) == ("distilled", 1)
    assert kept(80, 90, 89, 92) == ("distilled", 1)


def test_compress_says_it_too() -> None:
    def made(right: int) -> run.Metrics:
        return run.Metrics(figure(right, 60), figure(right, 60), np.zeros(0))

    def outcome(teacher: int, student: int) -> run.Outcome:
        recipes = (recipe.parse("ptq"), recipe.parse("distill+ptq"))
        order = run.CompressOptions(recipes, 1, board.load("host"), "aot")
        results = {one: [run.Result(1, b"", made(student), made(student))] for one in recipes}
        digits = dataclasses.replace(task.load_task("digits"), load=lambda: Dataset("", CLASSES, examples(6, 0.0, 1)))
        return run.Outcome(digits, order, planted(0.0), made(teacher), results, {}, ())

    assert outcome(59, 58).warnings == []
    (worse,) = outcome(50, 58).warnings
    assert "the teacher, 83.3% on validation, is worse than the student of ptq, 96.7%" in worse
    assert [said.split(":")[0] for said in outcome(59, 30).warnings] == ["ptq", "distill+ptq"]


def test_a_card_names_the_model_that_was_kept(tmp_path: Path) -> None:
    """For `verify`, `export` and `tasks`, which look for figures and test set of the file beside it."""
    made = {"task": "mine", "kept": "alone", "dataset": {"classes": ["a", "b"]},
            "models": {"alone": {"sha256": "1"}, "distilled": {"sha256": "2"}},
            "data": {"kind": "images", "features": {"height": 8, "width": 8, "channels": 1}, "folder": ".",
                     "normalization": {"mean": [0.0], "deviation": [1.0]}, "test_files": []}}  # fmt: skip
    (tmp_path / "mine.json").write_text(json.dumps(made))
    assert data.known(tmp_path / "mine.json", "1") is not None
    assert data.known(tmp_path / "mine.json", "2") is None


@pytest.mark.parametrize("name", task.list_tasks())
def test_the_committed_cards_would_keep_what_they_kept(name: str) -> None:
    models = json.loads(task.card_path(name).read_text("utf-8"))["models"]

    def value(model: str, kind: str) -> Metric:
        figures = models[model][f"validation_{kind}"]
        key = "accuracy" if "accuracy" in figures else "variance_explained"
        return Metric(key, key, figures[key], figures["low_95"], figures["high_95"])

    both = {student: value(student, "int8") for student in ("alone", "distilled")}
    assert warn.choose(value("teacher", "float"), value("alone", "float"), both)[0] == "distilled"
