"""models/*.py as tasks: what they say, how they are split, and that none of it needs TensorFlow."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.data import examples
from gen.data.examples import Dataset, Examples
from gen.errors import MissingTool, UsageError
from gen.learn import task
from gen.learn.objective import CLASSIFY
from gen.paths import MODELS


@pytest.mark.parametrize("name", task.list_tasks())
def test_every_task_loads_and_its_student_is_committed(name: str) -> None:
    found = task.load_task(name)
    assert found.name == name
    assert found.title
    for path in (task.model_path(name), task.card_path(name), task.card_path(name).with_suffix(".png")):
        assert path.is_file(), path


def test_digits_is_a_task() -> None:
    assert "digits" in task.list_tasks()


def test_an_unknown_task_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="unknown task 'digit': did you mean 'digits'"):
        task.load_task("digit")


@pytest.mark.parametrize("text", ["", "TASK = 3\n", "from gen.learn.task import load_task\nTASK = load_task\n"])
def test_a_file_without_its_task_says_so(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(task, "MODELS", tmp_path)
    with pytest.raises(UsageError, match=r"models/mine\.py does not define TASK"):
        task.load_task("mine")


def test_missing_data_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingTool, match=r"sklearn.*pip install"):
        task.load_task("digits").test_set()


@pytest.mark.parametrize(
    ("name", "classes", "shape", "counts"),
    [
        ("anomaly", 2, (1, 64, 1), (777, 297, 390)),
        ("digits", 10, (8, 8, 1), (1169, 269, 359)),
        ("faces", 2, (25, 25, 1), (110, 30, 60)),
        ("gesture", 10, (1, 360, 1), (40, 10, 50)),
        ("motion", 4, (1, 100, 6), (28, 12, 40)),
        ("vowels", 9, (1, 26, 12), (216, 54, 370)),
    ],
)
def test_the_data_are_the_published_ones(
    name: str, classes: int, shape: tuple[int, ...], counts: tuple[int, ...]
) -> None:
    found = task.load_task(name)
    splits = found.splits()
    parts = (splits.train, splits.validation, splits.test)
    assert len(found.dataset().classes) == classes
    assert {part.x.shape[1:] for part in parts} == {shape}
    assert tuple(len(part.y) for part in parts) == counts
    every = set(range(classes))
    learned = every if found.objective is CLASSIFY else {0}  # only what is normal
    assert [set(part.y) for part in parts] == [learned, learned, every]


@pytest.mark.parametrize("name", task.list_tasks())
def test_splits_are_whole_disjoint_stratified_and_the_same_each_time(name: str) -> None:
    found = task.load_task(name)
    dataset, splits, again = found.dataset(), found.splits(), found.splits()
    own = [part for part in (dataset.validation, dataset.test) if part is not None]
    everything = [example.tobytes() for part in (dataset.examples, *own) for example in part.x]
    parts = (splits.train, splits.validation, splits.test)
    assert sorted(example.tobytes() for part in parts for example in part.x) == sorted(everything)
    assert len(set(everything)) == len(everything)  # no example is in it twice, so none is in two splits
    shares = {"validation": found.validation_share, "test": found.test_share}
    for key in ("validation", "test"):
        if (given := getattr(dataset, key)) is not None:
            assert shares.pop(key) == 0.0 and np.array_equal(getattr(splits, key).x, given.x)
    for label in range(len(dataset.classes)):
        total = np.sum(dataset.examples.y == label)
        assert {key: np.sum(getattr(splits, key).y == label) for key in shares} == {
            key: round(total * share) for key, share in shares.items()
        }
    for part, same in zip(parts, (again.train, again.validation, again.test), strict=True):
        assert np.array_equal(part.x, same.x)
        assert np.array_equal(part.y, same.y)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=200),
    st.lists(st.floats(0.0, 0.3), min_size=1, max_size=3),
    st.integers(0, 9),
)
def test_stratify_gives_every_index_once_and_the_share_of_each_class(
    labels: list[int], shares: list[float], seed: int
) -> None:
    y = np.array(labels)
    parts = examples.stratify(y, tuple(shares), seed)
    assert sorted(np.concatenate(parts)) == list(range(len(y)))
    for part, share in zip(parts[1:], shares, strict=True):
        for label in np.unique(y):
            assert np.sum(y[part] == label) == round(np.sum(y == label) * share)


def test_examples_must_agree() -> None:
    x = np.zeros((3, 8, 8, 1), np.float32)
    with pytest.raises(ValueError, match="not float32 NHWC"):
        Examples(x, np.zeros(4, np.int64))
    with pytest.raises(ValueError, match="not float32 NHWC"):
        Examples(x.astype(np.float64), np.zeros(3, np.int64))


def test_overview_reads_the_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = next(row for row in task.overview() if row["task"] == "digits")
    assert row["student"] == f"{task.model_path('digits').stat().st_size} bytes"
    assert row["figure"].startswith("accuracy ") and row["figure"].endswith("%")
    (tmp_path / "digits.py").write_text((MODELS / "digits.py").read_text("utf-8"), encoding="utf-8")
    monkeypatch.setattr(task, "MODELS", tmp_path)
    assert [row["student"] for row in task.overview()] == ["not trained yet"]


def test_a_data_set_with_a_test_set_gives_all_its_examples_to_training_and_validation() -> None:
    digits = task.load_task("digits")
    x = np.zeros((20, 8, 8, 1), np.float32)
    test = Examples(x[:3], np.arange(3))
    dataset = Dataset("", digits.dataset().classes, Examples(x, np.arange(20) % 10), test)
    splits = dataclasses.replace(digits, load=lambda: dataset, validation_share=0.5, test_share=0.0).splits()
    assert splits.test is test
    assert sorted(splits.train.y) == sorted(splits.validation.y) == list(range(10))


def test_no_tensorflow_for_what_build_and_verify_need() -> None:
    code = (
        "import sys; from gen.learn import task; from gen.model import values; from gen.model.tflite import read_file;"
        "_, graph = read_file(task.model_path('digits'));"
        "values.quantize_input(graph, task.load_task('digits').test_set().x[:1]);"
        "bad = {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=MODELS.parent, timeout=60)
