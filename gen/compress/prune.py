"""Pruning of Keras models: whole channels, which makes tensors smaller, or single weights, which makes zeros.

Models are built, Sequential or functional, with the layers that prune_graph.py knows; they are left as they are.
start_tensorflow() comes first."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from gen.compress.channels import MIXERS, Channels, Step, functional, kind, walk
from gen.errors import UsageError
from gen.model.graph import Array

BLOCK = 4  # channels that are left are a multiple of it: most kernels compute so many at once, the rest slowly
EXAMPLES = 500  # that importance is computed from


def shrink(model: Any, share: float, x: Array) -> Any:
    """A smaller Keras model with the same layers, without the least important `share` of the channels of every group of
    channels that are cut alike, but with all of the model's inputs and outputs; the others' weights and statistics are
    copied in their order. How many stay depends on share and architecture alone, see count_left().

    x: NHWC, of the training split; see importance(). Raises UsageError (share, or a layer that can't be cut)."""
    _check(share)
    channels = walk(model)
    keep = _choose(channels, share, importance(channels, x))
    smaller = _resized(model, channels, keep)
    for name, step in channels.steps.items():
        smaller.get_layer(name).set_weights([_kept(step, weight, keep) for weight in step.layer.weights])
    return smaller


def narrow(model: Any, share: float) -> Any:
    """A Keras model with the shapes of shrink(), its weights drawn anew from Keras' seed. Raises as shrink() does."""
    _check(share)
    channels = walk(model)
    return _resized(model, channels, _choose(channels, share, np.zeros(channels.total)))


def importance(channels: Channels, x: Array) -> Array:
    """float64, for each number of a channel what the model's layers get from it: its mean square where a convolution or
    dense layer reads it, times the squares of the weights that it meets there, as a share of what that layer gets from
    all channels. 0 for one that nothing depends on.

    This is Wanda's |activation| x |weight| (Sun et al., A Simple and Effective Pruning Approach for Large Language
    Models, 2023) for a channel at a time. Needs no labels. x: NHWC; its first EXAMPLES are taken."""
    import keras

    readers = [step for step in channels.steps.values() if kind(step.layer) in MIXERS]
    for name, step in channels.steps.items():
        channels.clone.get_layer(name).set_weights(step.layer.get_weights())
    inputs = keras.Model(channels.clone.input, [step.tensors[0] for step in readers])
    total = np.zeros(channels.total)
    for step, seen in zip(readers, keras.tree.flatten(inputs(x[:EXAMPLES], training=False)), strict=True):
        square = np.mean(np.asarray(seen, np.float64).reshape(-1, len(step.x)) ** 2, axis=0)
        weights = np.asarray(step.layer.kernel, np.float64).reshape(-1, len(step.x), len(step.y))
        received = np.bincount(step.x, square * np.sum(weights**2, axis=(0, 2)), channels.total)
        total += received / max(float(np.sum(received)), np.finfo(np.float64).tiny)
    return total


def sparsify(model: Any, share: float) -> Any:
    """A copy of model in which, in each kernel of a convolution or dense layer, the `share` of weights that are
    smallest is 0 and stays 0 in training, whatever trains it. The few weights of depthwise convolutions stay.

    Magnitude pruning, layer by layer (Zhu and Gupta, To prune, or not to prune, 2017), in one step. Raises UsageError
    (share)."""
    _check(share)
    copy = _rebuilt(model, lambda layer: type(layer).from_config(layer.get_config()))
    for layer in (layer for layer in copy.layers if layer.weights):
        layer.set_weights(model.get_layer(layer.name).get_weights())
        if kind(layer) in MIXERS:
            kernel = np.asarray(layer.kernel)
            smallest = np.argsort(np.abs(kernel), axis=None, kind="stable")[: round(kernel.size * share)]
            mask = np.ones_like(kernel)
            mask.flat[smallest] = 0.0
            layer.kernel.assign(kernel * mask)
            # The optimizer applies a variable's constraint after each of its steps; a callback may see a whole epoch
            # as one.
            layer.kernel.constraint = partial(_masked, mask=mask)
    return copy


def zeros(model: Any) -> float:
    """The share, 0..1, of the weights in the kernels of model, depthwise ones too, that are 0."""
    kernels = [np.asarray(layer.kernel) for layer in model.layers if hasattr(layer, "kernel")]
    return sum(int(np.sum(kernel == 0.0)) for kernel in kernels) / max(1, sum(kernel.size for kernel in kernels))


def _masked(kernel: Any, mask: Array) -> Any:
    return kernel * mask


def _check(share: float) -> None:
    if not 0.0 < share < 1.0:
        raise UsageError(f"a share of {share:g} can't be pruned: it has to be more than 0 and less than 1.")


def count_left(count: int, share: float) -> int:
    """How many of a group of channels stay without about `share` of them: a multiple of BLOCK, the nearest, the upper
    of two as near, or all of a smaller group. All where the share is less than half a channel."""
    left = round(count * (1.0 - share))
    blocks = max(1, (left + BLOCK // 2) // BLOCK)
    return count if left == count else min(count, BLOCK * blocks)


def _choose(channels: Channels, share: float, score: Array) -> Array:
    """For each number whether it stays: of every group those with the highest score, of equal ones the first."""
    keep = np.ones(channels.total, bool)
    for group in channels.groups:
        left = count_left(len(group), share)
        keep[group[np.argsort(-score[group], kind="stable")[left:]]] = False
    return keep


def _kept(step: Step, weight: Any, keep: Array) -> Array:
    values: Array = np.asarray(weight)
    for axis, channels in enumerate(step.axes(weight.name)):
        if channels is not None:
            values = np.compress(keep[channels], values, axis)
    return values


def _resized(model: Any, channels: Channels, keep: Array) -> Any:
    """model with fresh weights and the channels that stay."""

    def make(layer: Any) -> Any:
        config = layer.get_config()
        left = int(np.sum(keep[channels.steps[layer.name].y]))
        if kind(layer) in MIXERS:
            config[MIXERS[kind(layer)]] = left
        elif kind(layer) == "Reshape":
            config["target_shape"] = (*config["target_shape"][:-1], left)
        return type(layer).from_config(config)

    return _rebuilt(model, make)


def _rebuilt(model: Any, make: Callable[[Any], Any]) -> Any:
    """A model of what make() gives for each layer, Sequential where model is; not compiled."""
    import keras

    if isinstance(model, keras.Sequential):
        start = model.inputs[0]
        first = keras.Input(batch_shape=start.shape, name=start.name)
        return keras.Sequential([first, *map(make, model.layers)], name=model.name)
    return keras.models.clone_model(functional(model), clone_function=make)
