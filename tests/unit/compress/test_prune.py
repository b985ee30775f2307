"""Pruning: sizes as predicted for every architecture, the same function where what is cut was dead, zeros that stay."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.compress import channels as prune_graph
from gen.compress import prune
from gen.data.examples import Examples
from gen.errors import UsageError
from gen.learn import architectures, distill, quantize, task, tensorflow, train
from gen.learn.objective import Distillation
from gen.learn.task import Training
from gen.model import tflite
from gen.model.graph import Array
from gen.model.values import outputs

ARCHITECTURES: dict[str, Callable[[], Any]] = {
    "image student": partial(architectures.student, (16, 16, 1), 3),
    "image teacher": partial(architectures.teacher, (32, 32, 3), 3),
    "series student": partial(architectures.student, (1, 100, 6), 3),
}
for name in task.list_tasks():
    ARCHITECTURES[f"{name} student"] = task.load_task(name).student
    ARCHITECTURES[f"{name} teacher"] = task.load_task(name).teacher


@pytest.fixture(autouse=True)
def _seeded() -> None:
    tensorflow.start_tensorflow()
    import keras

    keras.utils.set_random_seed(1)


def _examples(model: Any, count: int = 8) -> Array:
    return np.random.default_rng(1).normal(size=(count, *model.input_shape[1:])).astype(np.float32)


def _randomize(model: Any) -> None:
    """Factors and statistics of the normalizations as after training, not 0 and 1; biases too."""
    rng = np.random.default_rng(2)
    for layer in (layer for layer in model.layers if layer.weights):
        for weight in layer.weights:
            if weight.name != "kernel":
                weight.assign(rng.uniform(0.5, 1.5, weight.shape))


def _sizes(model: Any) -> dict[str, int]:
    """The channels that each layer with weights makes."""
    return {layer.name: layer.output.shape[-1] for layer in model.layers if layer.weights}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_layer_is_halved_but_not_the_models_outputs(name: str) -> None:
    model = ARCHITECTURES[name]()
    smaller = prune.shrink(model, 0.5, _examples(model, 2))
    halves = {6: 4, 8: 4, 12: 8, 16: 8, 20: 12, 24: 12, 32: 16, 48: 24, 64: 32, 96: 48}
    outputs = model.layers[-1].name
    expected = {name: size if name == outputs else halves.get(size, size) for name, size in _sizes(model).items()}
    assert expected[outputs] == model.output_shape[-1]
    assert _sizes(smaller) == expected
    assert (type(smaller), smaller.input_shape) == (type(model), model.input_shape)
    assert [weight.shape for weight in smaller.weights] == [weight.shape for weight in prune.narrow(model, 0.5).weights]
    assert smaller.count_params() < 0.6 * model.count_params()


def test_nothing_cut_is_the_same_function_and_the_model_stays_as_it_was() -> None:
    model = task.load_task("faces").student()
    _randomize(model)
    x, before = _examples(model), model.get_weights()
    assert np.array_equal(prune.shrink(model, 1e-6, x)(x), model(x))
    prune.shrink(model, 0.5, x)
    assert all(np.array_equal(was, is_) for was, is_ in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    ("count", "share", "left"),
    [(24, 0.5, 12), (12, 0.5, 8), (12, 0.6, 4), (8, 0.9, 4), (3, 0.9, 3), (10, 0.04, 10), (10, 0.1, 8), (11, 0.1, 11)],
)
def test_what_is_left_is_a_multiple_of_four_or_all(count: int, share: float, left: int) -> None:
    assert prune.count_left(count, share) == left


@dataclasses.dataclass
class _Planted:
    """Builds a functional model in which half of the channels that every layer makes are always 0."""

    rng: np.random.Generator
    dead: dict[str, Array] = dataclasses.field(default_factory=dict)

    def make(self, blocks: list[str], flat: bool) -> Any:
        from keras import Input, Model, layers

        inputs = Input((6, 5, 2))
        x, dead = self.convolution(inputs)
        for block in blocks:
            x, dead = getattr(self, block)(x, dead)
        x = (layers.Flatten() if flat else layers.GlobalAveragePooling2D())(x)
        hidden = layers.Dense(8, activation="relu", name="hidden")
        self.dead["hidden"] = self.half(8)
        model = Model(inputs, layers.Dense(3, name="fc")(hidden(x)))
        _randomize(model)
        for name, channels in self.dead.items():
            for weight in model.get_layer(name).weights:
                values = np.asarray(weight).copy()
                if not weight.name.startswith("moving"):
                    values.reshape(-1, len(channels))[:, channels] = 0.0
                weight.assign(values)
        return model

    def half(self, count: int) -> Array:
        dead = np.arange(count) < count // 2
        return self.rng.permutation(dead)

    def convolution(self, x: Any, dead: Array | None = None, made: Array | None = None) -> tuple[Any, Array]:
        """made: which of its channels are to be dead, other ones every time if not given."""
        from keras import layers

        made = self.half(int(self.rng.choice([8, 16]))) if made is None else made
        return self.normalized(layers.Conv2D(len(made), 3, padding="same", name=f"c{len(self.dead)}"), x, made)

    def depthwise(self, x: Any, dead: Array) -> tuple[Any, Array]:
        from keras import layers

        twice = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name=f"c{len(self.dead)}")
        return self.normalized(twice, x, np.repeat(dead, 2))

    def residual(self, x: Any, dead: Array) -> tuple[Any, Array]:
        from keras import layers

        return layers.Add()([x, self.convolution(x, dead, dead)[0]]), dead

    def concatenated(self, x: Any, dead: Array) -> tuple[Any, Array]:
        from keras import layers

        y, more = self.convolution(x, dead)
        return layers.Concatenate()([y, x]), np.concatenate([more, dead])

    def pooled(self, x: Any, dead: Array) -> tuple[Any, Array]:
        from keras import layers

        return layers.Dropout(0.2)(layers.MaxPooling2D(2, padding="same")(x)), dead

    def normalized(self, layer: Any, x: Any, dead: Array) -> tuple[Any, Array]:
        from keras import layers

        self.dead[layer.name] = self.dead[f"n{layer.name}"] = dead
        return layers.ReLU(6.0)(layers.BatchNormalization(name=f"n{layer.name}")(layer(x))), dead


BLOCKS = ["convolution", "depthwise", "residual", "concatenated", "pooled"]


@settings(derandomize=True, deadline=None, max_examples=6)
@given(st.lists(st.sampled_from(BLOCKS), min_size=1, max_size=4, unique=True), st.booleans(), st.integers(0, 99))
def test_dead_channels_are_the_ones_cut_and_the_outputs_stay(blocks: list[str], flat: bool, seed: int) -> None:
    planted = _Planted(np.random.default_rng(seed))
    model = planted.make(blocks, flat)
    x = _examples(model)
    smaller = prune.shrink(model, 0.5, x)
    assert np.ptp(model(x)) > 0
    np.testing.assert_allclose(smaller(x), model(x), rtol=1e-4, atol=1e-5)
    assert _sizes(smaller) == {"fc": 3, **{name: int(np.sum(~dead)) for name, dead in planted.dead.items()}}


def test_a_reshape_keeps_a_channel_at_all_places_or_at_none() -> None:
    """Dense(32) -> 2x2x8: four units are one channel; and a convolution's channels are in every row that reads it."""
    from keras import Input, Sequential, layers

    spread, read = layers.Dense(32, name="spread"), layers.Conv2D(2, 1, name="read")
    places = layers.Reshape((2, 2, -1), name="places")
    model = Sequential([Input((3,)), spread, places, read, layers.Flatten(), layers.Dense(3)])
    read.kernel.assign(np.asarray(read.kernel) * np.array(4 * [0.0, 1.0])[:, None])
    x = _examples(model)
    smaller = prune.shrink(model, 0.5, x)
    assert smaller.get_layer("places").output.shape[1:] == (2, 2, 4)
    assert np.array_equal(smaller.get_layer("spread").kernel, np.asarray(spread.kernel)[:, 1::2])
    np.testing.assert_allclose(smaller(x), model(x), rtol=1e-5, atol=1e-6)


