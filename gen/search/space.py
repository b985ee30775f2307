"""The students that `search` chooses from: parameters -> Candidate -> Keras model.

An image's or a series' student is a convolution (the stem), blocks of full or depthwise-separable convolutions, and one
dense layer behind a mean over all places or behind all of them. Its input may be smaller than the task's
(gen/data/resample.py)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from gen.compress.recipe import parse
from gen.errors import UsageError
from gen.learn.architectures import MOMENTUM, Shape, normalized
from gen.learn.task import Task
from gen.model.graph import Array

SCALES = (1.0, 0.75, 0.5)  # of height and width; of a series' steps
SMALLEST = 4  # pixels or steps
CONVOLUTIONS = ("full", "separable")
DOWNSAMPLING = ("pool", "stride")
HEADS = ("flatten", "mean")
RECIPES = ("ptq", "distill+ptq", "distill+qat", "distill+prune=0.5+ptq")  # see gen/compress/recipe.py
NARROW = (0.0, 0.75)
WIDTHS = (4, 48)
MULTIPLE = 4  # of channels: what kernels compute at once
DEPTHS = (1, 4)
HALVINGS = (0, 3)
KERNELS = (3, 7)


class Trial(Protocol):
    """What a candidate's parameters come from: Optuna's Trial, or Draw."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int: ...

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None = None) -> float: ...

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any: ...


@dataclass(frozen=True)
class Architecture:
    """A stem, and blocks of which the first ones halve the map."""

    scale: float  # the input's height and width as a share of the task's
    convolution: str  # of CONVOLUTIONS
    kernel: int  # height and width, where the input is as large
    width: int  # channels of the stem
    growth: float  # a block that halves the map takes so many times the channels
    stride: int  # of the stem
    depth: int  # how many blocks
    halvings: int  # how many of them halve the map
    downsampling: str  # of DOWNSAMPLING
    head: str  # of HEADS


@dataclass(frozen=True)
class Candidate:
    """A student and what is done to it."""

    architecture: Architecture | None = None  # None: the task's own student
    narrow: float = 0.0  # the share of the own student's channels that is left out
    recipe: str = "distill+ptq"  # in the words of gen/compress/recipe.py
    temperature: float = 0.0  # of its distillation, 0 where there is none
    alpha: float = 0.0  # likewise

    def input_shape(self, shape: Shape) -> Shape:
        """Of the task's shape, H, W, C."""
        return shape if self.architecture is None else scaled(shape, self.architecture.scale)

    def __str__(self) -> str:
        a, taught = self.architecture, f" T={self.temperature:g} alpha={self.alpha:g}" if self.alpha else ""
        if a is None:
            return f"the task's student{f' without {self.narrow:.0%} of its channels' if self.narrow else ''}, " + (
                f"{self.recipe}{taught}"
            )
        return (
            f"{f'input x{a.scale:g}, ' if a.scale != 1 else ''}{a.width} channels, stride {a.stride}, {a.depth} "
            f"{a.convolution} {a.kernel}-wide, {a.halvings} {a.downsampling} x{a.growth:g}, {a.head}, "
            f"{self.recipe}{taught}"
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def from_json(fields: dict[str, Any]) -> Candidate:
    """The Candidate that as_json() wrote."""
    architecture = fields["architecture"]
    return Candidate(**{**fields, "architecture": None if architecture is None else Architecture(**architecture)})


def own(task: Task) -> Candidate:
    """The task's student as `train` makes it."""
    return Candidate(temperature=task.distillation.temperature, alpha=task.distillation.alpha)


def scaled(shape: Shape, scale: float) -> Shape:
    """H, W, C with the height, unless it is 1 as a series', and the width scaled."""
    height, width, channels = shape
    return (height if height == 1 else round(height * scale), round(width * scale), channels)


def scales(shape: Shape) -> tuple[float, ...]:
    """Those that leave SMALLEST pixels or steps."""
    shorter = shape[1] if shape[0] == 1 else min(shape[:2])
    return tuple(scale for scale in SCALES if scale == 1.0 or round(shorter * scale) >= SMALLEST)


def suggest_architecture(trial: Trial, shape: Shape) -> Architecture:
    """shape: the task's input, H, W, C."""
    low, high = KERNELS if shape[0] == 1 else (KERNELS[0], KERNELS[1] - 2)
    return Architecture(
        scale=trial.suggest_categorical("scale", scales(shape)),
        convolution=trial.suggest_categorical("convolution", CONVOLUTIONS),
        kernel=trial.suggest_int("kernel", low, high, step=2),
        width=trial.suggest_int("width", *WIDTHS, step=MULTIPLE),
        growth=trial.suggest_float("growth", 1.0, 2.0, step=0.5),
        stride=trial.suggest_int("stride", 1, 2),
        depth=trial.suggest_int("depth", *DEPTHS),
        halvings=trial.suggest_int("halvings", *HALVINGS),
        downsampling=trial.suggest_categorical("downsampling", DOWNSAMPLING),
        head=trial.suggest_categorical("head", HEADS),
    )


def suggest(trial: Trial, task: Task, shape: Shape) -> Candidate:
    """A student for the task's input, H, W, C, and what is done to it. A task whose models give their inputs back has
    only its own student, more or less narrow."""
    architecture, narrow = None, 0.0
    if task.objective.softmax:
        architecture = suggest_architecture(trial, shape)
    else:
        narrow = trial.suggest_float("narrow", *NARROW, step=0.125)
    recipe = trial.suggest_categorical("recipe", RECIPES)
    if not parse(recipe).distill:
        return Candidate(architecture, narrow, recipe)
    temperature = trial.suggest_float("temperature", 2.0, 8.0, step=2.0)
    return Candidate(architecture, narrow, recipe, temperature, trial.suggest_float("alpha", 0.3, 0.9, step=0.2))


def build(candidate: Candidate, task: Task, shape: Shape, outputs: int) -> Any:
    """The Keras model that the recipe starts with. shape: the task's input, H, W, C; outputs: how many classes."""
    from gen.compress import prune

    if candidate.architecture is not None:
        return student(candidate.architecture, shape, outputs)
    model = task.student()
    return prune.narrow(model, candidate.narrow) if candidate.narrow else model


@dataclass(frozen=True, eq=False)
class Draw:
    """A Trial without Optuna: each parameter uniform over its choices."""

    rng: np.random.Generator

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        return int(self.rng.choice(np.arange(low, high + 1, step)))

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None = None) -> float:
        count = 1 if step is None else round((high - low) / step)
        return float(low + (high - low) * (self.rng.random() if step is None else self.rng.integers(count + 1) / count))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return choices[int(self.rng.integers(len(choices)))]


