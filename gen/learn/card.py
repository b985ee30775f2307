"""The card of a trained task: every figure as JSON, and the curves as a picture."""

import hashlib
import io
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from gen.data.examples import Examples, Splits
from gen.files import write_together
from gen.learn import warn
from gen.learn.objective import Objective, of
from gen.learn.task import Task
from gen.learn.train import NAMES, FloatModel, Trained
from gen.model import values
from gen.model.graph import Array
from gen.model.ops import lower
from gen.model.quantized import QuantizedModel

Card = dict[str, Any]
PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")
LABELS = {"teacher": "teacher", "alone": "student alone", "distilled": "student distilled"}
COLORS = {"teacher": "#555555", "alone": "#d9822b", "distilled": "#1f6fb2"}


@dataclass(frozen=True, eq=False)
class Run:
    """What one seed gave."""

    seed: int
    trained: Trained
    alone: QuantizedModel
    distilled: QuantizedModel


def make(task: Task, splits: Splits, runs: Sequence[Run]) -> Card:
    """The card; the first run made the model. This is where the test set is looked at, once."""
    students = [
        {
            name: {
                "float": getattr(run.trained, name).outputs(splits.test.x),
                "int8": values.outputs(getattr(run, name).graph, splits.test.x),
            }
            for name in ("alone", "distilled")
        }
        for run in runs
    ]
    dataset = task.dataset()
    kept, words = choose(task, splits, runs[0])
    return {
        "task": task.name,
        "title": task.title,
        "seed": task.seed,
        "dataset": {
            "source": dataset.source,
            "classes": list(dataset.classes),
            "train": len(splits.train.y),
            "validation": len(splits.validation.y),
            "test": len(splits.test.y),
        },
        "packages": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "training": {"teacher": asdict(task.teacher_training), "student": asdict(task.student_training)},
        "augmentation": asdict(task.augmentation),
        "int8_computed_by": "gen.reference (NumPy)",
        "models": {
            "teacher": _float_figures(runs[0].trained.teacher, runs[0].trained.teacher.outputs(splits.test.x), splits),
            **{
                name: {
                    **_float_figures(getattr(runs[0].trained, name), students[0][name]["float"], splits),
                    **_int8_figures(getattr(runs[0], name), task, students[0][name]["int8"], splits),
                }
                for name in ("alone", "distilled")
            },
        },
        "distillation": _distillation(task, runs, students, splits.test),
        "kept": kept,
        "warnings": words,
        "curves": {name: dict(getattr(runs[0].trained, name).curves) for name in NAMES},
    }


def choose(task: Task, splits: Splits, run: Run) -> tuple[str, list[str]]:
    """The name of the student whose .tflite is written, and sentences on what went wrong in the training."""
    trained, validation, measure = run.trained, splits.validation, task.objective.measure
    kept, words = warn.choose(
        measure(trained.teacher.outputs(validation.x), validation),
        measure(trained.alone.outputs(validation.x), validation),
        {
            name: measure(values.outputs(getattr(run, name).graph, validation.x), validation)
            for name in ("alone", "distilled")
        },
    )
    outputs = getattr(trained, kept).outputs
    return kept, [*words, *warn.of_student(task.objective, splits, task.dataset().classes, outputs)]


def kept(card: Mapping[str, Any]) -> Card:
    """The figures of the student that was written."""
    found: Card = card["models"][card.get("kept", "distilled")]
    return found


def _float_figures(model: FloatModel, outputs: Array, splits: Splits) -> Card:
    measure, validation = model.objective.measure, model.outputs(splits.validation.x)
    return {
        "params": model.params,
        "epochs": len(model.curves["val_loss"]),
        "best_epoch": model.best_epoch + 1,
        "validation_float": measure(validation, splits.validation).as_json(),
        "test_float": measure(outputs, splits.test).as_json(),
        **_named(model.objective.further(validation, outputs, splits), "float"),
    }


def _int8_figures(model: QuantizedModel, task: Task, outputs: Array, splits: Splits) -> Card:
    measure, validation = task.objective.measure, values.outputs(model.graph, splits.validation.x)
    return {
        "validation_int8": measure(validation, splits.validation).as_json(),
        "test_int8": measure(outputs, splits.test).as_json(),
        **_named(task.objective.further(validation, outputs, splits), "int8"),
        "tflite_bytes": len(model.content),
        "sha256": hashlib.sha256(model.content).hexdigest(),
        "macs": sum(lower(model.graph, op).macs for op in model.graph.ops),
    }


def _named(figures: Mapping[str, Any], kind: str) -> Card:
    return {f"{key}_{kind}": value for key, value in figures.items()}


