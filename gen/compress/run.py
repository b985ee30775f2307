"""Recipes carried out on a task's student, and what is there after each step: the figure over several seeds, and bytes,
multiplications, arena and instructions on a board.

The teacher is trained once, from the task's seed; students from that seed and the ones after it. A step that several
recipes begin with is done once for each seed. Validation chooses the epoch of every training; nothing is chosen by the
test set. After every step the model is quantized, too, so that its costs can be told: those of the first seed's model,
which is also the one that is written."""

import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gen.compress import prune, qat, sensitivity
from gen.compress.recipe import Recipe
from gen.compress.sensitivity import LayerCost
from gen.data.examples import Splits
from gen.device import build
from gen.device.board import Board
from gen.errors import GenError, MissingTool
from gen.learn import distill, quantize, tensorflow, train
from gen.learn.objective import Metric
from gen.learn.task import Task, Training
from gen.learn.train import FloatModel
from gen.model import tflite, values
from gen.model.graph import Array, Graph
from gen.model.ops import lower
from gen.model.quantized import QuantizedModel
from gen.progress import Say, Silent
from gen.verify.built import BuildOptions, generate
from gen.verify.pipeline import few_vectors, run_on_device

# Each method alone and some together, at the student's size and with half its channels.
RECIPES = (
    "ptq",
    "qat",
    "sparse=0.5+ptq",
    "distill+ptq",
    "distill+features+ptq",
    "distill+qat",
    "narrow=0.5+ptq",
    "narrow=0.5+distill+ptq",
    "prune=0.5+ptq",
    "distill+prune=0.5+ptq",
    "distill+prune=0.5+qat",
)
LEVEL = "balanced"  # of engine aot
# Of the training of fresh weights. Other rates did worse on digits' and vowels' validation splits.
FINE_EPOCHS, PRUNED_RATE, QAT_RATE = 1 / 3, 1.0, 1 / 2


@dataclass(frozen=True)
class CompressOptions:
    """What to do with a task."""

    recipes: tuple[Recipe, ...]
    seeds: int  # how many
    board: Board  # whose costs to tell
    engine: str
    sensitivity: bool = False  # quantize each layer of the first recipe's student alone, too

    @property
    def stages(self) -> tuple[Recipe, ...]:
        """Of all recipes, each once, in the order in which they can be made."""
        return tuple(dict.fromkeys(stage for recipe in self.recipes for stage in recipe.stages))

    @property
    def needs_teacher(self) -> bool:
        """A teacher is needed."""
        return any(recipe.needs_teacher for recipe in self.recipes)


@dataclass(frozen=True, eq=False)
class Metrics:
    """Of a model on the two splits that it did not learn from."""

    validation: Metric
    test: Metric
    per_example_scores: Array  # of the test set, see Objective; float64


@dataclass(frozen=True, eq=False)
class Result:
    """A stage from one seed."""

    seed: int
    content: bytes  # the .tflite
    simulated: Metrics  # of the float model before the step to int8, which computes as int8 would after qat
    int8: Metrics


@dataclass(frozen=True)
class Costs:
    """Of a stage's int8 model, on the board and with the engine. The fields are keys of the report's JSON."""

    tflite_bytes: int
    deflated_bytes: int  # the .tflite as a zip file would hold it
    weights_bytes: int  # of its constant tensors
    zeros: float  # the share of its int8 weights that are 0
    macs: int  # multiply-accumulates of one inference
    arena_bytes: int
    const_bytes: int
    verdict: str  # a kind of compare.Verdict, or of the error that stopped the measurement
    instructions: int | None  # of one inference
    note: str | None  # why there are none


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a task's recipes gave."""

    task: Task
    options: CompressOptions
    splits: Splits
    teacher: Metrics | None  # None where none was needed
    results: Mapping[Recipe, list[Result]]  # by stage, one for each seed
    costs: Mapping[Recipe, Costs]  # by stage, of the first seed's model
    layers: tuple[LayerCost, ...]  # of --sensitivity, else empty

    @property
    def warnings(self) -> list[str]:
        """What went wrong with teacher and students, of the first seed."""
        said = []
        classes = self.task.dataset().classes
        for recipe in self.options.recipes:
            validation = self.results[recipe][0].int8.validation
            worse = self.task.objective.at_chance(validation, self.splits.validation, classes)
            said += [f"{recipe}: {sentence}" for sentence in worse]
        plain = [stage for stage in self.options.stages if not stage.words] or list(self.options.recipes)
        student = self.results[plain[0]][0].simulated.validation
        if self.teacher is not None and self.teacher.validation.value < student.value:
            said.append(
                f"the teacher, {self.teacher.validation.value:.1%} on validation, is worse than the student of "
                f"{plain[0]}, {student.value:.1%}: it has nothing to teach."
            )
        return said


