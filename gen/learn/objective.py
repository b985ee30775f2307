"""What a task's models learn to give, and how good that is: classes of examples, or the examples themselves, where the
error of what is given back tells an anomaly."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from gen.data.examples import Examples, Splits
from gen.learn.stats import block_means, mcnemar, middle_95, placements, wilson
from gen.model.graph import Array

BLOCK = 32  # neighboring windows that are drawn together: they overlap, and a patient's or machine's state lasts


@dataclass(frozen=True)
class Metric:
    """How good a model's outputs are, in a number."""

    key: str  # in JSON
    name: str  # for people
    value: float  # 0..1
    low_95: float  # its 95 % interval
    high_95: float
    counts: Mapping[str, int] = field(default_factory=dict)  # what it was computed from

    def as_json(self) -> dict[str, Any]:
        """As a card has it."""
        return {self.key: self.value, "low_95": self.low_95, "high_95": self.high_95, **self.counts}


@dataclass(frozen=True)
class Distillation:
    """Loss (1 - alpha) CE(y, p_s) + alpha T^2 KL(p_t || p_s), p_t and p_s at temperature T in the KL term
    (Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015). Of reconstructions r of x it is
    (1 - alpha) MSE(x, r_s) + alpha MSE(r_t, r_s), without a temperature."""

    temperature: float
    alpha: float


class Objective(ABC):
    """What a task's models learn to give. outputs, below, is float32: what a model gives for examples, N x classes or
    N x elements."""

    key: ClassVar[str]  # of the metric of a test set, in JSON
    name: ClassVar[str]  # its name for people
    keras_metric: ClassVar[str]  # that curves have beside the loss, as val_<metric>, too
    progress_format: ClassVar[str]  # how progress says the latter
    curve_scale: ClassVar[int]  # by which a plot multiplies it
    softmax: ClassVar[bool]  # the int8 model ends in one
    block: ClassVar[int]  # how many neighbors among per_example_scores() depend on each other

    @abstractmethod
    def target(self, x: Array, y: Array) -> Array:
        """What a model should give for the examples x with the labels y."""

    @abstractmethod
    def loss(self) -> Any:
        """The Keras loss, made anew."""

    @abstractmethod
    def distillation_loss(self, teacher: Any, student: Any, settings: Distillation) -> Any:
        """The teacher's part of a distilled student's loss, in Keras operations, from both models' outputs."""

    @abstractmethod
    def measure(self, outputs: Array, examples: Examples) -> Metric:
        """How good the outputs are."""

    @abstractmethod
    def compare(self, outputs: Array, others: Array, examples: Examples) -> dict[str, Any]:
        """Whether the other outputs are better: numbers for a card, among them "p_value"."""

    @abstractmethod
    def verdict(self, found: Mapping[str, Any], total: int) -> str:
        """What compare() found on `total` examples, in words."""

    @abstractmethod
    def per_example_scores(self, outputs: Array, examples: Examples) -> Array:
        """Numbers whose mean is the metric of a test set, in order: one for each example, of a ROC curve for each
        normal one."""

    @abstractmethod
    def at_chance(self, validation: Metric, examples: Examples, classes: Sequence[str]) -> list[str]:
        """A sentence where the metric on these validation examples may be had without learning; else none."""

    @abstractmethod
    def style_curves(self, axes: Any, curves: Sequence[Array]) -> None:
        """The y axis of a plot of these curves, already scaled, and the legend where it hides least."""

    def is_right(self, output: Array, label: int) -> bool:
        """Whether one example's output, of any scale, is the right answer, if answers are right or wrong."""
        return True

    def further(self, validation: Array, test: Array, splits: Splits) -> dict[str, Any]:
        """What else a card says of a model that gives these outputs."""
        return {}

    def score(self, outputs: Array, examples: Examples) -> float:
        """The value of the metric, 0..1, more is better."""
        return self.measure(outputs, examples).value


class Classify(Objective):
    """Logits of classes."""

    key = name = keras_metric = "accuracy"
    progress_format = "{:.2%} of validation right"
    curve_scale = 100
    softmax = True
    block = 1

    def target(self, x: Array, y: Array) -> Array:
        return y

    def loss(self) -> Any:
        import keras

        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def distillation_loss(self, teacher: Any, student: Any, settings: Distillation) -> Any:
        """alpha T^2 KL(p_t || p_s), the mean over the batch; logits N x classes."""
        from keras import ops

        log_p_t = ops.log_softmax(teacher / settings.temperature)
        log_p_s = ops.log_softmax(student / settings.temperature)
        divergence = ops.mean(ops.sum(ops.exp(log_p_t) * (log_p_t - log_p_s), axis=-1))
        return settings.alpha * settings.temperature**2 * divergence

    def measure(self, outputs: Array, examples: Examples) -> Metric:
        """With Wilson's interval."""
        right, total = int(np.sum(self.per_example_scores(outputs, examples))), len(examples.y)
        return Metric(self.key, self.name, right / total, *wilson(right, total), {"right": right, "of": total})

    def compare(self, outputs: Array, others: Array, examples: Examples) -> dict[str, Any]:
        """Example by example: McNemar's test."""
        before, after = (self.per_example_scores(given, examples) for given in (outputs, others))
        gained, lost = int(np.sum(after & ~before)), int(np.sum(before & ~after))
        return {"gained": gained, "lost": lost, "p_value": mcnemar(gained, lost)}

    def verdict(self, found: Mapping[str, Any], total: int) -> str:
        return f"{found['gained']} of {total} test examples won, {found['lost']} lost"

    def per_example_scores(self, outputs: Array, examples: Examples) -> Array:
        """Which are right."""
        right: Array = np.argmax(outputs.reshape(len(examples.y), -1), axis=-1) == examples.y
        return right

    def at_chance(self, validation: Metric, examples: Examples, classes: Sequence[str]) -> list[str]:
        counts = np.bincount(examples.y, minlength=len(classes))
        common = int(np.argmax(counts))
        always = float(counts[common] / max(1, counts.sum()))
        if validation.low_95 > always:
            return []
        return [
            f"the student is right in {validation.value:.1%} of {counts.sum()} validation examples, and who always "
            f"says {classes[common]} in {always:.1%}: that is no more than chance can give, so look whether the labels "
            "and the signal are right, and give more examples."
        ]

    def style_curves(self, axes: Any, curves: Sequence[Array]) -> None:
        # From the ten below every curve's median, at most 90: the first epochs would squeeze the last.
        low = 10 * min(9, *(math.floor(np.median(values) / 10) for values in curves))
        axes.set(ylim=(low, 100.2), ylabel="validation accuracy, %")
        axes.legend(loc="lower right", frameon=False)

    def is_right(self, output: Array, label: int) -> bool:
        return int(np.argmax(output)) == label


