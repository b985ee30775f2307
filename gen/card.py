"""The card of a trained task: every figure as JSON, and the curves as a picture."""

import hashlib
import io
import json
import math
import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from gen import quantize
from gen.errors import UsageError
from gen.graph import Array
from gen.model import QuantizedModel
from gen.ops import lower
from gen.task import Splits, Task
from gen.train import NAMES, FloatModel, Trained

Card = dict[str, Any]
PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn")
Z_95 = 1.959964
LABELS = {"teacher": "teacher", "alone": "student alone", "distilled": "student distilled"}
COLORS = {"teacher": "#555555", "alone": "#d9822b", "distilled": "#1f6fb2"}


@dataclass(frozen=True, eq=False)
class Run:
    """What one seed gave."""

    seed: int
    trained: Trained
    alone: QuantizedModel
    distilled: QuantizedModel


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson, 1927)."""
    share, z2 = right / total, Z_95**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z_95 / (1 + z2 / total) * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    # At the ends the formula gives 0 and 1, but for rounding.
    return 0.0 if right == 0 else middle - half, 1.0 if right == total else middle + half


def mcnemar(gained: int, lost: int) -> float:
    """The exact two-sided p value that gains and losses are equally likely (McNemar's test as a binomial one)."""
    total = gained + lost
    tail = sum(math.comb(total, k) for k in range(min(gained, lost) + 1))
    return min(1.0, 2.0 * tail / 2.0**total)


def _accuracy(predicted: Array, y: Array) -> Card:
    right = int(np.sum(predicted == y))
    low, high = wilson(right, len(y))
    return {"accuracy": right / len(y), "low_95": low, "high_95": high, "right": right, "of": len(y)}


def make(task: Task, splits: Splits, runs: Sequence[Run]) -> Card:
    """The card; the first run made the model. This is where the test set is looked at, once."""
    students = [
        {
            name: {
                "float": getattr(run.trained, name).predict(splits.test.x),
                "int8": quantize.predict(getattr(run, name).graph, splits.test.x),
            }
            for name in ("alone", "distilled")
        }
        for run in runs
    ]
    dataset = task.dataset()
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
            "teacher": _float_figures(runs[0].trained.teacher, runs[0].trained.teacher.predict(splits.test.x), splits),
            **{
                name: {
                    **_float_figures(getattr(runs[0].trained, name), students[0][name]["float"], splits),
                    **_int8_figures(getattr(runs[0], name), students[0][name]["int8"], splits),
                }
                for name in ("alone", "distilled")
            },
        },
        "distillation": _distillation(task, runs, students, splits.test.y),
        "curves": {name: dict(getattr(runs[0].trained, name).curves) for name in NAMES},
    }


def _float_figures(model: FloatModel, predicted: Array, splits: Splits) -> Card:
    return {
        "params": model.params,
        "epochs": len(model.curves["val_loss"]),
        "best_epoch": model.best_epoch + 1,
        "validation_float": _accuracy(model.predict(splits.validation.x), splits.validation.y),
        "test_float": _accuracy(predicted, splits.test.y),
    }


def _int8_figures(model: QuantizedModel, predicted: Array, splits: Splits) -> Card:
    return {
        "validation_int8": _accuracy(quantize.predict(model.graph, splits.validation.x), splits.validation.y),
        "test_int8": _accuracy(predicted, splits.test.y),
        "tflite_bytes": len(model.content),
        "sha256": hashlib.sha256(model.content).hexdigest(),
        "macs": sum(lower(model.graph, op).macs for op in model.graph.ops),
    }


def _distillation(task: Task, runs: Sequence[Run], students: Sequence[Mapping[str, Any]], y: Array) -> Card:
    """What it brought, example by example, on the test set: distilled against alone."""
    found = []
    for run, by_name in zip(runs, students, strict=True):
        entry: Card = {"seed": run.seed}
        for kind in ("float", "int8"):
            alone, distilled = by_name["alone"][kind] == y, by_name["distilled"][kind] == y
            gained, lost = int(np.sum(distilled & ~alone)), int(np.sum(alone & ~distilled))
            entry[kind] = {
                "alone": float(np.mean(alone)),
                "distilled": float(np.mean(distilled)),
                "gained": gained,
                "lost": lost,
                "p_value": mcnemar(gained, lost),
            }
        found.append(entry)
    return {**asdict(task.distillation), "summary": judge(found, len(y)), "runs": found}


