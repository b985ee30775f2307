"""How well an int8 model does what the float one does, on a person's own examples: and whether that says anything."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gen.importer.calibration import Example
from gen.model import reference, values
from gen.model.graph import Array, Graph

COMPARED = 48  # examples, spread over all
BATCH = 8  # of them at once in the reference
FEW = 4  # examples, from which on it is odd that all are of one class
LITTLE = 4  # steps of 255: an output that varies by less over the examples hardly depends on them
GOOD = 0.9  # the share of examples with the same class in both, below which a person should know
ADVICE = "are the examples of every kind, and in the units that the model takes (for images: --pixels)?"


@dataclass(frozen=True, eq=False)
class Output:
    """One output over all examples."""

    name: str  # for messages
    codes: Array | None  # as int8, N x elements; None for a float output
    int8: Array  # of the int8 model in natural units, N x elements
    real: Array  # of the float model, N x elements
    step: float  # its scale
    is_classes: bool


def notes(graph: Graph, examples: Sequence[Example], run: Callable[[Example], list[Array]]) -> list[str]:
    """The differences of the outputs in steps of their scales, how often both models find the same class, and warnings
    of outputs that hardly depend on the examples, for which a small difference means nothing."""
    some = examples[:: -(-len(examples) // COMPARED)]
    found = outputs(graph, some, [run(example) for example in some])
    steps = np.concatenate([np.abs(one.int8 - one.real).ravel() / one.step for one in found])
    said = [
        f"int8 differs from float by {steps.mean():.1f} steps of the output's scale on average, {steps.max():.1f} at "
        f"most, over {len(some)} examples"
    ]
    for one in found:
        said += [*_classes(one), *_variation(one)]
    return said


def outputs(graph: Graph, examples: Sequence[Example], reals: Sequence[Sequence[Array]]) -> list[Output]:
    """What the int8 model gives for the examples, beside reals, what the float one gave for each."""
    parts: list[list[Array]] = []
    size = BATCH if reference.batched(graph, BATCH) else 1
    for start in range(0, len(examples), size):
        part = examples[start : start + size]
        several = reference.batched(graph, len(part)) or graph
        columns = [np.concatenate(column) for column in zip(*part, strict=True)]
        inputs = [values.quantize_tensor(several.tensors[i], x) for i, x in zip(graph.inputs, columns, strict=True)]
        parts.append([y.reshape(len(part), -1) for y in reference.outputs(several, inputs)])
    found = []
    for number, index in enumerate(graph.outputs):
        tensor = graph.tensors[index]
        codes = np.concatenate([part[number] for part in parts])
        real = np.stack([np.asarray(one[number], np.float64).ravel() for one in reals])
        quantized = tensor.dtype != "float32"
        found.append(
            Output(
                f"output {number}" if len(graph.outputs) > 1 else "the output",
                codes if quantized else None,
                values.dequantize_tensor(tensor, codes),
                real,
                tensor.scale if quantized else max(float(np.abs(real).max()), 1e-9) / 255,
                len(tensor.shape) == 2 and tensor.shape[1] > 1,
            )
        )
    return found


def _classes(one: Output) -> list[str]:
    """Of an output with an element for each class: how often the largest is the same, and whether it ever changes."""
    count = len(one.real)
    if not one.is_classes or count < 2:
        return []
    wanted, largest = one.real.argmax(axis=1), one.int8.max(axis=1)
    same = int((one.int8[np.arange(count), wanted] == largest).sum())  # where int8 has a tie, either is right
    said = [f"int8 and float have the same largest element of {one.name} in {same} of {count} examples"]
    if same < GOOD * count:
        said.append(f"warning: that is {same / count:.0%} only: calibrate with more, and more varied, examples")
    answers, reals = set(one.int8.argmax(axis=1).tolist()), set(wanted.tolist())
    if count >= FEW and len(answers) == 1:
        where = "and in float, too" if len(reals) == 1 else f"while float finds {len(reals)} different ones"
        said.append(
            f"warning: element {answers.pop()} of {one.name} is the largest for all {count} examples, {where}: {ADVICE}"
        )
    return said


def _variation(one: Output) -> list[str]:
    """A warning of an output that is the same, or nearly, for all examples."""
    if one.codes is None or len(one.real) < 2:
        return []
    int8 = int(np.ptp(one.codes.astype(np.int64), axis=0).max())
    real = float(np.ptp(one.real, axis=0).max()) / one.step
    if int8 >= LITTLE and real >= LITTLE:
        return []
    how = "is the same" if int8 == 0 else f"varies by no more than {int8} of 255 steps"
    return [f"warning: {one.name} {how} for all {len(one.real)} examples (in float by {real:.1f} steps): {ADVICE}"]
