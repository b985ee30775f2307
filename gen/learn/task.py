"""What to learn: a task is one file models/<name>.py with a TASK; beside it lie its student's .tflite and card.

Nothing here imports TensorFlow: `build` and `verify` read the committed student only.
"""

import contextlib
import importlib.util
import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gen.data.augment import Augmentation
from gen.data.examples import Dataset, Examples, Splits, stratify
from gen.errors import INSTALL_TRAIN, MissingTool, UsageError, unknown
from gen.learn.objective import CLASSIFY, Distillation, Objective
from gen.paths import MODELS, TRAINED

_OWN: dict[str, Path] = {}  # files of tasks that are not in models/, by name, while own() lasts
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Training:
    """Adam, its learning rate falling to 0 on a cosine; the epoch with the lowest validation loss is kept."""

    epochs: int
    batch: int
    learning_rate: float


@dataclass(frozen=True)
class Task:
    """One problem."""

    name: str  # of its file, too
    title: str
    seed: int  # of the splits, the initial weights and the batches
    load: Callable[[], Dataset]
    validation_share: float  # of the data set's examples; 0 where the data set has a validation set
    test_share: float  # the same of the test set
    # builds a Keras model from NHWC inputs to logits, one for each class, or, where the objective is to reconstruct, to
    # the input's elements, flat
    teacher: Callable[[], Any]
    student: Callable[[], Any]  # the same
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
    return sorted([*(path.stem for path in MODELS.glob("*.py")), *_OWN])


@contextlib.contextmanager
def own(path: Path) -> Iterator[str]:
    """Until the block ends, the task of this file is known as those of models/ are, and its student lies beside it;
    gives its name, the file's stem. Raises as load_task() does, and UsageError where a task of that name is known."""
    name = path.stem
    if path.suffix != ".py" or not _NAME.fullmatch(name):
        raise UsageError(f"{path}: a task is called as its .py file, by letters, digits, '_' and '-': rename it.")
    if not path.is_file():
        raise UsageError(f"{path} can't be read: no such file.")
    if name in list_tasks():
        raise UsageError(f"{path}: there is a task {name!r} in models/: call the file and its TASK otherwise.")
    _OWN[name] = path.absolute()
    try:
        load_task(name)
        yield name
    finally:
        del _OWN[name]


def load_task(name: str) -> Task:
    """Raises UsageError when there is no task of that name, when its file can't be run or defines no Task of that
    name, and MissingTool when it imports a package that is not installed."""
    if name not in list_tasks():
        raise unknown("task", name, list_tasks(), "python -m gen tasks")
    path = _OWN.get(name, MODELS / f"{name}.py")
    shown = str(path) if name in _OWN else f"models/{name}.py"
    spec = importlib.util.spec_from_file_location(f"models.{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise MissingTool(f"{shown} needs the Python package {error.name}, which is not installed.") from None
    except (Exception, SystemExit) as error:
        what = " ".join(str(error).split())
        raise UsageError(f"{shown} can't be run: {type(error).__name__}{_line(error, path)}: {what}") from None
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task) or task.name != name:
        raise UsageError(f"{shown} does not define TASK = Task(name={name!r}, ...): see models/digits.py.")
    return task


def _line(error: BaseException, path: Path) -> str:
    """The last line of the file that the error went through."""
    found, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            found = f" in line {trace.tb_lineno}"
        trace = trace.tb_next
    return found


def options(name: str) -> str:
    """Which words name this task on a command line."""
    return f"--task-file {shlex.quote(str(_OWN[name]))}" if name in _OWN else name


def model_path(name: str) -> Path:
    return _OWN.get(name, MODELS / name).with_suffix(".tflite")


def card_path(name: str) -> Path:
    return _OWN.get(name, MODELS / name).with_suffix(".json")


def output_folder(name: str) -> Path:
    """Where a trained student of the task is put unless a person says otherwise."""
    return _OWN[name].parent if name in _OWN else TRAINED


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
