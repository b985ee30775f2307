"""Losses by which a student learns from a teacher's features: the formula, the layers compared, and that it learns."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compress import qat
from gen.errors import UsageError
from gen.learn import distill, task
from gen.learn.objective import CLASSIFY, Distillation
from gen.learn.tensorflow import start_tensorflow

SETTINGS = Distillation(temperature=4.0, alpha=0.5)


@pytest.fixture(scope="module", autouse=True)
def tensorflow() -> None:
    start_tensorflow()


def similarities(features: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    flat = features.reshape(len(features), -1).astype(np.float64)
    products = flat @ flat.T
    lengths = np.linalg.norm(products, axis=1, keepdims=True)
    rows: np.ndarray[Any, Any] = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return rows


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.sampled_from([(5,), (2, 3, 1), (4, 4, 3)]), st.booleans())
def test_similarity_loss_is_the_formula(seed: int, batch: int, shape: tuple[int, ...], silent: bool) -> None:
    """Of Tung and Mori, 2019, equation 4, times the batch's size."""
    rng = np.random.default_rng(seed)
    teacher = rng.normal(0, 1, (batch, 3, 3, 2)).astype(np.float32)
    student = np.maximum(rng.normal(0, 1, (batch, *shape)), 0).astype(np.float32)
    if silent:
        student[0] = 0  # an example that no channel answers to
    gap = similarities(teacher) - similarities(student)
    expected = batch * np.sum(gap**2) / batch**2
    assert float(distill.similarity_loss(teacher, student)) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_similarity_loss_has_a_gradient_where_no_channel_answers() -> None:
    import tensorflow as tf

    features = tf.Variable(np.array([[0.0, 0.0], [1.0, 2.0], [3.0, 1.0]], np.float32))
    with tf.GradientTape() as tape:
        loss = distill.similarity_loss(np.eye(3, dtype=np.float32), features)
    assert np.isfinite(tape.gradient(loss, features).numpy()).all()


@settings(derandomize=True, deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10.0))
def test_neither_scale_nor_an_orthogonal_turn_of_the_features_matters(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (5, 4)).astype(np.float32)
    turn, _ = np.linalg.qr(rng.normal(0, 1, (4, 4)))
    turned = (scale * features @ turn).astype(np.float32)
    assert float(distill.similarity_loss(features, turned)) == pytest.approx(0.0, abs=1e-5)


def model(rectifiers: int, fused: bool = False) -> Any:
    from keras import Input, Sequential, layers

    chain: list[Any] = [Input((8, 8, 1))]
    for number in range(rectifiers):
        chain.append(layers.Conv2D(number + 2, 3, padding="same", activation="relu" if fused else None))
        chain += [] if fused else [layers.ReLU()]
    return Sequential([*chain, layers.Flatten(), layers.Dense(10)])


@pytest.mark.parametrize(
    ("student", "teacher", "channels"),
    [
        (1, 4, ([2], [5])),
        (4, 4, ([5, 3], [5, 3])),
        (2, 5, ([3, 2], [6, 4])),
        (3, 1, ([4], [2])),
    ],
)
@pytest.mark.parametrize("fused", [False, True])
def test_the_last_features_are_compared_and_those_half_way(
    student: int, teacher: int, channels: tuple[list[int], list[int]], fused: bool
) -> None:
    pairs = distill.matched(model(student, fused), model(teacher))
    assert tuple([tensor.shape[-1] for tensor in tensors] for tensors in pairs) == channels


def test_without_activations_there_is_nothing_to_compare() -> None:
    with pytest.raises(UsageError, match="the student has no activation"):
        distill.matched(model(0), model(1))
    with pytest.raises(UsageError, match="the teacher has no activation"):
        distill.matched(model(1), model(0))


@pytest.mark.parametrize("name", task.list_tasks())
def test_every_task_s_student_has_features_to_match(name: str) -> None:
    found = task.load_task(name)
    ours, theirs = distill.matched(found.student(), found.teacher())
    assert len(ours) == len(theirs) == 2


@pytest.mark.parametrize(("outputs", "features"), [(False, True), (True, True), (True, False)])
def test_a_learner_has_just_the_losses_asked_for(outputs: bool, features: bool) -> None:
    import keras

    keras.utils.set_random_seed(3)
    student, teacher = model(2), model(3)
    rng = np.random.default_rng(3)
    x, y = rng.random((6, 8, 8, 1)).astype(np.float32), rng.integers(0, 10, 6)
    learner = distill.learner(student, teacher, SETTINGS, CLASSIFY, outputs=outputs, features=features)
    learner.compile(optimizer=keras.optimizers.Adam(1e-2), loss=CLASSIFY.loss())
    found = float(learner.evaluate(x, y, batch_size=6, verbose=0))

    hard = float(CLASSIFY.loss()(y, student(x)))
    expected = float(distill.mix_losses(hard, teacher(x), student(x), SETTINGS, CLASSIFY)) if outputs else hard
    for ours, theirs in zip(*distill.matched(student, teacher), strict=True) if features else ():
        maps = [np.asarray(keras.Model(m.inputs[0], t)(x)) for m, t in ((student, ours), (teacher, theirs))]
        expected += distill.SIMILARITY * float(distill.similarity_loss(maps[1], maps[0]))
    assert found == pytest.approx(expected, rel=1e-4)

    fixed = [weight.copy() for weight in teacher.get_weights()]
    learner.fit(x, y, epochs=8, batch_size=6, verbose=0)
    assert float(learner.evaluate(x, y, batch_size=6, verbose=0)) < found
    assert all(np.array_equal(a, b) for a, b in zip(fixed, teacher.get_weights(), strict=True))
    assert len(learner.trainable_variables) == len(student.trainable_variables)


def test_features_of_a_model_in_quantization_aware_training_are_those_of_its_float_model() -> None:
    x = np.random.default_rng(3).random((4, 8, 8, 1)).astype(np.float32)
    for fused in (False, True):
        student, teacher = model(2, fused), model(3)
        floating, _ = distill.matched(student, teacher)
        simulated, _ = distill.matched(qat.prepare(student, x), teacher)
        assert [tensor.shape for tensor in simulated] == [tensor.shape for tensor in floating]
