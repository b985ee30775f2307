"""Quantization-aware training: a float model -> one that computes as its int8 .tflite will, rounding included, and can
still be trained -> that .tflite, with the weights and ranges that training found.

The simulation is that of Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference, 2018: weights and activations are rounded in the forward pass, gradients pass
straight through the rounding, and the ranges of activations are moving averages over batches. It follows TFLite's
int8 converter where that differs: a scale for each output channel, and normalizations folded once, before training."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gen.errors import UsageError
from gen.learn import quantize
from gen.learn.train import FloatModel
from gen.model.graph import Array
from gen.model.quantized import QuantizedModel

INPUT = "input"  # the place of the model's input; other places have their layers' names
WEIGHTED = ("Conv2D", "DepthwiseConv2D", "Dense")
ROUNDING = (*WEIGHTED, "Add", "ReLU", "GlobalAveragePooling2D")  # their outputs have scales of their own
PASSING = ("MaxPooling2D", "Flatten", "Dropout")  # theirs have their inputs' scale
BATCH = 64  # examples whose ranges are measured at once


@dataclass(frozen=True, eq=False)
class Stage:
    """What makes one tensor of the .tflite."""

    layer: Any
    inputs: tuple[int, ...]  # numbers of the stages that it reads, -1 is the model's input
    norm: Any = None  # the normalization folded into the layer
    relu: Any = None  # the ReLU fused with it

    @property
    def kind(self) -> str:
        return type(self.layer).__name__

    @property
    def channel_axes(self) -> int:
        """How many of the kernel's last axes tell output channels apart: a depthwise one is H x W x input channel x
        multiplier."""
        return 2 if self.kind == "DepthwiseConv2D" else 1


@dataclass(frozen=True, eq=False)
class Simulation:
    """A model that computes as int8 would."""

    stages: Sequence[Stage]
    folded: Sequence[Any]  # the same as Keras layers, with the normalizations folded
    ranges: Mapping[str, tuple[float, float]]  # the lowest and the highest number at each place
    shape: tuple[int, ...]  # of the input: H, W, C

    def rounding_at(self, places: Collection[str]) -> Any:
        """A Keras model that rounds at these places and computes in float elsewhere. All that are made share their
        weights."""
        from gen.compress.fake_quant import FakeQuant, FakeQuantWeights

        layers = [
            FakeQuantWeights(layer, stage.channel_axes, name=f"{layer.name}_weights")
            if stage.kind in WEIGHTED and layer.name in places
            else layer
            for stage, layer in zip(self.stages, self.folded, strict=True)
        ]

        def rounded(place: str, tensor: Any) -> Any:
            return FakeQuant(*self.ranges[place], name=f"{place}_range")(tensor) if place in places else tensor

        model, _ = build(self.shape, self.stages, layers, rounded)
        return model


def prepare(model: Any, x: Array) -> Any:
    """A Keras model like model, Sequential or functional of the layers that models/*.py have, without its
    normalizations, that rounds wherever the int8 .tflite does: weights, and activations in ranges that x, NHWC from
    the training split, gives at first. train.fit() can train it. The model given stays as it is.

    Raises UsageError on a layer that can't be simulated."""
    simulation = simulate(model, x)
    return simulation.rounding_at(simulation.ranges)


def finish(prepared: FloatModel, x: Array, name: str) -> QuantizedModel:
    """What quantize.quantize() makes of a model whose keras is prepare()'s, trained since or not: the int8 .tflite with
    its weights and ranges. x, NHWC, is what the converter wants to see; nothing depends on it."""
    import keras

    from gen.compress.fake_quant import FakeQuantWeights

    # The converter rounds weights as they are simulated, and takes a range from the operator that FakeQuant is made of.
    plain = keras.models.clone_model(
        prepared.keras, clone_function=lambda layer: layer.layer if isinstance(layer, FakeQuantWeights) else layer
    )
    return quantize.quantize(replace(prepared, keras=plain), x, name)


def simulate(model: Any, x: Array) -> Simulation:
    """The places are INPUT and the names of layers, in order of computation: what is rounded at a layer's is its
    weights and its output. x as prepare() takes it; raises as that does."""
    stages = read(model)
    folded = [fold(stage) for stage in stages]
    shape = tuple(model.inputs[0].shape[1:])
    return Simulation(stages, folded, _measure(*build(shape, stages, folded), x), shape)


def read(model: Any) -> list[Stage]:
    """The stages of a Keras model; their layers are the model's own. Raises UsageError as prepare() does."""
    import keras
    from keras import tree

    copy = keras.models.clone_model(model)  # of which each layer was called once: it has one input and one output
    layers = [layer for layer in copy.layers if not isinstance(layer, keras.layers.InputLayer)]
    readers = Counter(id(tensor) for layer in layers for tensor in tree.flatten(layer.input))
    readers.update(id(tensor) for tensor in copy.outputs)
    stages: list[Stage] = []
    made_by = {id(tensor): -1 for tensor in copy.inputs}
    for layer in layers:
        inputs = tree.flatten(layer.input)
        stage = Stage(model.get_layer(layer.name), tuple(made_by[id(tensor)] for tensor in inputs))
        last = stage.inputs[0]
        fused = _fuse(stages[last], stage.layer) if last >= 0 and readers[id(inputs[0])] == 1 else None
        if fused is not None:
            stages[last] = fused
        else:
            _require_known(stage)
            stages.append(stage)
        made_by[id(layer.output)] = last if fused is not None else len(stages) - 1
    return stages


def _fuse(stage: Stage, layer: Any) -> Stage | None:
    """The stage with the layer, its only reader, in it; None where the converter makes that an operator of its own."""
    if stage.relu is not None or _activation(stage) != "linear":
        return None
    kind = type(layer).__name__
    if kind == "BatchNormalization" and stage.kind in WEIGHTED and stage.norm is None:
        return replace(stage, norm=layer)
    if kind == "ReLU" and _is_plain(layer) and stage.kind in (*WEIGHTED, "Add"):
        return replace(stage, relu=layer)
    return None


def _require_known(stage: Stage) -> None:
    known = stage.kind in (*ROUNDING, *PASSING) and _activation(stage) in ("linear", "relu", "relu6")
    if not known or (stage.kind == "ReLU" and not _is_plain(stage.layer)):
        raise UsageError(
            f"quantization-aware training can't simulate layer {stage.layer.name!r} ({stage.kind}) where it is: it "
            f"knows {', '.join((*ROUNDING, *PASSING))}, and BatchNormalization right after a layer with weights; "
            "activations are ReLU, without end or to 6. Quantize the model after training instead."
        )


def _activation(stage: Stage) -> str:
    """Of a layer that has one of its own; "linear" of another."""
    return str(getattr(getattr(stage.layer, "activation", None), "__name__", "linear"))


def _is_plain(relu: Any) -> bool:
    """Is it one that TFLite has?"""
    return relu.max_value in (None, 6.0) and not relu.negative_slope and not relu.threshold


def fold(stage: Stage) -> Any:
    """A new layer, built, that computes what the stage's layer and then its normalization do in inference."""
    config = stage.layer.get_config()
    layer = type(stage.layer).from_config(config if stage.norm is None else {**config, "use_bias": True})
    if stage.kind not in WEIGHTED:
        return layer
    layer.build_from_config(stage.layer.get_build_config())
    kernel, *rest = stage.layer.get_weights()
    bias = rest[0] if rest else np.float32(0)
    norm = stage.norm
    if norm is not None:
        gamma = np.asarray(norm.gamma) if norm.scale else np.float32(1)
        beta = np.asarray(norm.beta) if norm.center else np.float32(0)
        factor = gamma / np.sqrt(np.asarray(norm.moving_variance) + norm.epsilon)
        kernel = kernel * factor.reshape(kernel.shape[-stage.channel_axes :])
        bias = beta + (bias - np.asarray(norm.moving_mean)) * factor
    layer.set_weights([kernel, bias] if layer.use_bias else [kernel])
    return layer


def build(
    shape: tuple[int, ...],
    stages: Sequence[Stage],
    layers: Sequence[Any],
    rounded: Callable[[str, Any], Any] = lambda place, tensor: tensor,
) -> tuple[Any, dict[str, Any]]:
    """A Keras model with layers in place of the stages' own and their normalizations, and its tensor at each place:
    what rounded(place, tensor) made of the tensor."""
    import keras

    inputs = keras.Input(shape)
    places = {INPUT: rounded(INPUT, inputs)}
    tensors: list[Any] = []
    for stage, layer in zip(stages, layers, strict=True):
        arguments = [tensors[number] if number >= 0 else places[INPUT] for number in stage.inputs]
        y = layer(arguments if len(arguments) > 1 else arguments[0])
        if stage.relu is not None:
            y = type(stage.relu).from_config(stage.relu.get_config())(y)
        if stage.kind in ROUNDING:
            y = places[stage.layer.name] = rounded(stage.layer.name, y)
        tensors.append(y)
    return keras.Model(inputs, tensors[-1]), places


def _measure(model: Any, places: Mapping[str, Any], x: Array) -> dict[str, tuple[float, float]]:
    """The ranges over the examples that the converter would measure."""
    import keras

    watched = keras.Model(model.input, list(places.values()))
    examples = x[: quantize.REPRESENTATIVE]
    ends = []
    for start in range(0, len(examples), BATCH):
        tensors = watched(examples[start : start + BATCH], training=False)
        ends.append([(np.min(tensor), np.max(tensor)) for tensor in tensors])
    lows, highs = np.min(ends, axis=0)[:, 0], np.max(ends, axis=0)[:, 1]
    return dict(zip(places, zip(lows.tolist(), highs.tolist(), strict=True), strict=True))