@dataclass
class Clock:
    """Tells how long the rest takes, from what the epochs so far took."""

    epochs: int
    done: int = 0
    start: float = field(default_factory=time.monotonic)

    def tick(self, epochs: int, say: Say) -> None:
        self.done += epochs
        left = (time.monotonic() - self.start) * (self.epochs - self.done) / self.done
        say(f"{self.done} of {self.epochs} epochs done, about {left / 60:.1f} min for the rest")


@dataclass(frozen=True, eq=False)
class Maker:
    """Makes what recipes ask for from one seed, every step once."""

    task: Task
    splits: Splits
    teacher: FloatModel | None
    seed: int
    say: Say
    clock: Clock
    models: dict[Recipe, FloatModel] = field(default_factory=dict)

    def model(self, recipe: Recipe) -> FloatModel:
        """What the recipe's end makes int8; for qat the model that computes as int8 would."""
        if recipe not in self.models:
            self.models[recipe] = self._fit(recipe)
        return self.models[recipe]

    def result(self, recipe: Recipe) -> Result:
        model, finish = self.model(recipe), qat.finish if recipe.end == "qat" else quantize.quantize
        with tensorflow.quiet():
            made = finish(model, self.splits.train.x, self.task.name)
        after = self.metrics(partial(values.outputs, made.graph))
        return Result(self.seed, made.content, self.metrics(model.outputs), after)

    def metrics(self, outputs: Callable[[Array], Array]) -> Metrics:
        """Of a model that gives outputs(x)."""
        objective, validation, test = self.task.objective, self.splits.validation, self.splits.test
        given = outputs(test.x)
        return Metrics(
            objective.measure(outputs(validation.x), validation),
            objective.measure(given, test),
            objective.per_example_scores(given, test).astype(np.float64),
        )

    def _step(self, recipe: Recipe) -> tuple[Callable[[], Any], Training]:
        """What builds the model that the last step before int8 trains, and how it is trained."""
        x, whole = self.splits.train.x, self.task.student_training
        if recipe.end == "qat":
            return partial(qat.prepare, self.model(replace(recipe, end="ptq")).keras, x), fine_tuning(whole, QAT_RATE)
        fine = fine_tuning(whole)
        if recipe.sparse is not None:
            return partial(prune.sparsify, self.model(replace(recipe, sparse=None)).keras, recipe.sparse), fine
        if recipe.prune is not None:
            return partial(prune.shrink, self.model(replace(recipe, prune=None)).keras, recipe.prune, x), fine
        if recipe.narrow is not None:
            share = recipe.narrow
            return lambda: prune.narrow(self.task.student(), share), whole
        return self.task.student, whole

    def _fit(self, recipe: Recipe) -> FloatModel:
        build, training = self._step(recipe)
        name = str(recipe) if recipe.end == "qat" else "+".join(recipe.words) or "student alone"
        wrap = partial(self._with_teacher, recipe) if recipe.needs_teacher else lambda model: model
        trained = train.fit(name, build, training, self.task, self.splits, seed=self.seed, say=self.say, wrap=wrap)
        self.clock.tick(training.epochs, self.say)
        return trained

    def _with_teacher(self, recipe: Recipe, model: Any) -> Any:
        assert self.teacher is not None
        settings, objective = self.task.distillation, self.task.objective
        return distill.learner(
            model, self.teacher.keras, settings, objective, outputs=recipe.distill, features=recipe.features
        )


def fine_tuning(training: Training, rate: float = PRUNED_RATE) -> Training:
    """A shorter training, with `rate` times the learning rate."""
    epochs = max(1, round(FINE_EPOCHS * training.epochs))
    return replace(training, epochs=epochs, learning_rate=rate * training.learning_rate)


def planned(task: Task, options: CompressOptions) -> int:
    """Epochs of all trainings."""
    whole, fine = task.student_training.epochs, fine_tuning(task.student_training).epochs
    tuned = [stage.end == "qat" or stage.prune is not None or stage.sparse is not None for stage in options.stages]
    students = options.seeds * sum(fine if is_tuned else whole for is_tuned in tuned)
    return students + (task.teacher_training.epochs if options.needs_teacher else 0)


