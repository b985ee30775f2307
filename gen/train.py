"""Task -> teacher, student trained alone, and student distilled from the teacher: float models, TensorFlow only here
and in quantize.py."""

import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from gen import distill
from gen.augment import Augmentation, augment
from gen.errors import INSTALL_TRAIN, GenError, MissingTool
from gen.files import check_folder
from gen.graph import Array
from gen.objective import CLASSIFY, Objective, of
from gen.progress import Say
from gen.task import Examples, Splits, Task, Training

NAMES = ("teacher", "alone", "distilled")


@dataclass(frozen=True, eq=False)
class FloatModel:
    """keras maps NHWC to what a task's student gives and holds the weights of the best epoch; curves are per epoch:
    loss, val_loss, and the objective's metric, such as accuracy, val_accuracy; the losses are the objective's, or the
    distillation loss of a distilled student."""

    keras: Any
    params: int
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


def require_train_extra() -> None:
    """Raise MissingTool unless all that training imports later is installed."""
    for package in ("tensorflow", "keras", "sklearn", "matplotlib"):
        if find_spec(package) is None:
            raise MissingTool(f"training needs the Python package {package}: run `{INSTALL_TRAIN}`.")


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what C++ and Python write to stdout and stderr; show it only if an error that is none of
    ours, which say all in one sentence, leaves the block."""
    with tempfile.TemporaryFile() as log, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sys.stdout.flush()
        sys.stderr.flush()
        saved = os.dup(1), os.dup(2)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        failed = False
        try:
            yield
        except Exception as error:
            failed = not isinstance(error, GenError)
            raise
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, copy in zip((1, 2), saved, strict=True):
                os.dup2(copy, number)
                os.close(copy)
            if failed:
                log.seek(0)
                sys.stderr.write(log.read().decode("utf-8", "replace"))


def start_tensorflow() -> None:
    """Import TensorFlow without its log, on one thread and with deterministic kernels: one seed, one result."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with quiet():
        import tensorflow as tf

        # Sums are split over threads, and float sums depend on the split; these models are too small to gain by it.
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.config.experimental.enable_op_determinism()


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
    say(
        f"{name}: {task.objective.told.format(curves[f'val_{task.objective.metric}'][best])} after epoch {best + 1}, "
        f"which is kept; {time.monotonic() - start:.1f} s"
    )
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
        metrics=[task.objective.metric],
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


def train_task(task: Task, folder: Path, say: Say, repeats: int = 1) -> dict[str, Any]:
    """Train, quantize, and at the end write <task>.tflite, .png and .json into folder; returns the card.

    repeats: from how many seeds the two students are trained to say what distillation brings; the first makes the
    model. Raises MissingTool, UsageError (folder can't be written)."""
    from gen import card as cards
    from gen import quantize

    require_train_extra()
    start = time.monotonic()
    check_folder(folder)
    splits = task.splits()
    start_tensorflow()
    say(f"TensorFlow: started in {time.monotonic() - start:.1f} s; seed {task.seed}")
    runs: list[cards.Run] = []
    teacher = None
    for seed in range(task.seed, task.seed + repeats):
        trained = train(task, splits, seed, say, teacher)
        teacher = trained.teacher
        began = time.monotonic()
        with quiet():
            run = cards.Run(
                seed,
                trained,
                alone=quantize.quantize(trained.alone, splits.train.x, task.name),
                distilled=quantize.quantize(trained.distilled, splits.train.x, task.name),
            )
        say(f"quantized: {len(run.distilled.content)} bytes, in {time.monotonic() - began:.1f} s")
        runs.append(run)
    began = time.monotonic()
    card = cards.make(task, splits, runs)
    say(f"card: test set of {len(splits.test.y)} evaluated in {time.monotonic() - began:.1f} s")
    tell(card, say)
    cards.write(card, getattr(runs[0], card["kept"]).content, folder)
    say(f"written: {folder / task.name}.tflite, .json, .png; {time.monotonic() - start:.1f} s in all")
    return card


def tell(card: Mapping[str, Any], say: Say) -> None:
    """What went wrong, and which student that left."""
    for sentence in card["warnings"]:
        say(f"warning: {sentence}")


def summary(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The card in a few rows: (what, figure)."""
    rows = []
    for name in NAMES:
        model = card["models"][name]
        objective = of(model["test_float"])
        figures = [f"{objective.figure} {model['test_float'][objective.key]:.2%} on test as float"]
        if "test_int8" in model:
            figures += [f"{model['test_int8'][objective.key]:.2%} as int8", f"{model['tflite_bytes']} bytes"]
        rows.append((name, ", ".join(figures)))
    warnings = [("warning", sentence) for sentence in card.get("warnings", [])]
    return [*rows, ("distillation", card["distillation"]["summary"]), *warnings]
