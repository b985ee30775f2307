"""What a task's models learn to give, and how good that is: classes of examples, or the examples themselves, where the
error of what is given back tells an anomaly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gen.data.examples import Examples, Splits
from gen.learn.stats import block_means, mcnemar, middle_95, placements, wilson
from gen.model.graph import Array

BLOCK = 32  # neighbouring windows that are drawn together: they overlap, and a patient's or machine's state lasts


@dataclass(frozen=True)
class Figure:
    """value, 0..1, with its 95 % interval. key, name: in JSON, and for people; counts: what it was computed from."""

    key: str
    name: str
    value: float
    low_95: float
    high_95: float
    counts: Mapping[str, int] = field(default_factory=dict)

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


@dataclass(frozen=True)
class Objective:
    """outputs below is float32: what a model gives for examples, N x classes or N x elements.

    key, figure: the figure of a test set, in JSON and for people. metric: the one of Keras that curves have beside the
    loss, as val_<metric>, too; progress says it in the words of `told`. softmax: the int8 model ends in one. target:
    (x, y) -> what a model should give. loss: makes the Keras loss. taught: (teacher's outputs, student's, settings) ->
    the teacher's part of the loss of a distilled student, in Keras operations. measure: (outputs, examples) -> the
    figure. compare: (outputs, other outputs, examples) -> whether the other ones are better, with a p value; `verdict`
    says it in words, given that and the number of examples. credits: (outputs, test examples) -> numbers whose mean is
    the figure, one for each example or, of a ROC curve, each normal one, in order; block: how many neighbours among
    them depend on each other. further: (outputs for validation, for test, splits) -> what else a card says of a
    model."""

    key: str
    figure: str
    metric: str
    told: str
    softmax: bool
    target: Callable[[Array, Array], Array]
    loss: Callable[[], Any]
    taught: Callable[[Any, Any, Distillation], Any]
    measure: Callable[[Array, Examples], Figure]
    compare: Callable[[Array, Array, Examples], dict[str, Any]]
    verdict: Callable[[Mapping[str, Any], int], str]
    credits: Callable[[Array, Examples], Array]
    block: int
    further: Callable[[Array, Array, Splits], dict[str, Any]] = field(default=lambda validation, test, splits: {})

    def score(self, outputs: Array, examples: Examples) -> float:
        """The value of the figure, 0..1, more is better."""
        return self.measure(outputs, examples).value


def _right(outputs: Array, examples: Examples) -> Array:
    right: Array = np.argmax(outputs.reshape(len(examples.y), -1), axis=-1) == examples.y
    return right


def _accuracy(outputs: Array, examples: Examples) -> Figure:
    """With Wilson's interval."""
    right, total = int(np.sum(_right(outputs, examples))), len(examples.y)
    return Figure("accuracy", "accuracy", right / total, *wilson(right, total), {"right": right, "of": total})


def _compare_classes(outputs: Array, others: Array, examples: Examples) -> dict[str, Any]:
    """Example by example: McNemar's test."""
    before, after = _right(outputs, examples), _right(others, examples)
    gained, lost = int(np.sum(after & ~before)), int(np.sum(before & ~after))
    return {"gained": gained, "lost": lost, "p_value": mcnemar(gained, lost)}


def _class_loss() -> Any:
    import keras

    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _soft_classes(teacher: Any, student: Any, settings: Distillation) -> Any:
    """alpha T^2 KL(p_t || p_s), the mean over the batch; logits N x classes."""
    from keras import ops

    log_p_t = ops.log_softmax(teacher / settings.temperature)
    log_p_s = ops.log_softmax(student / settings.temperature)
    divergence = ops.mean(ops.sum(ops.exp(log_p_t) * (log_p_t - log_p_s), axis=-1))
    return settings.alpha * settings.temperature**2 * divergence