def run(task: Task, options: CompressOptions, say: Say) -> Outcome:
    """All of it; nothing stays written. Raises MissingTool, UsageError, BuildError."""
    tensorflow.require_train_extra()
    splits = task.splits()
    tensorflow.start_tensorflow()
    with tempfile.TemporaryDirectory(dir=build.scratch(), prefix=".compress-") as folder:
        return _run(task, options, splits, Path(folder), say)


def _run(task: Task, options: CompressOptions, splits: Splits, folder: Path, say: Say) -> Outcome:
    """folder: where all is built, of this process alone, since another one may compress the same task."""
    _rehearse(task, options, splits, folder, say)
    clock = Clock(planned(task, options))
    say(f"{task.name}: {len(options.recipes)} recipes, {options.seeds} seeds, {clock.epochs} epochs in all")
    teacher = None
    if options.needs_teacher:
        teacher = train.fit("teacher", task.teacher, task.teacher_training, task, splits, seed=task.seed, say=say)
        clock.tick(task.teacher_training.epochs, say)
    makers = [Maker(task, splits, teacher, seed, say, clock) for seed in range(task.seed, task.seed + options.seeds)]
    results = {stage: [maker.result(stage) for maker in makers] for stage in options.stages}
    costs = {}
    for stage, stage_results in results.items():
        costs[stage] = cost(task, options, stage_results[0].content, folder)
        made = costs[stage]
        counted = f"{made.instructions:,} instructions" if made.instructions else made.note or ""
        say(f"{stage} on {options.board.id}: {made.verdict} {counted}".rstrip())
    shown = None if teacher is None else makers[0].metrics(teacher.outputs)
    outcome = Outcome(task, options, splits, shown, results, costs, _layers(options, makers[0]))
    for sentence in outcome.warnings:
        say(f"warning: {sentence}")
    return outcome


def _rehearse(task: Task, options: CompressOptions, splits: Splits, folder: Path, say: Say) -> None:
    """What could fail later, with a student of random weights: a compiler that is missing, or layers that can't be
    pruned, simulated or compared, are told before the training. Raises MissingTool, UsageError."""
    start = time.monotonic()
    with tensorflow.quiet():
        for recipe in options.recipes:
            if recipe.narrow or recipe.prune:
                prune.narrow(task.student(), 0.5)
            if recipe.end == "qat":
                qat.prepare(task.student(), splits.train.x[:1])
            if recipe.features:
                distill.matched(task.student(), task.teacher())
        fresh = FloatModel(task.student(), 0, {}, task.objective)
        content = quantize.quantize(fresh, splits.train.x[:1], task.name).content
    measured = cost(task, options, content, folder)
    say(f"untrained student on {options.board.id}: {measured.verdict}, in {time.monotonic() - start:.1f} s")


def _layers(options: CompressOptions, maker: Maker) -> tuple[LayerCost, ...]:
    """What quantizing each layer alone does to the student of the first recipe, from the first seed."""
    if not options.sensitivity:
        return ()
    return sensitivity.sensitivity(maker.model(options.recipes[0].stages[0]), maker.task, maker.splits)


def cost(task: Task, options: CompressOptions, content: bytes, folder: Path) -> Costs:
    """Built in one folder for all of a task's models, which have most of their kernels in common. Raises MissingTool;
    another reason that nothing could be measured is the verdict."""
    model = QuantizedModel(content, tflite.read(content, f"compress_{task.name}"), task.name)
    sources, graph = generate(model, options.board, options.engine, LEVEL), model.graph
    build = BuildOptions(options.engine, LEVEL, folder, sources=sources, suggest=False)
    try:
        compared = run_on_device(model, options.board, build, few_vectors(model), Silent()).verdict
        verdict, instructions, note = compared.kind, compared.instructions, None
    except MissingTool:
        raise
    except GenError as error:
        verdict, instructions, note = error.kind, None, str(error)
    return Costs(
        tflite_bytes=len(content),
        deflated_bytes=len(zlib.compress(content, 9)),
        weights_bytes=sum(tensor.size_bytes for tensor in graph.tensors if tensor.data is not None),
        zeros=zeros(graph),
        macs=sum(lower(graph, op).macs for op in graph.ops),
        arena_bytes=sources.arena_bytes,
        const_bytes=sources.const_bytes,
        verdict=verdict,
        instructions=instructions,
        note=note,
    )


def zeros(graph: Graph) -> float:
    """The share of int8 weights that stand for 0."""
    weights = [t.data for t in graph.tensors if t.data is not None and t.dtype == "int8"]
    return float(np.mean(np.concatenate([data.ravel() for data in weights]) == 0)) if weights else 0.0