def test_what_leads_to_an_output_or_is_added_to_an_input_stays() -> None:
    from keras import Input, Model, layers

    inputs = Input((4, 4, 6))
    added = layers.Add()([inputs, layers.Conv2D(6, 3, padding="same", name="added")(inputs)])
    inner = layers.Conv2D(6, 3, name="inner")(added)
    outputs = layers.ReLU()(layers.Conv2D(6, 1, name="last")(inner))
    assert _sizes(prune.narrow(Model(inputs, outputs), 0.5)) == {"added": 6, "inner": 4, "last": 6}


def test_importance_is_the_share_of_what_the_reader_gets() -> None:
    from keras import Input, Sequential, layers

    model = Sequential([Input((5,)), layers.Dense(4, activation="relu", name="a"), layers.Dense(3, name="b")])
    x = _examples(model)
    a, b = model.get_layer("a"), model.get_layer("b")
    received = np.mean(np.asarray(a(x)) ** 2, axis=0) * np.sum(np.asarray(b.kernel) ** 2, axis=1)
    channels = prune_graph.walk(model)
    (group,) = channels.groups
    assert np.allclose(prune.importance(channels, x)[group], received / received.sum())


def test_narrow_draws_its_weights_from_keras_seed() -> None:
    import keras

    model = task.load_task("motion").student()

    def draw(seed: int) -> Array:
        keras.utils.set_random_seed(seed)
        return np.asarray(prune.narrow(model, 0.5).get_layer("c3").kernel)

    assert np.array_equal(draw(5), draw(5))
    assert not np.any(draw(5) == draw(6))


