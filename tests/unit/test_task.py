"""models/*.py as tasks: what they say, how they are split, and that none of it needs TensorFlow."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen import task
from gen.errors import MissingTool, UsageError


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


@pytest.mark.parametrize("text", ["", "TASK = 3\n", "from gen.task import load_task\nTASK = load_task\n"])
def test_a_file_without_its_task_says_so(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(task, "MODELS", tmp_path)
    with pytest.raises(UsageError, match=r"models/mine\.py does not define TASK"):
        task.load_task("mine")


def test_missing_data_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingTool, match=r"sklearn.*pip install"):
        task.load_task("digits").test_set()


def test_digits_splits_are_whole_disjoint_and_the_same_each_time() -> None:
    digits = task.load_task("digits")
    dataset, splits, again = digits.dataset(), digits.splits(), digits.splits()
    assert (len(dataset.classes), dataset.examples.x.shape) == (10, (1797, 8, 8, 1))
    assert (dataset.examples.x.min(), dataset.examples.x.max()) == (0.0, 1.0)
    parts = (splits.train, splits.validation, splits.test)
    images = [image.tobytes() for part in parts for image in part.x]
    assert sorted(images) == sorted(image.tobytes() for image in dataset.examples.x)
    assert len(set(images)) == len(images)  # no image is in it twice, so none is in two splits
    assert np.array_equal(splits.test.x, again.test.x)
    assert np.array_equal(splits.test.y, digits.test_set().y)


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
    parts = task.stratify(y, tuple(shares), seed)
    assert sorted(np.concatenate(parts)) == list(range(len(y)))
    for part, share in zip(parts[1:], shares, strict=True):
        for label in np.unique(y):
            assert np.sum(y[part] == label) == round(np.sum(y == label) * share)


def test_examples_must_agree() -> None:
    x = np.zeros((3, 8, 8, 1), np.float32)
    with pytest.raises(ValueError, match="not float32 NHWC"):
        task.Examples(x, np.zeros(4, np.int64))
    with pytest.raises(ValueError, match="not float32 NHWC"):
        task.Examples(x.astype(np.float64), np.zeros(3, np.int64))


def test_overview_reads_the_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = next(row for row in task.overview() if row["task"] == "digits")
    assert row["student"] == f"{task.model_path('digits').stat().st_size} bytes"
    assert row["accuracy"].endswith("%")
    (tmp_path / "digits.py").write_text((task.MODELS / "digits.py").read_text("utf-8"), encoding="utf-8")
    monkeypatch.setattr(task, "MODELS", tmp_path)
    assert [row["student"] for row in task.overview()] == ["not trained yet"]


def test_no_tensorflow_for_what_build_and_verify_need() -> None:
    code = (
        "import sys; from gen import quantize, task; from gen.tflite import read_file;"
        "_, graph = read_file(task.model_path('digits'));"
        "quantize.quantize_input(graph, task.load_task('digits').test_set().x[:1]);"
        "bad = {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=task.MODELS.parent, timeout=60)
