"""Which channels of a Keras model can be cut, and which of them only together.

Every channel of every tensor has a number. A convolution or a dense layer makes new numbers; a normalization or a
pooling hands them on; an addition says that two numbers are one channel. So what has to be cut alike follows from one
walk over the layers, whatever the shape of the graph (as it follows from dependencies between layers in Fang et al.,
DepGraph: Towards Any Structural Pruning, 2023)."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.errors import UsageError
from gen.model.graph import Array

# What each axis of a layer's weights counts: channels of the input, of the output, or nothing that is cut.
INPUT, OUTPUT, WHOLE = "input", "output", "whole"
WEIGHTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Conv2D": {"kernel": (WHOLE, WHOLE, INPUT, OUTPUT), "bias": (OUTPUT,)},
    "DepthwiseConv2D": {"kernel": (WHOLE, WHOLE, INPUT, WHOLE), "bias": (OUTPUT,)},
    "Dense": {"kernel": (INPUT, OUTPUT), "bias": (OUTPUT,)},
    "BatchNormalization": dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (OUTPUT,)),
}
# Layers that mix channels, with the argument that says how many they make.
MIXERS = {"Conv2D": "filters", "Dense": "units"}


@dataclass(frozen=True, eq=False)
class Step:
    """One layer at work. Channels are int64: the same number where the same channel is meant."""

    layer: Any
    x: Array  # the channels along the last axis of its input, of its inputs one after another
    y: Array  # those of its output
    tensors: tuple[Any, ...]  # its inputs in Channels.clone

    def axes(self, weight: str) -> tuple[Array | None, ...]:
        """The channels along each axis of the layer's weight of that name; None for an axis that is never cut."""
        channels = {INPUT: self.x, OUTPUT: self.y}
        return tuple(channels.get(axis) for axis in WEIGHTS[kind(self.layer)][weight])


@dataclass(frozen=True, eq=False)
class Channels:
    """Which channels of a model depend on each other."""

    steps: Mapping[str, Step]  # by the layers' names, in the order of computation
    # Channels of which a share can be cut; those of the model's inputs and outputs are in none, every other one in one.
    groups: tuple[Array, ...]
    total: int  # all channels' numbers are below it
    clone: Any  # the same layers with other weights


def kind(layer: Any) -> str:
    return type(layer).__name__


def functional(model: Any) -> Any:
    """A functional Keras model of model's layers that is not compiled, and so neither is a clone of it."""
    import keras

    if isinstance(model, keras.Sequential):
        return keras.Model(model.inputs[0], model.outputs[0], name=model.name)
    return keras.Model(model.input, model.output, name=model.name)


def walk(model: Any) -> Channels:
    """The channels of a built Sequential or functional Keras model. Raises UsageError for a layer that can't be cut."""
    import keras

    walker = _Walker()
    # A clone is walked: calling the model's own layers would leave traces in them.
    clone = keras.models.clone_model(functional(model), call_function=walker.call)
    for tensor in clone.outputs:
        walker.fixed.update(walker.channels(tensor).tolist())
    first = walker.merged()
    steps = {
        name: Step(
            model.get_layer(name),
            first[np.concatenate([walker.channels(tensor) for tensor in inputs])],
            first[walker.channels(y)],
            inputs,
        )
        for name, (inputs, y) in walker.calls.items()
    }
    return Channels(steps, walker.groups(first), len(first), clone)


