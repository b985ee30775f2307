"""What to learn: a task is one file models/<name>.py with a TASK; beside it lie its student's .tflite and card.

Nothing here imports TensorFlow: `build` and `verify` read the committed student only.
"""

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gen.data.augment import Augmentation
from gen.data.examples import Dataset, Examples, Splits, stratify
from gen.errors import INSTALL_TRAIN, MissingTool, UsageError, unknown
from gen.learn.objective import CLASSIFY, Distillation, Objective
from gen.paths import MODELS


@dataclass(frozen=True)
class Training:
    """Adam, its learning rate falling to 0 on a cosine; the epoch with the lowest validation loss is kept."""

    epochs: int
    batch: int
    learning_rate: float


@dataclass(frozen=True)
class Task:
    """One problem. teacher and student build Keras models from NHWC inputs to logits, one for each class, or, where
    the objective is to reconstruct, to the input's elements, flat; seed decides the splits, the initial weights and the
    batches. The shares are of the data set's examples; one is 0 where the data set has that set."""

    name: str
    title: str
    seed: int
    load: Callable[[], Dataset]
    validation_share: float
    test_share: float
    teacher: Callable[[], Any]
    student: Callable[[], Any]
    teacher_training: Training
    student_training: Training
    augmentation: Augmentation
    distillation: Distillation
    objective: Objective = field(default=CLASSIFY, kw_only=True)

    def dataset(self) -> Dataset:
        """Raises MissingTool when the package that holds the data is not installed."""
        try:
            return self.load()
        except ModuleNotFoundError as error:
            raise MissingTool(
                f"the data of task {self.name!r} need the Python package {error.name}: run `{INSTALL_TRAIN}`."
            ) from None

    def splits(self) -> Splits:
        """The same three every time. Raises as dataset() does."""
        dataset = self.dataset()
        examples = dataset.examples
        parts = stratify(examples.y, (self.validation_share, self.test_share), self.seed)
        rest, validation, test = (Examples(examples.x[part], examples.y[part]) for part in parts)
        return Splits(rest, dataset.validation or validation, dataset.test or test)

    def test_set(self) -> Examples:
        """What the card's figures are of. Raises as dataset() does."""
        return self.splits().test


def list_tasks() -> list[str]:
    return sorted(path.stem for path in MODELS.glob("*.py"))


def load_task(name: str) -> Task:
    """Raises UsageError when there is no models/<name>.py or when it defines no Task of that name."""
    if name not in list_tasks():
        raise unknown("task", name, list_tasks(), "python -m gen tasks")
    path = MODELS / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"models.{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task) or task.name != name:
        raise UsageError(f"models/{name}.py does not define TASK = Task(name={name!r}, ...): see models/digits.py.")
    return task


def model_path(name: str) -> Path:
    return MODELS / f"{name}.tflite"


def card_path(name: str) -> Path:
    return MODELS / f"{name}.json"


def of_card(path: Path) -> str | None:
    """The task that a card is of; None where there is no card, or none of a task that we know."""
    try:
        card = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    name = card.get("task") if isinstance(card, dict) else None
    return name if name in list_tasks() else None


def overview() -> list[dict[str, str]]:
    """For each task: task, title, and student (size) and figure (its name and value as int8 on the test set) as its
    card says."""
    rows = []
    for name in list_tasks():
        found = load_task(name)
        size, figure = "not trained yet", ""
        if card_path(name).exists():
            card = json.loads(card_path(name).read_text("utf-8"))
            student = card["models"][card.get("kept", "distilled")]
            size = f"{student['tflite_bytes']} bytes"
            figure = f"{found.objective.name} {student['test_int8'][found.objective.key]:.2%}"
        rows.append({"task": name, "title": found.title, "student": size, "figure": figure})
    return rows
