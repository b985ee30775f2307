"""What compression found, as JSON: figures with intervals over seeds and test examples, what each word of a recipe
changed, and which recipe beats which of the same size. Tables, page and plot are views of it."""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from statistics import fmean
from typing import Any

import numpy as np

from gen import __version__
from gen.compress import bootstrap, run
from gen.compress.recipe import Recipe
from gen.compress.run import LEVEL, CompressOptions, Metrics, Outcome
from gen.learn import distill
from gen.learn.card import PACKAGES
from gen.learn.task import Task
from gen.model.graph import Array

Json = dict[str, Any]
VERDICTS = {1: "better", 0: "within noise", -1: "worse"}
VERBS = {"better": "beats", "worse": "is beaten by", "within noise": "no difference beyond noise to"}
NONE = "–"
SAME = 0.01  # a cost that changes by less is called the same
COSTS = ("tflite_bytes", "macs", "arena_bytes", "const_bytes", "instructions")


def settings(task: Task, options: CompressOptions) -> Json:
    """What decides the report."""
    return {
        "task": task.name,
        "recipes": [str(recipe) for recipe in options.recipes],
        "seeds": list(range(task.seed, task.seed + options.seeds)),
        "board": options.board.id,
        "engine": options.engine,
        "optimize": LEVEL,
        "sensitivity": options.sensitivity,
        "gen": __version__,
        "packages": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def describe(outcome: Outcome) -> Json:
    """The report. Metrics are 0..1, intervals of 95 %; costs are of the first seed's model."""
    task, options, splits = outcome.task, outcome.options, outcome.splits
    first = outcome.results[options.stages[0]][0].int8
    return {
        **settings(task, options),
        "title": task.title,
        "figure": {"key": task.objective.key, "name": task.objective.name, "of_validation": first.validation.name},
        "examples": {"train": len(splits.train.y), "validation": len(splits.validation.y), "test": len(splits.test.y)},
        "training": asdict(task.student_training),
        "fine_tuning": {
            word: asdict(run.fine_tuning(task.student_training, rate))
            for word, rate in (("prune, sparse", run.PRUNED_RATE), ("qat", run.QAT_RATE))
        },
        "distillation": {**asdict(task.distillation), "similarity": distill.SIMILARITY},
        "teacher": outcome.teacher and _figures(outcome.teacher),
        "stages": [_stage(outcome, recipe) for recipe in options.stages],
        "words": words(outcome),
        "equal_sizes": equal_sizes(outcome),
        "layers": [asdict(layer) for layer in outcome.layers],
        "warnings": outcome.warnings,
    }


def _figures(figures: Metrics) -> Json:
    return {"validation": figures.validation.as_json(), "test": figures.test.as_json()}


def _stage(outcome: Outcome, recipe: Recipe) -> Json:
    results = outcome.results[recipe]
    return {
        "recipe": str(recipe),
        "steps": [str(stage) for stage in recipe.stages],
        "asked": recipe in outcome.options.recipes,
        "float": _over_seeds(outcome, [result.simulated for result in results]),
        "int8": _over_seeds(outcome, [result.int8 for result in results]),
        **asdict(outcome.costs[recipe]),
        "runs": [
            {
                "seed": result.seed,
                "float": _figures(result.simulated),
                "int8": _figures(result.int8),
                "tflite_bytes": len(result.content),
                "sha256": hashlib.sha256(result.content).hexdigest(),
            }
            for result in results
        ],
    }


def _scores(figures: Sequence[Metrics]) -> Array:
    """Seeds x test examples."""
    return np.stack([of_seed.per_example_scores for of_seed in figures])


def _over_seeds(outcome: Outcome, figures: Sequence[Metrics]) -> Json:
    """Means, that of the test set with an interval. It is never narrower than one model's own is on average: where all
    examples are right a bootstrap has nothing to draw but right ones."""
    interval = bootstrap.interval(_scores(figures), outcome.task.objective.block)
    return {
        "validation": fmean(f.validation.value for f in figures),
        "test": fmean(f.test.value for f in figures),
        "low_95": min(interval.low_95, fmean(f.test.low_95 for f in figures)),
        "high_95": max(interval.high_95, fmean(f.test.high_95 for f in figures)),
    }


def words(outcome: Outcome) -> list[Json]:
    """For every two stages that differ by one word: what that word changed, in the figure and in costs."""
    changes = []
    for recipe in outcome.options.stages:
        for word, other in recipe.without():
            if other in outcome.results:
                changes.append(
                    {
                        "word": word,
                        "recipe": str(recipe),
                        "without": str(other),
                        **_difference(outcome, other, recipe),
                        **{
                            key: [getattr(outcome.costs[stage], key) for stage in (other, recipe)]
                            for key in (*COSTS, "deflated_bytes")
                        },
                    }
                )
    return changes


def _difference(outcome: Outcome, before: Recipe, after: Recipe) -> Json:
    """Of the int8 figures on the test set, paired by seed and example."""
    rows = [_scores([result.int8 for result in outcome.results[recipe]]) for recipe in (before, after)]
    difference = bootstrap.difference(rows[0], rows[1], outcome.task.objective.block)
    return {**asdict(difference), "verdict": VERDICTS[difference.sign]}


def equal_sizes(outcome: Outcome) -> list[Json]:
    """The recipes asked for in groups whose models have the same weights' bytes and multiplications, and in each group
    every recipe against those of fewer words, or as many and named before it."""
    groups: dict[tuple[int, int], list[Recipe]] = {}
    for recipe in sorted(outcome.options.recipes, key=lambda recipe: recipe.methods):
        cost = outcome.costs[recipe]
        groups.setdefault((cost.weights_bytes, cost.macs), []).append(recipe)
    return [_group(outcome, recipes) for _, recipes in sorted(groups.items(), reverse=True) if len(recipes) > 1]


def _group(outcome: Outcome, recipes: Sequence[Recipe]) -> Json:
    size = outcome.costs[recipes[0]]
    pairs, sentences = [], []
    for number, recipe in enumerate(recipes[1:], 1):
        against = [(other, _difference(outcome, other, recipe)) for other in recipes[:number]]
        pairs += [{"recipe": str(recipe), "other": str(other), **difference} for other, difference in against]
        simpler = [difference["verdict"] for other, difference in against if other.methods < recipe.methods]
        sentences.append(sentence(recipe, against) + combined(recipe, simpler))
    return {
        "weights_bytes": size.weights_bytes,
        "macs": size.macs,
        "recipes": [str(recipe) for recipe in recipes],
        "pairs": pairs,
        "sentences": sentences,
    }


def sentence(recipe: Recipe, against: Sequence[tuple[Recipe, Json]]) -> str:
    """A recipe and those that it was compared with, in words."""
    parts = []
    for verdict, verb in VERBS.items():
        tell = short if verdict == VERDICTS[0] else points
        named = [f"{other} ({tell(difference)})" for other, difference in against if difference["verdict"] == verdict]
        if named:
            parts.append(f"{verb} {', '.join(named)}")
    return f"{recipe}: {'; '.join(parts)}."


def combined(recipe: Recipe, simpler: Sequence[str]) -> str:
    """Whether several methods together are worth it at these bytes, given how they did against fewer."""
    if recipe.methods < 2 or not simpler:
        return ""
    better = simpler.count("better")
    if better == len(simpler):
        return " Combining beats all that is simpler."
    return f" Combining beats {better or 'none'} of the {len(simpler)} simpler ones."


def points(difference: Json) -> str:
    """A difference with its interval in percentage points, signed."""
    return f"{short(difference)}, {100 * difference['low_95']:+.2f} to {100 * difference['high_95']:+.2f}"


def short(difference: Json) -> str:
    """The same without its interval."""
    return f"{100 * difference['value']:+.2f}"


def change(before: float | None, after: float | None) -> str:
    """Of a cost, in percent."""
    if not before or after is None:
        return NONE
    ratio = after / before - 1.0
    return "same" if abs(ratio) < SAME else f"{100 * ratio:+.0f} %"


def overall(reports: Sequence[Mapping[str, Any]]) -> list[Json]:
    """For every word over all tasks: how often it was better, within noise and worse, and the mean changes."""
    by_word: dict[str, list[Json]] = {}
    for report in reports:
        for entry in report["words"]:
            by_word.setdefault(entry["word"], []).append(entry)
    return [
        {
            "word": word,
            "comparisons": len(entries),
            **{verdict: sum(entry["verdict"] == verdict for entry in entries) for verdict in VERDICTS.values()},
            "value": fmean(entry["value"] for entry in entries),
            **{key: _mean_cost(entries, key) for key in (*COSTS, "deflated_bytes")},
        }
        for word, entries in by_word.items()
    ]


def brought(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """What every word brought over all tasks, in a sentence each."""
    sentences = []
    for entry in overall(reports):
        costs = {
            name: change(1.0, entry[key])
            for name, key in (("constants", "const_bytes"), ("arena", "arena_bytes"), ("instructions", "instructions"))
        }
        saves = ", ".join(f"{name} {text}" for name, text in costs.items() if text not in ("same", NONE))
        sentences.append(
            f"{entry['word']}: better in {entry['better']} and worse in {entry['worse']} of {entry['comparisons']} "
            f"comparisons, {100 * entry['value']:+.2f} points on average; "
            + (
                saves
                or f"no cost on the device changes (the .tflite in a zip file: {change(1.0, entry['deflated_bytes'])})"
            )
            + "."
        )
    return sentences


def _mean_cost(entries: Sequence[Json], key: str) -> float | None:
    """after / before, the geometric mean; None where nothing was measured."""
    ratios = [entry[key][1] / entry[key][0] for entry in entries if all(entry[key])]
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else None
