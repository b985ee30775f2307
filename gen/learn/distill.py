"""Losses with which a student learns from a teacher: Keras models around it that are trained in its place."""

from collections.abc import Callable
from typing import Any

from gen.errors import UsageError
from gen.learn.objective import Distillation, Objective

# Tung and Mori weight their loss by 3,000 for batches of 128, which is 23 for each row of a batch's matrix.
SIMILARITY = 23.0


def by_logits(student: Any, teacher: Any, settings: Distillation, objective: Objective) -> Any:
    """A Keras model that trains student with mix_losses(), on the training and on the validation split. teacher: a
    Keras model with the same inputs and outputs."""
    return learner(student, teacher, settings, objective, outputs=True, features=False)


def learner(
    student: Any, teacher: Any, settings: Distillation, objective: Objective, *, outputs: bool, features: bool
) -> Any:
    """A Keras model that trains student with what is asked for, on the training and on the validation split. outputs:
    the loss is mix_losses(); features: SIMILARITY x similarity_loss() of every pair of matched() comes on top. student
    and teacher: Sequential or functional, with the same inputs and outputs.

    Raises UsageError where there are no features to match."""
    import keras
    from keras import ops

    ours, theirs = matched(student, teacher) if features else ([], [])
    watched, guide = _watched(student, ours), _watched(teacher, theirs)
    maps: list[Any] = []  # of the batch that is in call() and then in compute_loss()

    class Distiller(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.student = student

        def call(self, x: Any, training: bool = False) -> Any:
            y, *maps[:] = watched(x, training)
            return y

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            loss = super().compute_loss(x, y, y_pred, sample_weight, training)
            taught, *shown = map(ops.stop_gradient, guide(x, False))
            if outputs:
                loss = mix_losses(loss, taught, y_pred, settings, objective)
            for theirs, ours in zip(shown, maps, strict=True):
                loss += SIMILARITY * similarity_loss(theirs, ours)
            return loss

    return Distiller()


def _watched(model: Any, maps: list[Any]) -> Callable[[Any, bool], list[Any]]:
    """(x, training) -> what model gives, and these of its inner tensors."""
    import keras

    if not maps:
        return lambda x, training: [model(x, training=training)]
    watched = keras.Model(model.inputs[0], [model.outputs[0], *maps])
    return lambda x, training: list(watched(x, training=training))


def mix_losses(hard: Any, teacher: Any, student: Any, settings: Distillation, objective: Objective) -> Any:
    """(1 - alpha) hard + the teacher's part, as the objective has it; teacher and student: outputs of a batch."""
    return (1.0 - settings.alpha) * hard + objective.distillation_loss(teacher, student, settings)


def similarity_loss(teacher: Any, student: Any) -> Any:
    """How differently two see which examples of a batch are alike: |G_t - G_s|^2 / N, G = F F^T with rows of length 1,
    F being a batch's N feature maps (N x ..., float32), flat (Tung and Mori: Similarity-Preserving Knowledge
    Distillation, 2019, with a mean over rows where they have one over all elements, so that a row weighs the same in
    every batch size). The maps may have different shapes: there is nothing to learn between them."""
    from keras import ops

    return ops.mean(ops.sum(ops.square(_similarities(teacher) - _similarities(student)), axis=-1))


def _similarities(features: Any) -> Any:
    """N x N, each row of length 1."""
    from keras import ops

    flat = ops.reshape(features, (ops.shape(features)[0], -1))
    products = flat @ ops.transpose(flat)
    # Where no channel answers to an example its row is 0, and the length's gradient must not be infinite.
    return products / ops.sqrt(ops.sum(ops.square(products), axis=-1, keepdims=True) + 1e-12)


def matched(student: Any, teacher: Any) -> tuple[list[Any], list[Any]]:
    """Outputs of activations at the same depth of both: the last, and the one half-way where both have several.

    Raises UsageError where one has none."""
    ours, theirs = activations(student), activations(teacher)
    if not ours or not theirs:
        who = "student" if not ours else "teacher"
        raise UsageError(f"the {who} has no activation, so it has no features to compare: leave out `features`.")
    several = min(len(ours), len(theirs)) > 1
    places = [[-1, (len(found) - 1) // 2] if several else [-1] for found in (ours, theirs)]
    return [ours[place] for place in places[0]], [theirs[place] for place in places[1]]


def activations(model: Any) -> list[Any]:
    """What each rectifier of a Sequential or functional model gives, as symbolic Keras tensors, in order: that of a
    layer or, as of quantization-aware training, of one inside it."""
    import keras

    rectified = (keras.activations.relu, keras.activations.relu6)
    return [
        layer.output
        for layer in model.layers
        if isinstance(layer, keras.layers.ReLU)
        or getattr(getattr(layer, "layer", layer), "activation", None) in rectified
    ]
