"""What a device is fed."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gen.data import folder
from gen.data.examples import Examples
from gen.data.resample import resample
from gen.errors import MissingTool, UsageError
from gen.learn import task
from gen.learn.objective import CLASSIFY, Metric
from gen.model import reference, values
from gen.model.graph import Array, Graph
from gen.model.quantized import QuantizedModel
from gen.model.reference import SEED

RANDOM_VECTORS = 20
EXTREMES = 2  # of the random vectors: the first ones


@dataclass(frozen=True, eq=False)
class Vectors:
    """What the device is fed."""

    inputs: Sequence[list[Array]]  # of each vector an array per graph input
    source: str  # where they are from
    # How good the first outputs of all of them, N x ... of float32 in natural units, are, where that is known.
    measure: Callable[[Array], Metric] | None = None


def choose_vectors(model: QuantizedModel, count: int | None) -> Vectors:
    """The test set of the task, or of the folder that the card names, where it can be had; the examples that an
    imported model was quantized with; random inputs otherwise."""
    try:
        test = known_test_set(model)
    except (MissingTool, UsageError) as error:
        sys.stderr.write(f"no test set, so random inputs and no accuracy: {error}\n")
        test = None
    if test is None and model.examples is not None:
        return of_examples(model.graph, model.examples, count)
    if test is None:
        return random_vectors(model.graph, count or RANDOM_VECTORS)
    n = min(count or len(test.y), len(test.y))
    inputs = [values.quantize_input(model.graph, test.x[i : i + 1]) for i in range(n)]
    objective = task.load_task(model.task).objective if model.task is not None else CLASSIFY
    examples = Examples(test.x[:n], test.y[:n])
    return Vectors(
        inputs,
        f"the first {n} of {len(test.y)} test examples of {model.task or model.name}",
        lambda outputs: objective.measure(outputs, examples),
    )


def known_test_set(model: QuantizedModel) -> Examples | None:
    """Raises MissingTool where there is one, but not on this machine, and UsageError where the card beside the model
    names a task whose examples it does not take."""
    if model.task is not None:
        known = task.load_task(model.task)
        examples = known.test_set()
        shape = model.graph.tensors[model.graph.inputs[0]].shape
        answers = model.graph.tensors[model.graph.outputs[0]].elements
        wanted = int(examples.y.max()) + 1 if known.objective.softmax else examples.x[0].size
        if len(model.graph.inputs) > 1 or len(shape) != 4 or shape[3] != examples.x.shape[3] or answers != wanted:
            raise UsageError(
                f"{model.card or model.name} says that the model is of task {model.task!r}, whose examples are "
                f"{examples.x.shape[1:]} and have {wanted} answers, and it takes {shape} and gives {answers}: take the "
                "card away, or put that of this model there."
            )
        return replace(examples, x=resample(examples.x, shape[1:3]))  # smaller where `search` chose so
    return folder.test_set(model.card, model.graph.sha256) if model.card is not None else None


def random_vectors(graph: Graph, count: int) -> Vectors:
    return Vectors([reference.random_inputs(graph, i, SEED) for i in range(count)], f"uniform random, seed {SEED}")


def of_examples(graph: Graph, path: Path, count: int | None) -> Vectors:
    """The inputs in an .npz as gen.convert keeps them, at most count, and random ones where count is more. The extremes
    are among them either way: examples alone rarely saturate anything."""
    with np.load(path, allow_pickle=False) as kept:
        arrays = {name: kept[name] for name in kept.files}
    numbers = sorted({int(name.partition("_")[0]) for name in arrays})
    examples = [[arrays[f"{number}_{index}"] for index in range(len(graph.inputs))] for number in numbers]
    wanted = count or len(examples) + EXTREMES
    chosen = examples[: max(wanted - EXTREMES, 1)]
    drawn = [reference.random_inputs(graph, i, SEED) for i in range(wanted - len(chosen))]
    source = f"{len(chosen)} of the calibration's examples"
    return Vectors([*chosen, *drawn], f"{source} and {len(drawn)} random ones, seed {SEED}" if drawn else source)
