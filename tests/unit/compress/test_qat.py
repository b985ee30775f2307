"""Quantization-aware training: rounding by the formula, folded normalizations, agreement with the int8 .tflite, and a
model that quantization after training spoils."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compress import qat
from gen.data.examples import Examples, Splits
from gen.errors import UsageError
from gen.learn import quantize, task, tensorflow, train
from gen.learn.task import Task, Training
from gen.learn.train import FloatModel
from gen.model import reference
from gen.model.graph import Array
from gen.model.quantized import QuantizedModel
from gen.model.values import dequantize_tensor, outputs, quantize_input

FINE_TUNING = Training(epochs=6, batch=32, learning_rate=1e-3)


@pytest.fixture(scope="module", autouse=True)
def _tensorflow() -> None:
    tensorflow.start_tensorflow()


def _student() -> Any:
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(12, 3, padding="same", use_bias=False, name="a"),
            layers.BatchNormalization(momentum=0.9, name="na"),
            layers.ReLU(name="ra"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(12, 3, padding="same", activation="relu", name="b"),
            layers.Flatten(name="flat"),
            layers.Dense(10, name="fc"),
        ]
    )


@pytest.fixture(scope="module")
def small() -> Task:
    """digits with half of the images and a smaller student."""
    digits = task.load_task("digits")
    dataset = digits.load()
    half = dataclasses.replace(
        dataset, examples=Examples(dataset.examples.x[::2].copy(), dataset.examples.y[::2].copy())
    )
    return dataclasses.replace(digits, load=lambda: half, student=_student, validation_share=0.3, test_share=0.0)


@pytest.fixture(scope="module")
def splits(small: Task) -> Splits:
    return small.splits()


@pytest.fixture(scope="module")
def spoiled(small: Task, splits: Splits) -> FloatModel:
    """A trained student with every other channel of its first convolution 200 times weaker and the weights that read it
    200 times stronger: the same function, but one scale for all channels leaves the weak ones a level or two."""
    model = train.fit("float", _student, Training(10, 32, 1e-2), small, splits, seed=1, say=lambda _: None)
    norm, following = model.keras.get_layer("na"), model.keras.get_layer("b")
    before = model.outputs(splits.validation.x)
    gamma, beta, *moving = norm.get_weights()
    kernel, bias = following.get_weights()
    gamma[::2] /= 200.0
    beta[::2] /= 200.0
    kernel[:, :, ::2] *= 200.0
    norm.set_weights([gamma, beta, *moving])
    following.set_weights([kernel, bias])
    assert np.allclose(model.outputs(splits.validation.x), before, atol=1e-3)
    return model


def _tune(model: FloatModel, small: Task, splits: Splits) -> FloatModel:
    return train.fit(
        "qat",
        lambda: qat.prepare(model.keras, splits.train.x),
        FINE_TUNING,
        small,
        splits,
        seed=1,
        say=lambda _: None,
    )


@pytest.fixture(scope="module")
def tuned(spoiled: FloatModel, small: Task, splits: Splits) -> FloatModel:
    return _tune(spoiled, small, splits)


@pytest.fixture(scope="module")
def finished(tuned: FloatModel, splits: Splits) -> QuantizedModel:
    with tensorflow.quiet():
        return qat.finish(tuned, splits.train.x, "tuned")


def test_training_repairs_what_quantization_after_training_spoils(
    spoiled: FloatModel, finished: QuantizedModel, small: Task, splits: Splits
) -> None:
    score, examples = small.objective.score, splits.validation
    with tensorflow.quiet():
        after_training = quantize.quantize(spoiled, splits.train.x, "after")
    ptq = score(outputs(after_training.graph, examples.x), examples)
    aware = score(outputs(finished.graph, examples.x), examples)
    assert score(spoiled.outputs(examples.x), examples) > 0.95
    assert ptq < 0.8
    assert aware > ptq + 0.1
    assert aware > 0.9


def test_the_tflite_computes_what_was_trained(tuned: FloatModel, finished: QuantizedModel, splits: Splits) -> None:
    _require_agreement(tuned, finished, splits.validation.x, same=0.7)


def test_a_prepared_model_can_be_kept_in_a_file(tuned: FloatModel, splits: Splits, tmp_path: Path) -> None:
    import keras

    with tensorflow.quiet():
        tuned.keras.save(tmp_path / "tuned.keras")
        loaded = keras.models.load_model(tmp_path / "tuned.keras", compile=False)
    x = splits.validation.x
    assert np.array_equal(np.asarray(loaded(x, training=False)), tuned.outputs(x))


def test_a_second_run_gives_the_same_bytes(
    spoiled: FloatModel, finished: QuantizedModel, small: Task, splits: Splits
) -> None:
    with tensorflow.quiet():
        again = qat.finish(_tune(spoiled, small, splits), splits.train.x, "tuned")
    assert again.content == finished.content


def _require_agreement(simulated: FloatModel, finished: QuantizedModel, x: Array, same: float) -> None:
    """Before softmax, but for the last bit: what lies halfway between two numbers goes either way, as biases that
    int32 rounds decide, and in a spoiled model that grows. same: share of logits that agree in the last bit, too."""
    graph = finished.graph
    softmax = graph.ops[-1]
    assert softmax.kind == "softmax"
    logits = graph.input(softmax, 0)
    found = [reference.run(graph, quantize_input(graph, image[None]))[logits.index] for image in x]
    computed = np.concatenate([dequantize_tensor(logits, y) for y in found])
    expected = simulated.outputs(x)
    steps = np.abs(np.round((computed - expected) / np.float32(logits.scale)))
    assert np.mean(steps <= 1) > 0.99
    assert np.mean(steps == 0) > same
    assert np.mean(computed.argmax(-1) == expected.argmax(-1)) >= 0.995


def _every_kind() -> Any:
    """Every kind of layer that is known, a ReLU that is not fused, and a tensor that two layers read."""
    from keras import Input, Model, layers

    x = inputs = Input((9, 10, 2))
    x = layers.Conv2D(6, 3, strides=2, use_bias=False, name="c1")(x)
    x = layers.ReLU(6, name="r1")(layers.BatchNormalization(name="n1")(x))
    y = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="d2")(x)
    y = layers.ReLU(name="r2")(layers.BatchNormalization(scale=False, name="n2")(y))
    y = layers.BatchNormalization(center=False, name="n3")(layers.Conv2D(6, 1, name="c3")(y))
    x = layers.ReLU(name="r4")(layers.Add(name="add")([x, y]))
    x = layers.MaxPooling2D(2, name="pool")(x)
    flat = layers.Flatten(name="flat")(layers.Dropout(0.2, name="drop")(x))
    mean = layers.GlobalAveragePooling2D(name="mean")(x)
    wide = layers.Dense(16, activation="relu", name="h1")(flat)
    both = layers.Add(name="sum")([layers.Dense(16, name="h2")(mean), wide])
    active = layers.ReLU(name="r5")(both)
    return Model(inputs, layers.Dense(40, name="fc")(layers.Add(name="last")([active, both])))


def _randomized(build: Callable[[], Any]) -> Any:
    """The model with weights and statistics from a fixed seed."""
    import keras

    keras.utils.set_random_seed(2)
    model, rng = build(), np.random.default_rng(3)
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            for variable in layer.weights:
                variable.assign(rng.uniform(0.3, 1.5, variable.shape))
    return model


def test_the_tflite_computes_what_is_simulated_for_every_kind_of_layer() -> None:
    model = _randomized(_every_kind)
    before = [np.array(weights) for weights in model.get_weights()]
    x = np.random.default_rng(4).normal(0, 1, (100, 9, 10, 2)).astype(np.float32)
    with tensorflow.quiet():
        prepared = FloatModel(qat.prepare(model, x), model.count_params(), {})
        finished = qat.finish(prepared, x, "kinds")
        assert qat.finish(prepared, 0 * x[:1], "kinds").content == finished.content  # ranges are not measured again
    _require_agreement(prepared, finished, x, same=0.97)
    kinds = {op.kind for op in finished.graph.ops}
    assert kinds >= {"conv_2d", "depthwise_conv_2d", "add", "relu", "max_pool_2d", "mean", "fully_connected"}
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("name", task.list_tasks())
def test_folding_a_normalization_changes_nothing(name: str) -> None:
    model = _randomized(task.load_task(name).student)
    shape = model.inputs[0].shape[1:]
    x = np.random.default_rng(5).normal(0, 1, (20, *shape)).astype(np.float32)
    stages = qat.read(model)
    folded, _ = qat.build(shape, stages, [qat.fold(stage) for stage in stages])
    expected = np.asarray(model(x, training=False))
    assert not any(type(layer).__name__ == "BatchNormalization" for layer in folded.layers)
    assert np.allclose(np.asarray(folded(x, training=False)), expected, atol=1e-5 * np.abs(expected).max())


def test_a_layer_that_cannot_be_simulated_is_named() -> None:
    from keras import Input, Sequential, layers

    slope = Sequential([Input((4, 4, 1)), layers.Conv2D(2, 3, name="c"), layers.LeakyReLU(name="bent")])
    with pytest.raises(UsageError, match=r"'bent' \(LeakyReLU\).*after training"):
        qat.read(slope)
    late = Sequential([Input((4, 4, 1)), layers.Conv2D(2, 3, activation="relu"), layers.BatchNormalization(name="n")])
    with pytest.raises(UsageError, match=r"'n' \(BatchNormalization\)"):
        qat.read(late)


floats = st.floats(-50.0, 50.0, width=32)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.floats(-40.0, 0.0, width=32), st.floats(0.125, 40.0, width=32), st.lists(floats, min_size=1, max_size=40))
def test_activations_are_rounded_by_the_formula(low: float, high: float, values: list[float]) -> None:
    """q = round(x / scale) + zero point, in -128..127; x is next to q's number, and the zero point's is 0."""
    from gen.compress.fake_quant import FakeQuant

    x = np.array([*values, 0.0], np.float32)
    rounded = np.asarray(FakeQuant(low, high)(x), np.float64)
    scale = (high - low) / 255.0
    zero_point = np.clip(np.round(-128.0 - low / scale), -128, 127)
    q = rounded / scale + zero_point
    assert rounded[-1] == 0.0
    assert np.allclose(q, np.round(q), atol=1e-3)
    inside = np.clip(x / scale + zero_point, -128, 127)
    assert np.all(np.abs(q - inside) <= 0.501)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(3, 3, 4, 5), (8, 5), (3, 2, 4, 2)]), st.sampled_from([1, 2]))
def test_weights_are_rounded_by_the_formula(seed: int, shape: tuple[int, ...], axes: int) -> None:
    """127 times the scale is the largest weight of the output channel; a channel of zeros stays."""
    from gen.compress.fake_quant import round_weights

    axes = min(axes, len(shape) - 1)
    kernel = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    kernel.reshape(-1, int(np.prod(shape[-axes:])))[:, 0] = 0.0
    rounded = np.asarray(round_weights(kernel, axes))
    flat, found = (array.reshape(-1, int(np.prod(shape[-axes:]))) for array in (kernel, rounded))
    for ours, channel in zip(found[:, 1:].T, flat[:, 1:].T, strict=True):
        scale = np.abs(channel).max() / 127.0
        assert np.allclose(ours, np.round(channel / scale) * scale, atol=1e-6)
    assert np.all(found[:, 0] == 0.0)


def test_gradients_pass_straight_through() -> None:
    """Within the range, and to every weight."""
    import tensorflow as tf
    from keras import layers

    from gen.compress.fake_quant import FakeQuant, FakeQuantWeights

    x = tf.constant([[-3.0, -0.7, 0.2, 0.9, 4.0]])
    rounding = FakeQuant(-1.0, 1.0)
    dense = layers.Dense(3)
    dense.build((None, 5))
    weights = FakeQuantWeights(dense, 1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = rounding(x), weights(x)
    assert np.array_equal(tape.gradient(y, x), [[0.0, 1.0, 1.0, 1.0, 0.0]])
    assert np.allclose(tape.gradient(z, dense.kernel.value), np.repeat(x.numpy().T, 3, axis=1))


def test_ranges_follow_the_batches_in_training_only() -> None:
    from gen.compress.fake_quant import DECAY, FakeQuant

    rounding = FakeQuant(-1.0, 1.0)
    batch = np.array([2.0, 5.0], np.float32)
    rounding(batch)
    assert (float(rounding.low), float(rounding.high)) == (-1.0, 1.0)
    rounding(batch, training=True)
    assert float(rounding.low) == pytest.approx(-DECAY)
    assert float(rounding.high) == pytest.approx(DECAY + 5 * (1 - DECAY))
    rounding(0 * batch, training=True)
    assert float(rounding.low) == pytest.approx(-DECAY)
    assert np.array_equal(FakeQuant(0.0, 0.0)(0 * batch), 0 * batch)