class _Walker:
    """Sees every layer called, in order, and numbers the channels.

    calls: inputs and output by the layers' names; makers: for each number, which tensor it was made for; fixed: the
    numbers that must stay; same: pairs of numbers that are one channel."""

    def __init__(self) -> None:
        self.calls: dict[str, tuple[tuple[Any, ...], Any]] = {}
        self.makers: list[int] = []
        self.fixed: set[int] = set()
        self.same: list[tuple[int, int]] = []
        self._known: dict[int, Array] = {}

    def call(self, layer: Any, *args: Any, **kwargs: Any) -> Any:
        """For clone_model(): calls the layer, a cloned one."""
        import keras

        name = f"layer {layer.name!r} ({kind(layer)})"
        rule = _RULES.get(kind(layer))
        if rule is None or getattr(keras.layers, kind(layer), None) is not type(layer):
            raise UsageError(f"{name} can't be pruned: of Keras' layers pruning knows {', '.join(sorted(_RULES))}.")
        if layer.name in self.calls:
            raise UsageError(f"{name} is used twice in the model and can't be pruned: use a layer for each place.")
        if getattr(layer, "data_format", None) == "channels_first" or getattr(layer, "groups", 1) != 1:
            raise UsageError(f"{name} can't be pruned: its channels have to come last, in one group.")
        inputs = tuple(keras.tree.flatten(args))
        for tensor in inputs:
            if id(tensor) not in self._known:  # an input of the model
                self.fixed.update(self.new(tensor).tolist())
        y = layer(*args, **kwargs)
        if getattr(layer, "axis", -1) not in (-1, len(y.shape) - 1):
            raise UsageError(f"{name} can't be pruned: its axis has to be the last one.")
        self.calls[layer.name] = inputs, y
        self._known[id(y)] = rule(self, layer, inputs, y)
        return y

    def channels(self, tensor: Any) -> Array:
        return self._known[id(tensor)]

    def new(self, tensor: Any) -> Array:
        start, count = len(self.makers), int(tensor.shape[-1])
        self.makers += [len(self._known)] * count
        self._known[id(tensor)] = np.arange(start, start + count)
        return self._known[id(tensor)]

    def unite(self, a: Array, b: Array) -> None:
        self.same += zip(a.tolist(), b.tolist(), strict=True)

    def merged(self) -> Array:
        """For each number the lowest one that means the same channel."""
        first = list(range(len(self.makers)))

        def find(number: int) -> int:
            while first[number] != number:
                first[number] = first[first[number]]
                number = first[number]
            return number

        for a, b in self.same:
            low, high = sorted((find(a), find(b)))
            first[high] = low
        return np.array([find(number) for number in range(len(first))], np.int64)

    def groups(self, first: Array) -> tuple[Array, ...]:
        """Channels that the same layers make are a group: a share of the group is that share of each of the layers."""
        members: dict[int, list[int]] = defaultdict(list)
        for number, channel in enumerate(first.tolist()):
            members[channel].append(number)
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for channel, numbers in members.items():
            if self.fixed.isdisjoint(numbers):
                groups[tuple(self.makers[number] for number in numbers)].append(channel)
        return tuple(np.array(group, np.int64) for group in groups.values())


# From a layer, its inputs and its output, to the output's channels.
_Rule = Callable[[_Walker, Any, Sequence[Any], Any], Array]


def _same(walker: _Walker, layer: Any, inputs: Sequence[Any], y: Any) -> Array:
    return walker.channels(inputs[0])


def _new(walker: _Walker, layer: Any, inputs: Sequence[Any], y: Any) -> Array:
    return walker.new(y)


def _depthwise(walker: _Walker, layer: Any, inputs: Sequence[Any], y: Any) -> Array:
    return np.repeat(walker.channels(inputs[0]), layer.depth_multiplier)


def _reshape(walker: _Walker, layer: Any, inputs: Sequence[Any], y: Any) -> Array:
    """Input channels that lie in one output channel, at different places, become one."""
    places = np.broadcast_to(walker.channels(inputs[0]), inputs[0].shape[1:]).reshape(-1, y.shape[-1])
    for place in places[1:]:
        walker.unite(places[0], place)
    return np.array(places[0])


def _add(walker: _Walker, layer: Any, inputs: Sequence[Any], y: Any) -> Array:
    if len({tensor.shape for tensor in inputs}) != 1:
        raise UsageError(f"layer {layer.name!r} (Add) can't be pruned: its inputs have to have one shape.")
    for tensor in inputs[1:]:
        walker.unite(walker.channels(inputs[0]), walker.channels(tensor))
    return walker.channels(inputs[0])


def _concatenate(walker: _Walker, layer: Any, inputs: Sequence[Any], y: Any) -> Array:
    return np.concatenate([walker.channels(tensor) for tensor in inputs])


_RULES: Mapping[str, _Rule] = {
    "Activation": _same,
    "Add": _add,
    "AveragePooling2D": _same,
    "BatchNormalization": _same,
    "Concatenate": _concatenate,
    "Conv2D": _new,
    "Dense": _new,
    "DepthwiseConv2D": _depthwise,
    "Dropout": _same,
    "Flatten": _reshape,
    "GlobalAveragePooling2D": _same,
    "MaxPooling2D": _same,
    "ReLU": _same,
    "Reshape": _reshape,
    "ZeroPadding2D": _same,
}