def _distillation(task: Task, runs: Sequence[Run], students: Sequence[Mapping[str, Any]], test: Examples) -> Card:
    """What it brought on the test set, the same examples: distilled against alone."""
    objective, found = task.objective, []
    for run, by_name in zip(runs, students, strict=True):
        entry: Card = {"seed": run.seed}
        for kind in ("float", "int8"):
            alone, distilled = by_name["alone"][kind], by_name["distilled"][kind]
            entry[kind] = {
                "alone": objective.score(alone, test),
                "distilled": objective.score(distilled, test),
                **objective.compare(alone, distilled, test),
            }
        found.append(entry)
    return {**asdict(task.distillation), "summary": judge(found, len(test.y), objective), "runs": found}


def judge(runs: Sequence[Mapping[str, Any]], total: int, objective: Objective) -> str:
    """What distillation brought in a sentence, from the runs of the card and the number of test examples."""
    first = runs[0]["int8"]
    points = 100 * (first["distilled"] - first["alone"])
    noise = "within noise" if first["p_value"] > 0.05 else "more than noise"
    text = (
        f"{points:+.2f} points as int8 over the student alone ({objective.verdict(first, total)}; "
        f"p = {first['p_value']:.2f}: {noise})"
    )
    if len(runs) > 1:
        all_points = [100 * (run["int8"]["distilled"] - run["int8"]["alone"]) for run in runs]
        text += (
            f"; over {len(runs)} seeds {fmean(all_points):+.2f} points on average, "
            f"{min(all_points):+.2f} to {max(all_points):+.2f}"
        )
    return text


def plot(card: Mapping[str, Any]) -> bytes:
    """A PNG: the validation metric by epoch, and the test figures with their 95 % intervals; below them, of a task of
    anomalies, the error of the distilled int8 student along the test series."""
    from matplotlib.figure import Figure

    objective = of(card["models"]["distilled"]["test_int8"])
    watched = "errors_int8" in kept(card)
    figure = Figure(figsize=(10, 7.0 if watched else 4.2), layout="constrained")
    if watched:
        grid = figure.add_gridspec(2, 2, width_ratios=(1.35, 1), height_ratios=(1.4, 1))
        curves, bars = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
        _plot_errors(figure.add_subplot(grid[1, :]), kept(card), card["dataset"]["test"])
    else:
        curves, bars = figure.subplots(1, 2, width_ratios=(1.35, 1))
    scaled = {
        name: objective.curve_scale * np.array(card["curves"][name][f"val_{objective.keras_metric}"]) for name in NAMES
    }
    for name, curve in scaled.items():
        best = card["models"][name]["best_epoch"]
        curves.plot(np.arange(1, len(curve) + 1), curve, color=COLORS[name], label=LABELS[name], linewidth=1.4)
        curves.plot(best, curve[best - 1], "o", color=COLORS[name], markersize=5)
    curves.set(xlabel="epoch", title="training (dot: epoch kept)")
    objective.style_curves(curves, list(scaled.values()))

    rows = [
        (f"{LABELS[name]}, {kind}", card["models"][name][f"test_{kind}"], COLORS[name])
        for name in NAMES
        for kind in ("float", "int8")
        if f"test_{kind}" in card["models"][name]
    ]
    for place, (_, share, color) in enumerate(rows):
        middle, low, high = (100 * share[key] for key in (objective.key, "low_95", "high_95"))
        bars.errorbar(middle, place, xerr=[[middle - low], [high - middle]], fmt="o", color=color, capsize=4)
        bars.annotate(f"{middle:.1f}", (middle, place), (0, 7), textcoords="offset points", ha="center", fontsize=9)
    bars.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    bars.invert_yaxis()
    bars.set(xlabel=f"{objective.name}, % (95 % interval)", title=f"test set, {card['dataset']['test']} examples")
    bars.margins(y=0.15)
    for axes in (curves, bars):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{card['task']}: {card['title']}")
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=120, metadata={"Software": None})
    return png.getvalue()


def _plot_errors(axes: Any, model: Mapping[str, Any], windows: int) -> None:
    """The error of each test window, the threshold, and which windows have an anomalous point."""
    events = model["events_int8"]
    axes.semilogy(range(windows), model["errors_int8"], color=COLORS["distilled"], linewidth=1.2, label="error, int8")
    axes.axhline(events["threshold"], color="#555555", linestyle="--", linewidth=1.0, label="threshold")
    for first, last in events["windows"]:
        axes.axvspan(first - 0.5, last + 0.5, color=COLORS["alone"], alpha=0.3, label="event")
    axes.set(
        xlabel="window of the test series",
        ylabel="mean squared error",
        title=f"alarms: {events['found']} of {events['events']} events found, {events['false_alarms']} false",
    )
    axes.legend(loc="upper right", frameon=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def write(card: Card, content: bytes, folder: Path) -> None:
    """<task>.tflite, .json and .png: each is whole or as it was before, whatever interrupts."""
    write_files(card, content, plot(card), folder)


def write_files(card: Card, content: bytes, png: bytes, folder: Path) -> None:
    """The same with a picture that is made already, of a card of any kind with its "task"."""
    name, text = card["task"], json.dumps(card, indent=2) + "\n"
    write_together(folder, {f"{name}.tflite": content, f"{name}.png": png, f"{name}.json": text.encode()})
