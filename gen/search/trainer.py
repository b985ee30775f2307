"""A candidate of `search` -> trained and int8: its recipe carried out on the task's examples in its resolution."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from gen.compress.recipe import Recipe, parse
from gen.compress.run import fine_tuning
from gen.data.examples import Splits
from gen.data.resample import resample, weights
from gen.learn import distill, quantize, tensorflow, train
from gen.learn.architectures import Shape
from gen.learn.objective import Distillation
from gen.learn.task import Task, Training
from gen.learn.train import FloatModel
from gen.model import values
from gen.model.graph import Array
from gen.model.quantized import QuantizedModel
from gen.progress import Say
from gen.search.space import Candidate, build, settle

SHORT_TRAINING = 1 / 5  # of the epochs, for the training that decides whether a candidate is worth all of them
RANGE_EXAMPLES = 200  # examples that an untrained model's ranges come from


@dataclass(frozen=True, eq=False)
class Trainer:
    """Carries out candidates' recipes on a task."""

    task: Task
    splits: Splits
    folder: Path  # where the teacher is kept, so that it is trained once for all processes and runs of a study
    say: Say

    @property
    def shape(self) -> Shape:
        """Of the task's input: H, W, C."""
        height, width, channels = self.splits.train.x.shape[1:]
        return height, width, channels

    @property
    def outputs(self) -> int:
        return int(self.splits.train.y.max()) + 1

    def untrained(self, candidate: Candidate) -> QuantizedModel:
        """What the candidate will need of a board, but for what depends on its weights."""
        from gen.compress import prune

        recipe, x = parse(candidate.recipe), self.splits.train.x[:RANGE_EXAMPLES]
        with tensorflow.quiet():
            import keras

            keras.utils.set_random_seed(self.task.seed)
            model = self._build(candidate)
            if recipe.prune is not None:
                model = prune.narrow(model, recipe.prune)
            x = self.seen(candidate, x)
            settle(model, x)
            return quantize.quantize(FloatModel(model, 0, {}, self.task.objective), x, self.task.name)

    def short(self, candidate: Candidate) -> float:
        """The figure on validation, 0..1, after the recipe's first training with SHORT_TRAINING of its epochs."""
        whole = self.task.student_training
        training = replace(whole, epochs=max(1, round(SHORT_TRAINING * whole.epochs)))
        return self.score(candidate, self._fit(candidate, partial(self._build, candidate), training))

    def whole(self, candidate: Candidate) -> tuple[FloatModel, QuantizedModel]:
        """All of the recipe, from the task's seed: the same candidate gives the same bytes. The float model is the one
        before the step to int8, which computes as int8 would after qat."""
        from gen.compress import prune, qat

        recipe, x = parse(candidate.recipe), self.seen(candidate, self.splits.train.x)
        whole = self.task.student_training
        model = self._fit(candidate, partial(self._build, candidate), whole)
        if recipe.prune is not None:
            model = self._fit(candidate, partial(prune.shrink, model.keras, recipe.prune, x), fine_tuning(whole))
        if recipe.end == "qat":
            model = self._fit(candidate, partial(qat.prepare, model.keras, x), fine_tuning(whole))
        finish = qat.finish if recipe.end == "qat" else quantize.quantize
        with tensorflow.quiet():
            return model, finish(model, x, self.task.name)

    def epochs(self, recipe: Recipe) -> int:
        """Of whole()."""
        whole = self.task.student_training
        tunings = (recipe.prune is not None) + (recipe.end == "qat")
        return whole.epochs + tunings * fine_tuning(whole).epochs

    def score(self, candidate: Candidate, model: FloatModel) -> float:
        """The figure on validation, 0..1."""
        validation = self.splits.validation
        return self.task.objective.score(model.outputs(self.seen(candidate, validation.x)), validation)

    def score_int8(self, candidate: Candidate, model: QuantizedModel) -> float:
        """Likewise, computed by the NumPy reference."""
        validation = self.splits.validation
        computed = values.outputs(model.graph, self.seen(candidate, validation.x))
        return self.task.objective.score(computed, validation)

    def seen(self, candidate: Candidate, x: Array) -> Array:
        """x, float32 NHWC of the task, in the candidate's resolution."""
        height, width, _ = candidate.input_shape(self.shape)
        return resample(x, (height, width))

    def teacher(self) -> FloatModel:
        """Of the task, in its own resolution."""
        path = self.folder / "teacher.keras"
        if path.exists():
            with tensorflow.quiet():
                import keras

                return FloatModel(keras.models.load_model(path), 0, {}, self.task.objective)
        task = self.task
        trained = train.fit(
            "teacher", task.teacher, task.teacher_training, task, self.splits, seed=task.seed, say=self.say
        )
        save_keras(trained.keras, path)
        return trained

    def _build(self, candidate: Candidate) -> Any:
        return build(candidate, self.task, self.shape, self.outputs)

    def _fit(self, candidate: Candidate, make: Callable[[], Any], training: Training) -> FloatModel:
        """make() builds what is trained. Augmentation is of the task's resolution, and so is the teacher's input."""
        teacher = self.teacher().keras if parse(candidate.recipe).needs_teacher else None
        settings = Distillation(candidate.temperature, candidate.alpha)

        def wrap(model: Any) -> Any:
            learner = in_front(model, self.shape)
            if teacher is None:
                return learner
            return distill.by_logits(learner, teacher, settings, self.task.objective)

        task = self.task
        return train.fit("", make, training, task, self.splits, seed=task.seed, say=lambda _: None, wrap=wrap)


def in_front(model: Any, shape: Shape) -> Any:
    """A Keras model that resamples inputs of this shape, H, W, C, for model; model itself where they are its own."""
    import keras
    from keras import ops

    height, width, _ = model.input_shape[1:]
    if (height, width) == shape[:2]:
        return model
    rows, columns = weights(shape[0], height), weights(shape[1], width)

    class Resample(keras.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return ops.einsum("qw,npwc->npqc", columns, ops.einsum("ph,nhwc->npwc", rows, x))

    inputs = keras.Input(shape)
    return keras.Model(inputs, model(Resample()(inputs)))


def save_keras(model: Any, path: Path) -> None:
    """Whole or not at all, whatever interrupts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".keras-") as scratch, tensorflow.quiet():
        model.save(Path(scratch) / "model.keras")
        (Path(scratch) / "model.keras").replace(path)
