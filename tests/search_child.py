"""A search of a tiny task in a process of its own: python -m tests.search_child FOLDER TRIALS."""

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gen.data.examples import Examples
from gen.device import board
from gen.learn import task
from gen.learn.task import Task, Training
from gen.search import space
from gen.search import storage as search_study
from gen.search import study as search
from gen.search.budget import Budget, Evaluator

DIGITS = task.load_task("digits")
BUDGET = Budget(20_000, 8192, None)


def tiny() -> Task:
    """digits with few images, and students that take a second."""
    whole = DIGITS.load()
    few = dataclasses.replace(whole, examples=Examples(whole.examples.x[::8], whole.examples.y[::8]))
    training = Training(epochs=1, batch=16, learning_rate=1e-2)
    return dataclasses.replace(DIGITS, load=lambda: few, student=student, student_training=training)


def student() -> Any:
    from keras import Input, Sequential, layers

    convolution = layers.Conv2D(4, 3, strides=2, activation="relu", name="conv")
    return Sequential([Input((8, 8, 1)), convolution, layers.Flatten(name="flat"), layers.Dense(10, name="dense")])


def order(folder: Path, trials: int, study: str = "tiny") -> search_study.SearchOptions:
    target = board.load("stm32vldiscovery")
    storage = f"sqlite:///{folder}/study.db"
    return search_study.SearchOptions(tiny(), target, "aot", "balanced", BUDGET, trials, storage, study, folder)


def target(folder: Path) -> Evaluator:
    return Evaluator(board.load("stm32vldiscovery"), "aot", "balanced", BUDGET, None, folder / "build")


def shrink(change: Callable[[Any, str, Any], None] = setattr) -> None:
    """Small students that no teacher is trained for, and a heartbeat for tests."""
    changes: dict[Any, dict[str, Any]] = {
        space: {"WIDTHS": (4, 12), "DEPTHS": (1, 1), "RECIPES": ("ptq",)},
        search: {"own": lambda task: space.Candidate(recipe="ptq"), "GRACE": 10},
        search_study: {"HEARTBEAT": 1, "GRACE": 10},
    }
    for module, names in changes.items():
        for name, value in names.items():
            change(module, name, value)


if __name__ == "__main__":
    shrink()
    where = Path(sys.argv[1])
    search.run(order(where, int(sys.argv[2])), target(where), lambda line: print(line, flush=True))
