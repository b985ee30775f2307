"""Which layer quantization costs most: found where a layer is made bad on purpose."""

from typing import Any

import numpy as np
import pytest

from gen.compress import qat
from gen.compress.sensitivity import LayerCost, sensitivity
from gen.data.examples import Examples, Splits
from gen.learn import task, tensorflow
from gen.learn.train import FloatModel

TASK = task.load_task("digits")  # of which only the objective matters here


def _model() -> Any:
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((6, 6, 2)),
            layers.Conv2D(8, 3, activation="relu", name="first"),
            layers.Conv2D(8, 3, activation="relu", name="second"),
            layers.Flatten(name="flat"),
            layers.Dense(16, activation="relu", name="third"),
            layers.Dense(6, name="last"),
        ]
    )


@pytest.fixture(scope="module")
def random() -> tuple[FloatModel, Splits]:
    """A model with random weights and examples with the classes that it gives: as float it is always right."""
    import keras

    tensorflow.start_tensorflow()
    keras.utils.set_random_seed(2)
    model = FloatModel(_model(), 0, {})
    x = np.random.default_rng(3).normal(0, 1, (200, 6, 6, 2)).astype(np.float32)
    examples = Examples(x, np.argmax(model.outputs(x), axis=-1).astype(np.int64))
    return model, Splits(examples, examples, examples)


def _costs(model: FloatModel, splits: Splits) -> dict[str, LayerCost]:
    return {cost.layer: cost for cost in sensitivity(model, TASK, splits)}


def test_a_healthy_model_loses_little_anywhere_and_twice_the_same(random: tuple[FloatModel, Splits]) -> None:
    model, splits = random
    costs = _costs(model, splits)
    assert set(costs) == {qat.INPUT, "first", "second", "third", "last"}
    assert all(cost.drop <= 2.0 and 0.0 < cost.change < 0.05 for cost in costs.values())
    assert costs == _costs(model, splits)


@pytest.mark.parametrize(("bad", "following"), [("first", "second"), ("third", "last")])
def test_a_layer_made_bad_is_the_worst(random: tuple[FloatModel, Splits], bad: str, following: str) -> None:
    """A channel that is always enormous takes the range from all others of the layer, and nobody reads it."""
    model, splits = random
    spoiled = _model()
    spoiled.set_weights(model.keras.get_weights())
    kernel, bias = spoiled.get_layer(bad).get_weights()
    read, rest = spoiled.get_layer(following).get_weights()
    bias[0] += 1000.0
    read[..., 0, :] = 0.0
    spoiled.get_layer(bad).set_weights([kernel, bias])
    spoiled.get_layer(following).set_weights([read, rest])
    truth = np.argmax(np.asarray(spoiled(splits.validation.x)), axis=-1).astype(np.int64)
    examples = Examples(splits.validation.x, truth)
    worst, *others = sensitivity(FloatModel(spoiled, 0, {}), TASK, Splits(examples, examples, examples))
    assert worst.layer == bad
    assert worst.drop > 10.0
    assert worst.alone == pytest.approx(1.0 - worst.drop / 100.0)
    assert worst.all_but > 0.97
    for cost in others:
        assert cost.drop < worst.drop / 3
        assert cost.change < worst.change / 3
        assert cost.all_but < 0.9
