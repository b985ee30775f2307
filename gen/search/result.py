"""The student that a search chose."""

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np

from gen.compress.recipe import parse
from gen.errors import DoesNotFit
from gen.files import check_folder, write_whole
from gen.learn import tensorflow
from gen.learn.card import PACKAGES, write_files
from gen.model import tflite, values
from gen.model.ops import lower
from gen.model.quantized import QuantizedModel
from gen.progress import Progress, Say
from gen.search.budget import Evaluator
from gen.search.report import Json, Row, front, plot, rows
from gen.search.storage import SearchOptions, ended
from gen.search.study import best_of, cost_name, model_file
from gen.search.trainer import Trainer
from gen.verify import report
from gen.verify.built import BuildOptions, build_model
from gen.verify.pipeline import RunOptions, run_on_device
from gen.verify.vectors import choose_vectors


def require_fit(trials: Sequence[Row], options: SearchOptions) -> None:
    """Raises DoesNotFit where no trial is within the budget, with the nearest one."""
    if any(row.state == "finished" for row in trials):
        return
    known = [row for row in trials if row.state == "misfit" and row.needs is not None]
    limits = asdict(options.budget)

    def worst(row: Row) -> float:
        assert row.needs is not None
        return max((float(row.needs[k] or 0) / limit for k, limit in limits.items() if limit), default=0.0)

    nearest = min(known, key=worst, default=None)
    said = f"; the nearest, trial {nearest.number}, {nearest.why}" if nearest else ""
    raise DoesNotFit(
        f"none of {len(trials)} candidates is within the budget on {options.board.id}{said}: raise --flash, --ram or "
        f"--instructions, or take a larger board."
    )


def chosen(options: SearchOptions, evaluator: Evaluator, study: Any, say: Say) -> Json:
    """Looks at the test set, once, with the best student, verifies it on the board, and writes <task>.tflite, .json and
    .png into the order's folder; returns the JSON. Raises DoesNotFit where nothing is within the budget."""
    trials = rows(study)
    require_fit(trials, options)
    best = next(row for row in trials if row.number == best_of(study).number)
    tensorflow.require_train_extra()
    splits = options.task.splits()
    tensorflow.start_tensorflow()
    trainer = Trainer(options.task, splits, options.trial_folder, say)
    model = load(options, trainer, best, say)
    validation = values.outputs(model.graph, trainer.seen(best.candidate, splits.validation.x))
    chosen_by = options.task.objective.measure(validation, splits.validation).name
    on_test = values.outputs(model.graph, trainer.seen(best.candidate, splits.test.x))
    on_board = verified(options, model, say)
    packages = {"python": platform.python_version(), **{name: version(name) for name in (*PACKAGES, "optuna")}}
    dataset = options.task.dataset()
    whole: Json = {
        **options.settings,
        "title": options.task.title,
        "figure": {"key": options.task.objective.key, "name": options.task.objective.name, "chosen_by": chosen_by},
        "cost": cost_name(evaluator),
        "dataset": {
            "source": dataset.source,
            "classes": list(dataset.classes),
            "train": len(splits.train.y),
            "validation": len(splits.validation.y),
            "test": len(splits.test.y),
        },
        "packages": packages,
        "int8_computed_by": "gen.reference (NumPy)",
        "instructions_model": evaluator.costs
        and {
            "board": evaluator.costs.board,
            "median_error": evaluator.costs.median_error,
            "worst_error": evaluator.costs.worst_error,
            **seen_error(trials),
        },
        "chosen": {
            "trial": best.number,
            "candidate": best.candidate.as_json(),
            "input_shape": list(best.candidate.input_shape(trainer.shape)),
            "task_input_shape": list(trainer.shape),
            "epochs": trainer.epochs(parse(best.candidate.recipe)),
            "params": best.params,
            "macs": sum(lower(model.graph, op).macs for op in model.graph.ops),
            "tflite_bytes": len(model.content),
            "sha256": hashlib.sha256(model.content).hexdigest(),
            "instructions_predicted": best.predicted,
            "validation_float": best.float_figure,
            "validation_int8": best.figure,
            "test_int8": options.task.objective.measure(on_test, splits.test).as_json(),
            "on_board": on_board,
        },
        "trial_minutes": sum((t.datetime_complete - t.datetime_start).total_seconds() for t in ended(study)) / 60,
        "front": [row.number for row in front(trials)],
        "trials": [{**asdict(row), "candidate": row.candidate.as_json()} for row in trials],
    }
    check_folder(options.folder)
    write_files(whole, model.content, plot(whole), options.folder)
    return whole


def load(options: SearchOptions, trainer: Trainer, row: Row, say: Say) -> QuantizedModel:
    """A finished trial's model; trained again, to the same bytes, where another machine has its file."""
    kept, name = model_file(options, row.model_of), options.task.name
    if not kept.exists():
        say(f"trial {row.number}: {kept} is not here, so it is trained again ...")
        write_whole(kept, trainer.whole(row.candidate)[1].content)
    content = kept.read_bytes()
    return QuantizedModel(content, tflite.read(content, name), name)


def verified(options: SearchOptions, model: QuantizedModel, say: Say) -> Json:
    """Built for the board and, where it has an emulator, run with the whole test set; the figures of the report."""
    progress = Progress()
    build = BuildOptions(options.engine, options.level, options.folder / "build")
    if options.board.transport:
        run = RunOptions(choose_vectors(model, None), save=True)
        measured = run_on_device(model, options.board, build, run, progress).report
    else:
        measured = report.of(build_model(model, options.board, build, progress))
        say(f"{options.board.id} has no emulator: instructions are the model's, and bytes were not compared")
    kept = ("verdict", "vectors", "mismatches", "instructions", "cycles", "flash_bytes", "ram_bytes", "arena_bytes",
            "const_bytes", "stack_bytes", options.task.objective.key)  # fmt: skip
    return {name: measured.as_json().get(name) for name in kept}


def seen_error(trials: Sequence[Row]) -> Json:
    """Of the instructions' model, on the trials that were measured afterwards: shares of what was measured."""
    off = [
        abs(row.predicted / row.needs["instructions"] - 1.0)
        for row in trials
        if row.predicted and row.needs and row.needs["how"] == "measured"
    ]
    if not off:
        return {"trials": 0}
    return {"trials": len(off), "median_error_here": float(np.median(off)), "worst_error_here": max(off)}
