"""A task's teacher, students and card."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gen.files import check_folder
from gen.learn.objective import of
from gen.learn.task import Task
from gen.learn.tensorflow import quiet, require_train_extra, start_tensorflow
from gen.learn.train import NAMES, tell, train
from gen.progress import Say


def train_task(task: Task, folder: Path, say: Say, repeats: int = 1) -> dict[str, Any]:
    """Train, quantize, and at the end write <task>.tflite, .png and .json into folder; returns the card.

    repeats: from how many seeds the two students are trained to say what distillation brings; the first makes the
    model. Raises MissingTool, UsageError (folder can't be written)."""
    from gen.learn import card as cards
    from gen.learn import quantize

    require_train_extra()
    start = time.monotonic()
    check_folder(folder)
    splits = task.splits()
    start_tensorflow()
    say(f"TensorFlow: started in {time.monotonic() - start:.1f} s; seed {task.seed}")
    runs: list[cards.Run] = []
    teacher = None
    for seed in range(task.seed, task.seed + repeats):
        trained = train(task, splits, seed, say, teacher)
        teacher = trained.teacher
        began = time.monotonic()
        with quiet():
            run = cards.Run(
                seed,
                trained,
                alone=quantize.quantize(trained.alone, splits.train.x, task.name),
                distilled=quantize.quantize(trained.distilled, splits.train.x, task.name),
            )
        say(f"quantized: {len(run.distilled.content)} bytes, in {time.monotonic() - began:.1f} s")
        runs.append(run)
    began = time.monotonic()
    card = cards.make(task, splits, runs)
    say(f"card: test set of {len(splits.test.y)} evaluated in {time.monotonic() - began:.1f} s")
    tell(card, say)
    cards.write(card, getattr(runs[0], card["kept"]).content, folder)
    say(f"written: {folder / task.name}.tflite, .json, .png; {time.monotonic() - start:.1f} s in all")
    return card


def summary(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The card in a few rows: (what, figure)."""
    rows = []
    for name in NAMES:
        model = card["models"][name]
        objective = of(model["test_float"])
        figures = [f"{objective.name} {model['test_float'][objective.key]:.2%} on test as float"]
        if "test_int8" in model:
            figures += [f"{model['test_int8'][objective.key]:.2%} as int8", f"{model['tflite_bytes']} bytes"]
        rows.append((name, ", ".join(figures)))
    warnings = [("warning", sentence) for sentence in card.get("warnings", [])]
    return [*rows, ("distillation", card["distillation"]["summary"]), *warnings]
