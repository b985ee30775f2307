"""What a device must know to feed a model and to read its answer: the order, units and normalization of raw values, the
names of the classes; and real examples, of a task's test set or of a person's own."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gen.data import folder
from gen.data.audio import AudioFeatures
from gen.data.examples import Examples
from gen.data.files import Features
from gen.data.folder import Normalization
from gen.data.images import ImageFeatures
from gen.data.resample import resample
from gen.data.series import SeriesFeatures
from gen.errors import MissingTool
from gen.learn import task
from gen.learn.objective import Objective
from gen.model import reference, values
from gen.model.graph import Array, Graph
from gen.model.quantized import QuantizedModel

EXAMPLES = 3  # at most, of different classes
VALUES = 4096  # in all examples, at most; but for the first one

Say = Callable[[str], None]


@dataclass(frozen=True)
class Constant:
    """A macro of the public header."""

    name: str  # how it ends
    value: int | float  # a literal of C but for a number's type
    meaning: str


@dataclass(frozen=True)
class Known:
    """What is known of a model's input and output."""

    labels: tuple[str, ...] = ()  # of the output's elements
    meaning: str = ""  # what raw values are, as a phrase
    channels: tuple[str, ...] = ()  # their names, where they have any
    normalization: Normalization | None = None
    constants: tuple[Constant, ...] = ()
    # of a model that gives its input back: the mean squared error above which that is an anomaly
    threshold: float | None = None


@dataclass(frozen=True, eq=False)
class Example:
    """One inference; arrays have their tensors' shapes."""

    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]  # what the reference computes
    raw: Array | None = None  # the input before normalization and quantization; None where that is not known
    label: str | None = None  # its class; None where that is not known


def look_up(model: QuantizedModel, say: Say) -> tuple[Known, Examples | None, str]:
    """What is known of a model, its test set in raw values where that can be had, and whose test set it is."""
    if model.task is not None:
        return _of_task(model, model.task, say)
    found = folder.known(model.card, model.graph.sha256) if model.card is not None else None
    if found is None:
        return Known(), None, ""
    plain = Normalization((0.0,) * found.features.shape[-1], (1.0,) * found.features.shape[-1])
    normalization = None if found.normalization == plain else found.normalization
    meaning, channels, constants = describe(found.features)
    known = Known(found.classes, meaning, channels, normalization, constants)
    try:
        return known, found.raw_test_set(), model.name
    except MissingTool as error:
        say(f"random inputs in the example: {error}")
        return known, None, ""


def _of_task(model: QuantizedModel, name: str, say: Say) -> tuple[Known, Examples | None, str]:
    known_task = task.load_task(name)
    card = model.card or task.card_path(name)
    try:
        dataset, test = known_task.dataset(), known_task.test_set()
    except MissingTool as error:
        say(f"random inputs in the example: {error}")
        return Known(_classes_of(card)), None, ""
    normalization = Normalization(dataset.mean, dataset.deviation) if dataset.mean else None
    shape = model.graph.tensors[model.graph.inputs[0]].shape  # smaller where `search` chose so
    answers = model.graph.tensors[model.graph.outputs[0]].elements
    wanted = len(dataset.classes) if known_task.objective.softmax else test.x[0].size
    if len(model.graph.inputs) > 1 or len(shape) != 4 or shape[3] != test.x.shape[3] or answers != wanted:
        say(f"random inputs in the example: {card} says task {name!r}, whose examples this model does not take.")
        return Known(), None, ""
    x = resample(test.x, (shape[1], shape[2]))
    meaning = dataset.meaning
    if x.shape != test.x.shape:
        meaning += f"; of {test.x.shape[1]}x{test.x.shape[2]}, each value the mean over the area that it stands for"
    raw = normalization.undo(x) if normalization else x
    known = Known(dataset.classes, meaning, (), normalization, (), _threshold(card))
    return known, Examples(raw, test.y), name


def _classes_of(card: Path) -> tuple[str, ...]:
    try:
        return tuple(map(str, json.loads(card.read_text("utf-8"))["dataset"]["classes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _threshold(card: Path) -> float | None:
    try:
        found = json.loads(card.read_text("utf-8"))
        return float(found["models"][found.get("kept", "distilled")]["events_int8"]["threshold"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def describe(features: Features) -> tuple[str, tuple[str, ...], tuple[Constant, ...]]:
    """Of a person's own data: what raw values are, the channels' names, and constants."""
    if isinstance(features, ImageFeatures):
        color = "gray" if features.channels == 1 else "red, green, blue"
        meaning = (
            f"{features.height} rows of {features.width} pixels, from top to bottom, {color}, each value of 8 bits "
            "divided by 255; the whole image, upright, resized to this with averages over areas"
        )
        return meaning, (), ()
    if isinstance(features, SeriesFeatures):
        meaning = (
            f"{features.window} rows one after the other, at the rate of the recordings, each with the columns "
            f"{', '.join(features.columns)}"
        )
        hop = Constant("HOP", features.hop, "rows from one window to the next in training")
        return meaning, features.columns, (Constant("WINDOW", features.window, "rows of an example"), hop)
    assert isinstance(features, AudioFeatures)
    meaning = (
        f"{features.frames} frames of {features.bands} logarithms of energies, of a window of sound whose samples are "
        "-1 to 1, mono. A frame: its samples times the Hann window 0.5 - 0.5 cos(2 pi n / FRAME); the power spectrum "
        "|FFT_k|^2 / FRAME at the frequencies k RATE / FRAME; its sum under each of BANDS triangles of height 1, whose "
        "BANDS + 2 corners are equally far apart from LOW_HZ to HIGH_HZ on the scale mel(f) = 2595 log10(1 + f / 700); "
        "of this ln(energy + FLOOR)"
    )
    constants = (
        Constant("RATE", features.rate, "samples a second, Hz"),
        Constant("WINDOW", features.window_samples, "samples of an example"),
        Constant("HOP", features.hop_samples, "samples from one window to the next in training"),
        Constant("FRAME", features.frame_samples, "samples of a frame, and the FFT's size"),
        Constant("STRIDE", features.stride_samples, "samples from one frame to the next"),
        Constant("BANDS", features.bands, "of a frame"),
        Constant("LOW_HZ", float(features.low_hz), "where the lowest band begins"),
        Constant("HIGH_HZ", float(features.high_hz), "where the highest band ends"),
        Constant("FLOOR", features.floor, "added to an energy"),
    )
    return meaning, (), constants


def real_examples(graph: Graph, known: Known, test: Examples, objective: Objective) -> list[Example]:
    """The first ones of the test set, of different classes and answered right where there are such."""
    x = known.normalization.apply(test.x) if known.normalization else test.x
    count = max(1, min(EXAMPLES, VALUES // x[0].size))
    found: list[Example] = []
    others: list[Example] = []
    seen = set[int]()
    for raw, normal, y in zip(test.x, x, test.y, strict=True):
        if len(found) == count or len(others) == 50:
            break
        if int(y) in seen:
            continue
        inputs = tuple(values.quantize_input(graph, normal[None]))
        outputs = tuple(reference.outputs(graph, inputs))
        label = known.labels[int(y)] if int(y) < len(known.labels) else None
        example = Example(inputs, outputs, raw, label)
        if objective.is_right(outputs[0], int(y)):
            found.append(example)
            seen.add(int(y))
        else:
            others.append(example)
    return found or others[:1]
