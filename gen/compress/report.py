"""Views of what compression found, and its files: tables for the terminal, the page for docs/, and a task's folder."""

import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gen import tables
from gen.compress import plot
from gen.compress.figures import NONE, brought, change, overall, points, settings
from gen.compress.recipe import Recipe
from gen.compress.run import CompressOptions, Outcome
from gen.files import check_folder, write_if_changed, write_together, write_whole
from gen.learn import objective
from gen.learn.task import Task
from gen.render import render

Json = Mapping[str, Any]
REPORT, PLOT = "report.json", "report.png"
STAGES = ("after", "validation", "float", "int8 (95 %)", ".tflite", "MACs", "arena", "consts", "instructions")
WORDS = ("word", "in", "points (95 %)", "", ".tflite", "MACs", "arena", "instructions")
LAYERS = ("layer", "only it in int8", "points lost", "all but it in int8", "change of outputs")
OVERALL = ("word", "comparisons", "better", "within noise", "worse", "points, mean", ".tflite", "zipped", "arena",
           "instructions")  # fmt: skip


def stage_rows(report: Json) -> list[tuple[str, ...]]:
    """In STAGES' order, the teacher first; figures in percent: of validation as int8, of test as float and as int8."""
    key = report["figure"]["key"]
    rows = []
    if report["teacher"]:
        of = {split: report["teacher"][split] for split in ("validation", "test")}
        validation = next(iter(of["validation"].values()))
        rows.append(("teacher", percent(validation), percent(of["test"][key]), *[NONE] * 6))
    for stage in report["stages"]:
        int8 = stage["int8"]
        between = f"{percent(int8['test'])} ({100 * int8['low_95']:.1f}–{100 * int8['high_95']:.1f})"
        costs = (stage[name] for name in ("tflite_bytes", "macs", "arena_bytes", "const_bytes", "instructions"))
        figures = (percent(int8["validation"]), percent(stage["float"]["test"]), between)
        rows.append((stage["recipe"], *figures, *(NONE if cost is None else f"{cost:,}" for cost in costs)))
    return rows


def percent(share: float) -> str:
    return f"{100 * share:.2f}"


def word_rows(report: Json) -> list[tuple[str, ...]]:
    """In WORDS' order."""
    return [
        (
            entry["word"],
            entry["recipe"],
            points(entry),
            entry["verdict"],
            *(change(*entry[key]) for key in ("tflite_bytes", "macs", "arena_bytes", "instructions")),
        )
        for entry in report["words"]
    ]


def layer_rows(report: Json) -> list[tuple[str, ...]]:
    """In LAYERS' order, the costliest first; figures of the validation split."""
    return [
        (
            layer["layer"],
            percent(layer["alone"]),
            f"{layer['drop']:+.2f}",
            percent(layer["all_but"]),
            f"{100 * layer['change']:.2f} %",
        )
        for layer in report["layers"]
    ]


def overall_rows(reports: Sequence[Json]) -> list[tuple[str, ...]]:
    """In OVERALL's order."""
    rows = []
    for entry in overall(reports):
        counts = (str(entry[key]) for key in ("comparisons", "better", "within noise", "worse"))
        costs = (entry[key] for key in ("tflite_bytes", "deflated_bytes", "arena_bytes", "instructions"))
        rows.append((entry["word"], *counts, f"{100 * entry['value']:+.2f}", *(change(1.0, cost) for cost in costs)))
    return rows


def show(report: Json) -> None:
    """On stdout: what is there after each step, what each word changed, who beats whom."""
    seeds = f"{len(report['seeds'])} seeds from {report['seeds'][0]}"
    print(f"{report['task']}, {report['figure']['name']} in %, {seeds}; {report['board']}, engine {report['engine']}")
    tables.show_table(STAGES, stage_rows(report))
    if report["words"]:
        tables.show_table(WORDS, word_rows(report))
    if report["layers"]:
        tables.show_table(LAYERS, layer_rows(report))
    for group in report["equal_sizes"]:
        print(f"With {group['weights_bytes']:,} bytes of weights and {group['macs']:,} MACs:")
        for line in group["sentences"]:
            print(f"  {line}")
    sys.stdout.flush()


def markdown(reports: Sequence[Json], command: str, picture: str) -> str:
    """The page about several tasks. picture: the plot's name, beside the page."""
    tasks = [
        {
            **report,
            "block": objective.of({report["figure"]["key"]: None}).block,
            "stage_rows": stage_rows(report),
            "word_rows": word_rows(report),
            "layer_rows": layer_rows(report),
        }
        for report in reports
    ]
    return render(
        "compression.md",
        command=command,
        picture=picture,
        tasks=tasks,
        first=reports[0],
        overall=overall_rows(reports),
        brought=brought(reports),
        columns=STAGES,
        word_columns=WORDS,
        layer_columns=LAYERS,
        overall_columns=OVERALL,
    )


def save_page(reports: Sequence[Json], page: Path, command: str) -> None:
    """The page and its picture, each written only where it changes."""
    picture = page.with_suffix(".png")
    drawn = plot.plot(reports)
    write_if_changed(page, markdown(reports, command, picture.name))
    if not picture.exists() or picture.read_bytes() != drawn:
        write_whole(picture, drawn)


def save(outcome: Outcome, report: Json, folder: Path) -> list[Path]:
    """Into folder: a .tflite and its card for every recipe, the plot, and the report last, since --resume takes what
    has one; each is whole or as it was before. Returns the .tflite files."""
    files: dict[str, bytes] = {}
    for stage in report["stages"]:
        if stage["asked"]:
            recipe = next(recipe for recipe in outcome.options.recipes if str(recipe) == stage["recipe"])
            content, name = outcome.results[recipe][0].content, file_name(outcome.task, recipe)
            files |= {f"{name}.tflite": content, f"{name}.json": _text(_card(report, stage, content))}
    files |= {PLOT: plot.plot([report]), REPORT: _text(report)}
    check_folder(folder)
    write_together(folder, files, seal=REPORT)
    return [folder / name for name in files if name.endswith(".tflite")]


def file_name(task: Task, recipe: Recipe) -> str:
    """Of a recipe's model, without a suffix: the name it has in C, too."""
    return f"{task.name}_{recipe.slug}"


def _card(report: Json, stage: Json, content: bytes) -> Json:
    """Of one recipe's model: it is of the first seed."""
    about = ("task", "title", "board", "engine", "optimize", "packages", "figure", "examples")
    return {
        **{key: report[key] for key in about},
        "recipe": stage["recipe"],
        "seed": report["seeds"][0],
        "sha256": hashlib.sha256(content).hexdigest(),
        "stage": stage,
    }


def _text(report: Json) -> bytes:
    return (json.dumps(report, indent=2) + "\n").encode()


def load(task: Task, options: CompressOptions, folder: Path) -> Json | None:
    """The report that is there of the same settings; None where there is none."""
    try:
        report: Json = json.loads((folder / REPORT).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    wanted = settings(task, options)
    same = isinstance(report, dict) and all(report.get(key) == value for key, value in wanted.items())
    return report if same else None