def test_a_shrunk_model_converts_and_the_reference_runs_it() -> None:
    model = _Planted(np.random.default_rng(0)).make(["residual", "depthwise"], flat=True)
    x = _examples(model, 32)
    last = model.get_layer("fc")
    # Logits of mean 0 and deviation 1, or softmax would hide what comes before it.
    last.kernel.assign(last.kernel / np.std(model(x), axis=0))
    last.bias.assign(last.bias - np.mean(model(x), axis=0))
    with tensorflow.quiet():
        whole = quantize.convert(model, x)  # which calls the model's layers once more: shrink sees the model alone
        smaller = prune.shrink(model, 0.5, x)
        content = quantize.convert(smaller, x)
    logits = np.asarray(smaller(x))
    expected = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    given = outputs(tflite.read(content, "smaller"), x)
    assert len(content) < len(whole)
    assert np.ptp(expected[:, 0]) > 0.5
    assert np.max(np.abs(given - expected)) < 0.1


def _unsupported() -> dict[str, tuple[Callable[[Any], Any], str]]:
    import keras
    from keras import layers

    class Dense(layers.Dense):  # type: ignore[misc]
        pass

    twice: Any = layers.Conv2D(4, 1, name="twice")
    return {
        "normalized": (
            layers.LayerNormalization(name="odd"),
            r"'odd' \(LayerNormalization\) .* knows Activation, Add,",
        ),
        "own": (Dense(4, name="own"), "'own' .* can't be pruned"),
        "nested": (keras.Sequential([layers.Dense(4)], name="nested"), "'nested' .* can't be pruned"),
        "groups": (layers.Conv2D(4, 1, groups=2, name="groups"), "'groups' .* in one group"),
        "axis": (layers.BatchNormalization(axis=1, name="axis"), "'axis' .* the last one"),
        "twice": (lambda x: twice(twice(x)), "'twice' .* used twice"),
        "broadcast": (lambda x: layers.Add(name="sum")([x, layers.AveragePooling2D(4)(x)]), "'sum' .* one shape"),
        "operator": (lambda x: x + x, r"'add' \(Add\) can't be pruned"),
    }