def judge(runs: Sequence[Mapping[str, Any]], total: int) -> str:
    """What distillation brought in a sentence, from the runs of the card and the number of test examples."""
    first = runs[0]["int8"]
    points = 100 * (first["distilled"] - first["alone"])
    noise = "within noise" if first["p_value"] > 0.05 else "more than noise"
    text = (
        f"{points:+.2f} points as int8 over the student alone ({first['gained']} of {total} test examples won, "
        f"{first['lost']} lost; p = {first['p_value']:.2f}: {noise})"
    )
    if len(runs) > 1:
        all_points = [100 * (run["int8"]["distilled"] - run["int8"]["alone"]) for run in runs]
        text += (
            f"; over {len(runs)} seeds {fmean(all_points):+.2f} points on average, "
            f"{min(all_points):+.2f} to {max(all_points):+.2f}"
        )
    return text


def plot(card: Mapping[str, Any]) -> bytes:
    """A PNG: validation accuracy by epoch, and the test accuracies with their 95 % intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    curves, bars = figure.subplots(1, 2, width_ratios=(1.35, 1))
    for name in NAMES:
        values = 100 * np.array(card["curves"][name]["val_accuracy"])
        best = card["models"][name]["best_epoch"]
        curves.plot(np.arange(1, len(values) + 1), values, color=COLORS[name], label=LABELS[name], linewidth=1.4)
        curves.plot(best, values[best - 1], "o", color=COLORS[name], markersize=5)
    # From the ten below every curve's median, at most 90: the first epochs would squeeze the last.
    low = 10 * min(9, *(math.floor(10 * np.median(card["curves"][name]["val_accuracy"])) for name in NAMES))
    curves.set(ylim=(low, 100.2), xlabel="epoch", ylabel="validation accuracy, %", title="training (dot: epoch kept)")
    curves.legend(loc="lower right", frameon=False)

    rows = [
        (f"{LABELS[name]}, {kind}", card["models"][name][f"test_{kind}"], COLORS[name])
        for name in NAMES
        for kind in ("float", "int8")
        if f"test_{kind}" in card["models"][name]
    ]
    for place, (_, share, color) in enumerate(rows):
        middle, low, high = (100 * share[key] for key in ("accuracy", "low_95", "high_95"))
        bars.errorbar(middle, place, xerr=[[middle - low], [high - middle]], fmt="o", color=color, capsize=4)
        bars.annotate(f"{middle:.1f}", (middle, place), (0, 7), textcoords="offset points", ha="center", fontsize=9)
    bars.set_yticks(range(len(rows)), [label for label, _, _ in rows])
    bars.invert_yaxis()
    bars.set(xlabel="accuracy, % (95 % interval)", title=f"test set, {card['dataset']['test']} examples")
    bars.margins(y=0.15)
    for axes in (curves, bars):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{card['task']}: {card['title']}")
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=120, metadata={"Software": None})
    return png.getvalue()


def check_folder(folder: Path) -> None:
    """Make the folder. Raises UsageError when it can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"can't write to {folder}: {error.strerror}; give another folder with --out.") from None


def write(card: Card, content: bytes, folder: Path) -> None:
    """<task>.tflite, .json and .png: each is whole or as it was before, whatever interrupts."""
    text = json.dumps(card, indent=2) + "\n"
    files = {".tflite": content, ".png": plot(card), ".json": text.encode()}
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{card['task']}-") as scratch:
        for suffix, data in files.items():
            (Path(scratch) / suffix).write_bytes(data)
        for suffix in files:
            (Path(scratch) / suffix).replace(folder / f"{card['task']}{suffix}")
