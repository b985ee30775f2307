"""Every committed student: its card says the truth of it, and TFLM computes what the NumPy reference computes."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pytest

from gen.data.examples import Examples
from gen.learn import task
from gen.learn.objective import CLASSIFY
from gen.learn.task import Task
from gen.model import reference, tflite, values
from gen.model.graph import Graph
from tests import tiny

TFLM_EXAMPLES = 60
# At most so many bytes, and at least this figure (accuracy, ROC AUC) on the test set as int8.
PROMISES = {
    "anomaly": (10_000, 0.99),
    "digits": (10_000, 0.975),
    "faces": (16_000, 0.9),
    "gesture": (11_000, 0.6),
    "motion": (8_500, 0.95),
    "vowels": (13_000, 0.97),
}


@dataclass(frozen=True, eq=False)
class Student:
    task: Task
    content: bytes
    graph: Graph
    card: dict[str, Any]
    test: Examples

    @property
    def distilled(self) -> Any:
        return self.card["models"]["distilled"]


@pytest.fixture(scope="module", params=task.list_tasks())
def student(request: pytest.FixtureRequest) -> Student:
    name = request.param
    content, graph = tflite.read_file(task.model_path(name))
    found = task.load_task(name)
    card = json.loads(task.card_path(name).read_text("utf-8"))
    return Student(found, content, graph, card, found.test_set())


def test_the_card_is_of_this_file_and_keeps_the_promises(student: Student) -> None:
    objective = student.task.objective
    limit, figure = PROMISES[student.task.name]
    assert student.distilled["tflite_bytes"] == len(student.content) <= limit
    assert student.distilled["sha256"] == hashlib.sha256(student.content).hexdigest()
    assert student.distilled["test_int8"][objective.key] >= figure
    for model in student.card["models"].values():
        for share in (share for key, share in model.items() if key.startswith(("test_", "validation_"))):
            assert share["low_95"] <= next(iter(share.values())) <= share["high_95"]
            assert share["low_95"] < share["high_95"]
            assert objective is not CLASSIFY or share["accuracy"] == share["right"] / share["of"]


def test_the_card_is_of_this_task(student: Student) -> None:
    found, card = student.task, student.card
    splits, dataset = found.splits(), found.dataset()
    assert (card["task"], card["title"], card["seed"]) == (found.name, found.title, found.seed)
    assert card["dataset"] == {
        "source": dataset.source,
        "classes": list(dataset.classes),
        "train": len(splits.train.y),
        "validation": len(splits.validation.y),
        "test": len(splits.test.y),
    }
    assert card["training"] == {"teacher": asdict(found.teacher_training), "student": asdict(found.student_training)}
    assert card["augmentation"] == asdict(found.augmentation)
    assert {key: card["distillation"][key] for key in asdict(found.distillation)} == asdict(found.distillation)
    assert [run["seed"] for run in card["distillation"]["runs"]] == [found.seed + i for i in range(3)]
    assert len(card["curves"]["distilled"]["val_loss"]) == found.student_training.epochs


def test_the_student_takes_and_gives_int8_of_the_task(student: Student) -> None:
    graph, shape = student.graph, student.test.x.shape[1:]
    given = len(student.task.dataset().classes) if student.task.objective is CLASSIFY else math.prod(shape)
    ends = [[(graph.tensors[i].shape, graph.tensors[i].dtype) for i in side] for side in (graph.inputs, graph.outputs)]
    assert ends == [[((1, *shape), "int8")], [((1, given), "int8")]]


def test_the_int8_figure_is_what_the_card_says_and_within_a_point_of_float(student: Student) -> None:
    objective = student.task.objective
    found = objective.measure(values.outputs(student.graph, student.test.x), student.test)
    assert found.as_json() == student.distilled["test_int8"]
    assert abs(found.value - student.distilled["test_float"][objective.key]) <= 0.01


def test_tflm_gives_the_same_bytes(student: Student) -> None:
    differ = []
    for number, x in enumerate(student.test.x[:TFLM_EXAMPLES]):
        inputs = values.quantize_input(student.graph, x[None])
        ours, theirs = reference.outputs(student.graph, inputs)[0], tiny.tflm(student.content, inputs)[0]
        if not np.array_equal(ours, theirs):
            differ.append(number)
    assert differ == []