def errors(outputs: Array, examples: Examples) -> Array:
    """The mean squared error of what a model gives back of each example: N of float64, in squared units of x."""
    x = examples.x.reshape(len(examples.x), -1)
    found: Array = np.square(outputs.reshape(x.shape).astype(np.float64) - x).mean(axis=1)
    return found


class Reconstruct(Objective):
    """The examples themselves; the error of what is given back tells an anomaly."""

    key, name = "roc_auc", "ROC AUC"
    keras_metric = "mse"
    progress_format = "mean squared error {:.4g} on validation"
    curve_scale = 1
    softmax = False
    block = BLOCK

    def target(self, x: Array, y: Array) -> Array:
        return x.reshape(len(x), -1)

    def loss(self) -> Any:
        import keras

        return keras.losses.MeanSquaredError()

    def distillation_loss(self, teacher: Any, student: Any, settings: Distillation) -> Any:
        """alpha times the mean squared error between what both give back; the temperature is of classes alone."""
        from keras import ops

        return settings.alpha * ops.mean(ops.square(teacher - student))

    def measure(self, outputs: Array, examples: Examples) -> Metric:
        """By the error of each example, y being 1 where there is an anomaly; of normal examples alone, such as those of
        training and validation, the share of their variance that the model gives back.

        The examples are windows in time that depend on their neighbors: ROC AUC, the mean of placements() of normal
        ones, has Wilson's interval for as many independent values as there are blocks of them (a bootstrap would say
        that 1 is certain); the share has a bootstrap of blocks. The anomalous windows are of so few events that they
        are taken as given: neither interval says how other anomalies would do."""
        found, anomalous = errors(outputs, examples), examples.y == 1
        counts = {"anomalous": int(np.sum(anomalous)), "of": len(found)}
        if anomalous.any() and not anomalous.all():
            shares = placements(found, anomalous)
            value, blocks = float(shares.mean()), max(1, len(shares) // BLOCK)
            return Metric(self.key, self.name, value, *wilson(value * blocks, blocks), counts)
        variance = float(np.var(examples.x, dtype=np.float64)) or 1.0
        low, high = (max(0.0, 1.0 - mean / variance) for mean in reversed(middle_95(block_means(found, BLOCK))))
        value = max(0.0, 1.0 - float(found.mean()) / variance)
        return Metric("variance_explained", "variance explained", value, low, high, counts)

    def compare(self, outputs: Array, others: Array, examples: Examples) -> dict[str, Any]:
        """The difference of ROC AUC, with a paired bootstrap of blocks of normal windows. p_value: twice the share of
        samples on the other side of 0."""
        before, after = (self.per_example_scores(given, examples) for given in (outputs, others))
        means = block_means(after - before, BLOCK)
        low, high = middle_95(means)
        p_value = min(1.0, 2.0 * float(min(np.mean(means <= 0), np.mean(means >= 0))))
        return {"difference": float(np.mean(after - before)), "low_95": low, "high_95": high, "p_value": p_value}

    def verdict(self, found: Mapping[str, Any], total: int) -> str:
        interval = f"{100 * found['low_95']:+.2f} to {100 * found['high_95']:+.2f}"
        return f"95 % interval {interval}, paired bootstrap of blocks"

    def per_example_scores(self, outputs: Array, examples: Examples) -> Array:
        return placements(errors(outputs, examples), examples.y == 1)

    def at_chance(self, validation: Metric, examples: Examples, classes: Sequence[str]) -> list[str]:
        if validation.low_95 > 0:
            return []
        return [f"the student has learned nothing that shows: {validation.name} {validation.value:.1%} on validation."]

    def style_curves(self, axes: Any, curves: Sequence[Array]) -> None:
        axes.set(yscale="log", ylabel="mean squared error on validation")
        axes.legend(loc="upper right", frameon=False)


CLASSIFY, RECONSTRUCT = Classify(), Reconstruct()
OBJECTIVES: tuple[Objective, ...] = (CLASSIFY, RECONSTRUCT)


def of(figures: Mapping[str, Any]) -> Objective:
    """The objective of the models whose test metrics a card has."""
    return next(objective for objective in OBJECTIVES if objective.key in figures)
