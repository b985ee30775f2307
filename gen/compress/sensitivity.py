"""Which layer costs accuracy when it is quantized: each alone, and all but one, by the simulation of gen.qat."""

from dataclasses import dataclass

import numpy as np

from gen.compress import qat
from gen.data.examples import Splits
from gen.learn.task import Task
from gen.learn.train import FloatModel
from gen.model.graph import Array


@dataclass(frozen=True)
class LayerCost:
    """What int8 does at one place: to a layer's weights and output, or to the model's input. The fields are keys of
    the report's JSON."""

    layer: str  # its name, or qat.INPUT
    alone: float  # the objective's metric on validation, 0..1, with only this in int8
    all_but: float  # with everything else in int8
    drop: float  # how many points, of 100, alone is below float
    # Root mean square of what this alone changes in the model's outputs, as a share of their standard deviation: it
    # tells layers apart that cost no example.
    change: float


def sensitivity(model: FloatModel, task: Task, splits: Splits) -> tuple[LayerCost, ...]:
    """The cost of each place where the int8 .tflite rounds, the worst first; ranges are of the training split. The same
    model gives the same figures. Raises as qat.prepare() does. tensorflow.start_tensorflow() comes first."""
    simulation = qat.simulate(model.keras, splits.train.x)
    examples = splits.validation
    exact = model.outputs(examples.x)
    whole = task.objective.score(exact, examples)
    spread = float(np.std(exact)) or 1.0

    def outputs(places: set[str]) -> Array:
        return np.asarray(simulation.rounding_at(places)(examples.x, training=False))

    def cost(place: str) -> LayerCost:
        rounded = outputs({place})
        alone = task.objective.score(rounded, examples)
        rest = task.objective.score(outputs(set(simulation.ranges) - {place}), examples)
        change = float(np.sqrt(np.mean(np.square(rounded - exact)))) / spread
        return LayerCost(place, alone, rest, 100.0 * (whole - alone), change)

    return tuple(sorted(map(cost, simulation.ranges), key=lambda cost: (-cost.drop, -cost.change)))