def student(architecture: Architecture, shape: Shape, outputs: int) -> Any:
    """A Keras model from the scaled input, NHWC, to logits. No window is so wide that some of its taps would only ever
    see padding. Short names keep the file small."""
    from keras import Input, Sequential, layers

    size, channels = scaled(shape, architecture.scale), architecture.width
    height, width, _ = size

    def window() -> tuple[int, int]:
        return min(architecture.kernel, 2 * height - 1), min(architecture.kernel, 2 * width - 1)

    def convolution(name: str, kernel: tuple[int, int], stride: int = 1) -> list[Any]:
        layer = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False, name=name)
        return normalized(layer, MOMENTUM)

    def depthwise(name: str, stride: int) -> list[Any]:
        layer = layers.DepthwiseConv2D(window(), stride, padding="same", use_bias=False, name=name)
        return normalized(layer, MOMENTUM)

    parts = [Input(size), *convolution("c0", window(), architecture.stride)]
    height, width = -(-height // architecture.stride), -(-width // architecture.stride)
    for number in range(1, architecture.depth + 1):
        halved = number <= architecture.halvings and max(height, width) > 1
        stride = 2 if halved and architecture.downsampling == "stride" else 1
        if halved:
            channels = MULTIPLE * round(channels * architecture.growth / MULTIPLE)
        if halved and stride == 1:
            parts.append(layers.MaxPooling2D((min(2, height), 2), 2, padding="same", name=f"p{number}"))
            height, width = -(-height // 2), -(-width // 2)
        if architecture.convolution == "full":
            parts += convolution(f"c{number}", window(), stride)
        else:
            parts += [*depthwise(f"d{number}d", stride), *convolution(f"c{number}", (1, 1))]
        height, width = -(-height // stride), -(-width // stride)
    flat = architecture.head == "flatten"
    parts.append(layers.Flatten(name="flat") if flat else layers.GlobalAveragePooling2D(name="mean"))
    return Sequential([*parts, layers.Dense(outputs, name="fc")])


def settle(model: Any, x: Array) -> None:
    """Give an untrained model's normalizations the means and variances of x, NHWC, so that its activations have the
    ranges that training would give them."""
    from keras import layers

    normalizations = [layer for layer in model.layers if isinstance(layer, layers.BatchNormalization)]
    momenta = [layer.momentum for layer in normalizations]
    for layer in normalizations:
        layer.momentum = 0.0
    model(x, training=True)
    for layer, momentum in zip(normalizations, momenta, strict=True):
        layer.momentum = momentum


_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20}
_THOUSANDS = {"": 1, "k": 10**3, "m": 10**6}


def quantity(word: str, option: str, *, binary: bool) -> int:
    """64k or 2M as a number: binary: k is 1,024, as for memories; else 1,000. Raises UsageError."""
    units = _UNITS if binary else _THOUSANDS
    number, unit = (word, "") if word[-1:].isdigit() else (word[:-1], word[-1:].lower())
    try:
        value = float(number) * units[unit] if number[:1].isdigit() else 0.0
    except (KeyError, ValueError):
        value = 0.0
    if not 1 <= value < 1e15:
        what = "bytes" if binary else "instructions"
        raise UsageError(
            f"{option} {word!r}: give {what} as a number with k or M or without, such as {'64k' if binary else '2M'}."
        )
    return int(value)