@pytest.mark.parametrize("name", ["normalized", "own", "nested", "groups", "axis", "twice", "broadcast", "operator"])
def test_a_layer_that_cannot_be_cut_is_named(name: str) -> None:
    from keras import Input, Model, layers

    odd, message = _unsupported()[name]
    inputs = Input((4, 4, 4))
    model = Model(inputs, layers.Conv2D(2, 1)(odd(inputs)))
    with pytest.raises(UsageError, match=message):
        prune.narrow(model, 0.5)


@pytest.mark.parametrize("share", [-0.1, 0.0, 1.0, float("nan")])
def test_a_share_is_between_nothing_and_all(share: float) -> None:
    model = task.load_task("motion").student()
    for prunes in (prune.narrow, prune.sparsify, partial(prune.shrink, x=_examples(model))):
        with pytest.raises(UsageError, match="more than 0 and less than 1"):
            prunes(model, share)


def _tiny() -> Any:
    from keras import Input, Sequential, layers

    convolution = layers.Conv2D(4, 3, strides=2, use_bias=False, name="c1")
    return Sequential(
        [
            Input((8, 8, 1)),
            *architectures.normalized(convolution),
            layers.DepthwiseConv2D(3, name="c2"),
            layers.Flatten(name="flat"),
            layers.Dense(10, name="fc"),
        ]
    )


def test_zeros_are_the_smallest_weights_and_stay_in_every_step() -> None:
    import keras

    dense = _tiny()
    model = prune.sparsify(dense, 0.75)
    kernels = {name: np.asarray(model.get_layer(name).kernel) for name in ("c1", "c2", "fc")}
    for name in ("c1", "fc"):
        given = np.asarray(dense.get_layer(name).kernel)
        kept = kernels[name] != 0.0
        assert np.sum(~kept) == round(0.75 * given.size)
        assert np.abs(given[~kept]).max() <= np.abs(given[kept]).min()
        assert np.array_equal(kernels[name][kept], given[kept])
    counts = {name: kernel.size for name, kernel in kernels.items()}
    assert prune.zeros(dense) == 0.0
    assert prune.zeros(model) == pytest.approx(0.75 * (counts["c1"] + counts["fc"]) / sum(counts.values()))

    seen = []

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append([np.asarray(model.get_layer(name).kernel) for name in ("c1", "fc")])

    rng = np.random.default_rng(0)
    model.compile(keras.optimizers.Adam(1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(_examples(model, 32), rng.integers(0, 10, 32), batch_size=8, callbacks=[Watch()], verbose=0)
    assert len(seen) == 4
    for pair in seen:
        for name, trained in zip(("c1", "fc"), pair, strict=True):
            assert np.array_equal(trained == 0.0, kernels[name] == 0.0)
            assert not np.array_equal(trained, kernels[name])


def test_zeros_stay_when_a_teacher_trains_a_whole_epoch_as_one_step() -> None:
    digits = task.load_task("digits")
    splits = digits.splits()
    some = Examples(splits.train.x[:64], splits.train.y[:64])
    splits = dataclasses.replace(splits, train=some, validation=some)
    dense = _tiny()  # the teacher too
    taught = partial(distill.by_logits, teacher=dense, settings=Distillation(2.0, 0.5), objective=digits.objective)
    start = prune.sparsify(dense, 0.5)
    before, share = np.asarray(start.get_layer("fc").kernel), prune.zeros(start)
    training = Training(epochs=1, batch=16, learning_rate=1e-2)
    trained = train.fit("sparse", lambda: start, training, digits, splits, seed=1, say=lambda _: None, wrap=taught)
    after = np.asarray(trained.keras.get_layer("fc").kernel)
    assert prune.zeros(trained.keras) == share > 0.3
    assert np.array_equal(after == 0.0, before == 0.0)
    assert not np.array_equal(after, before)
