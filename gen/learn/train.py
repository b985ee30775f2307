"""Task -> teacher, student trained alone, and student distilled from the teacher: float models, TensorFlow only here
and in quantize.py."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gen.data.augment import Augmentation, augment
from gen.data.examples import Examples, Splits
from gen.learn import distill
from gen.learn.objective import CLASSIFY, Objective
from gen.learn.task import Task, Training
from gen.learn.tensorflow import quiet
from gen.model.graph import Array
from gen.progress import Say

NAMES = ("teacher", "alone", "distilled")


@dataclass(frozen=True, eq=False)
class FloatModel:
    """A trained Keras model."""

    keras: Any  # maps NHWC to what a task's student gives; has the weights of the best epoch
    params: int
    # per epoch: loss, val_loss, and the objective's metric, such as accuracy, val_accuracy; the losses are the
    # objective's, or the distillation loss of a distilled student
    curves: Mapping[str, list[float]]
    objective: Objective = CLASSIFY

    @property
    def best_epoch(self) -> int:
        """Counted from 0."""
        return int(np.argmin(self.curves["val_loss"]))

    def outputs(self, x: Array) -> Array:
        """What it gives for each example in x, NHWC: float32, N x logits or N x elements."""
        return np.asarray(self.keras(x, training=False))


@dataclass(frozen=True, eq=False)
class Trained:
    """alone and distilled began with the same weights and saw the same batches."""

    teacher: FloatModel
    alone: FloatModel
    distilled: FloatModel


def train(task: Task, splits: Splits, seed: int, say: Say, teacher: FloatModel | None = None) -> Trained:
    """All three from one seed; a teacher that is given is not trained again. start_tensorflow() comes first."""

    def student(name: str, wrap: Callable[[Any], Any] = lambda model: model) -> FloatModel:
        return fit(name, task.student, task.student_training, task, splits, seed=seed, say=say, wrap=wrap)

    teacher = teacher or fit("teacher", task.teacher, task.teacher_training, task, splits, seed=seed, say=say)
    taught = partial(distill.by_logits, teacher=teacher.keras, settings=task.distillation, objective=task.objective)
    return Trained(teacher, student("student alone"), student("student distilled", taught))


def fit(
    name: str,
    build: Callable[[], Any],
    training: Training,
    task: Task,
    splits: Splits,
    *,
    seed: int,
    say: Say,
    wrap: Callable[[Any], Any] = lambda model: model,
) -> FloatModel:
    """Train what build() makes, a Keras model like the task's student, on the task's examples and augmentation. seed
    decides the weights that build() draws and the batches. wrap: puts the model into a Keras model with another loss,
    which is trained in its place, see distill.py. start_tensorflow() comes first."""
    say(f"{name}: {training.epochs} epochs from seed {seed} ...")
    start = time.monotonic()
    with quiet():
        import keras

        keras.utils.set_random_seed(seed)
        model = build()
        history = _run(wrap(model), training, task, splits, seed)
    curves = {key: [float(value) for value in values] for key, values in history.items()}
    trained = FloatModel(model, model.count_params(), curves, task.objective)
    best = trained.best_epoch
    reached = task.objective.progress_format.format(curves[f"val_{task.objective.keras_metric}"][best])
    say(f"{name}: {reached} after epoch {best + 1}, which is kept; {time.monotonic() - start:.1f} s")
    return trained


def _run(learner: Any, training: Training, task: Task, splits: Splits, seed: int) -> dict[str, Any]:
    """Fit learner and leave it with the weights of its best epoch; returns the curves."""
    import keras
    import tensorflow as tf

    steps = len(splits.train.y) // training.batch
    target = task.objective.target
    x, y = splits.validation.x, target(splits.validation.x, splits.validation.y)
    signature = tuple(
        tf.TensorSpec((steps, training.batch, *array.shape[1:]), tf.as_dtype(array.dtype)) for array in (x, y)
    )
    epochs = tf.data.Dataset.from_generator(
        lambda: _epochs(splits.train, training, task.augmentation, target, seed), output_signature=signature
    )
    learner.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(training.learning_rate, steps * training.epochs)
        ),
        loss=task.objective.loss(),
        metrics=[task.objective.keras_metric],
        steps_per_execution=steps,
    )
    history = learner.fit(
        epochs.unbatch(),
        epochs=training.epochs,
        steps_per_epoch=steps,
        validation_data=(x, y),
        validation_batch_size=len(x),
        callbacks=[keras.callbacks.EarlyStopping("val_loss", patience=training.epochs, restore_best_weights=True)],
        shuffle=False,
        verbose=0,
    )
    return dict(history.history)


def _epochs(
    examples: Examples,
    training: Training,
    augmentation: Augmentation,
    target: Callable[[Array, Array], Array],
    seed: int,
) -> Iterator[tuple[Array, Array]]:
    """For each epoch all its batches (steps, batch, H, W, C) and targets (steps, batch, ...): shuffled, freshly
    augmented."""
    rng = np.random.default_rng(seed)
    steps = len(examples.y) // training.batch
    for _ in range(training.epochs):
        order = rng.permutation(len(examples.y))[: steps * training.batch]
        x = augment(examples.x[order], augmentation, rng)
        y = target(x, examples.y[order])
        yield x.reshape(steps, training.batch, *x.shape[1:]), y.reshape(steps, training.batch, *y.shape[1:])


def tell(card: Mapping[str, Any], say: Say) -> None:
    """What went wrong, and which student that left."""
    for sentence in card["warnings"]:
        say(f"warning: {sentence}")