CLASSIFY = Objective(
    key="accuracy",
    figure="accuracy",
    metric="accuracy",
    told="{:.2%} of validation right",
    softmax=True,
    target=lambda x, y: y,
    loss=_class_loss,
    taught=_soft_classes,
    measure=_accuracy,
    compare=_compare_classes,
    verdict=lambda found, total: f"{found['gained']} of {total} test examples won, {found['lost']} lost",
    credits=_right,
    block=1,
)


def errors(outputs: Array, examples: Examples) -> Array:
    """The mean squared error of what a model gives back of each example: N of float64, in squared units of x."""
    x = examples.x.reshape(len(examples.x), -1)
    found: Array = np.square(outputs.reshape(x.shape).astype(np.float64) - x).mean(axis=1)
    return found


def _roc_auc(outputs: Array, examples: Examples) -> Figure:
    """By the error of each example, y being 1 where there is an anomaly; of normal examples alone, such as those of
    training and validation, the share of their variance that the model gives back.

    The examples are windows in time that depend on their neighbours: ROC AUC, the mean of placements() of normal ones,
    has Wilson's interval for as many independent values as there are blocks of them (a bootstrap would say that 1 is
    certain); the share has a bootstrap of blocks. The anomalous windows are of so few events that they are taken as
    given: neither interval says how other anomalies would do."""
    found, anomalous = errors(outputs, examples), examples.y == 1
    counts = {"anomalous": int(np.sum(anomalous)), "of": len(found)}
    if anomalous.any() and not anomalous.all():
        shares = placements(found, anomalous)
        value, blocks = float(shares.mean()), max(1, len(shares) // BLOCK)
        return Figure("roc_auc", "ROC AUC", value, *wilson(value * blocks, blocks), counts)
    variance = float(np.var(examples.x, dtype=np.float64)) or 1.0
    low, high = (max(0.0, 1.0 - mean / variance) for mean in reversed(middle_95(block_means(found, BLOCK))))
    value = max(0.0, 1.0 - float(found.mean()) / variance)
    return Figure("variance_explained", "variance explained", value, low, high, counts)


def _compare_errors(outputs: Array, others: Array, examples: Examples) -> dict[str, Any]:
    """The difference of ROC AUC, with a paired bootstrap of blocks of normal windows. p_value: twice the share of
    samples on the other side of 0."""
    anomalous = examples.y == 1
    before, after = (placements(errors(given, examples), anomalous) for given in (outputs, others))
    means = block_means(after - before, BLOCK)
    low, high = middle_95(means)
    p_value = min(1.0, 2.0 * float(min(np.mean(means <= 0), np.mean(means >= 0))))
    return {"difference": float(np.mean(after - before)), "low_95": low, "high_95": high, "p_value": p_value}


def _squared_loss() -> Any:
    import keras

    return keras.losses.MeanSquaredError()


def _reconstructions(teacher: Any, student: Any, settings: Distillation) -> Any:
    """alpha times the mean squared error between what both give back; the temperature is of classes alone."""
    from keras import ops

    return settings.alpha * ops.mean(ops.square(teacher - student))


RECONSTRUCT = Objective(
    key="roc_auc",
    figure="ROC AUC",
    metric="mse",
    told="mean squared error {:.4g} on validation",
    softmax=False,
    target=lambda x, y: x.reshape(len(x), -1),
    loss=_squared_loss,
    taught=_reconstructions,
    measure=_roc_auc,
    compare=_compare_errors,
    verdict=lambda found, total: (
        f"95 % interval {100 * found['low_95']:+.2f} to {100 * found['high_95']:+.2f}, paired bootstrap of blocks"
    ),
    credits=lambda outputs, examples: placements(errors(outputs, examples), examples.y == 1),
    block=BLOCK,
)

OBJECTIVES = (CLASSIFY, RECONSTRUCT)


def of(figures: Mapping[str, Any]) -> Objective:
    """The objective of the models whose test figures a card has."""
    return next(objective for objective in OBJECTIVES if objective.key in figures)
