"""Losses with which a student learns from a teacher: Keras models around it that are trained in its place."""

from typing import Any

from gen.task import Distillation


def by_logits(student: Any, teacher: Any, settings: Distillation) -> Any:
    """A Keras model that trains student with mix_losses(), on the training and on the validation split. teacher: a
    Keras model with the same inputs and classes."""
    import keras
    from keras import ops

    class Distiller(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.student = student

        def call(self, x: Any, training: bool = False) -> Any:
            return self.student(x, training=training)

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            hard = super().compute_loss(x, y, y_pred, sample_weight, training)
            taught = ops.stop_gradient(teacher(x, training=False))
            return mix_losses(hard, taught, y_pred, settings)

    return Distiller()


def mix_losses(hard: Any, teacher_logits: Any, student_logits: Any, settings: Distillation) -> Any:
    """(1 - alpha) hard + alpha T^2 KL(p_t || p_s), the mean over the batch; logits N x classes."""
    from keras import ops

    log_p_t = ops.log_softmax(teacher_logits / settings.temperature)
    log_p_s = ops.log_softmax(student_logits / settings.temperature)
    divergence = ops.mean(ops.sum(ops.exp(log_p_t) * (log_p_t - log_p_s), axis=-1))
    return (1.0 - settings.alpha) * hard + settings.alpha * settings.temperature**2 * divergence
