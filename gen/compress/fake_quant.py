"""Keras layers that round as int8 does and can be trained: gradients pass straight through the rounding.

Import it inside functions only, because it needs Keras at once; keras.models.load_model() knows its layers then."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

DECAY = 0.99  # of the moving averages of ranges, per batch


@keras.saving.register_keras_serializable("gen")
class FakeQuant(keras.Layer):  # type: ignore[misc]
    """Rounds to the 256 values of an int8 tensor that cover low to high, with 0 among them. In training both follow the
    lowest and the highest number of each batch."""

    def __init__(self, low: float, high: float, **keywords: Any) -> None:
        super().__init__(**keywords)
        always_0 = low == high == 0.0  # any range will do then, but not one without an inside
        self.low = self._end("low", min(low, 0.0))
        self.high = self._end("high", 1.0 if always_0 else max(high, 0.0))

    def _end(self, name: str, value: float) -> Any:
        return self.add_weight(shape=(), initializer=keras.initializers.Constant(value), trainable=False, name=name)

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            low, high = ops.minimum(ops.min(x), 0.0), ops.maximum(ops.max(x), 0.0)
            rate = ops.where(high > low, 1.0 - DECAY, 0.0)
            self.low.assign_add(rate * (low - self.low))
            self.high.assign_add(rate * (high - self.high))
        return tf.quantization.fake_quant_with_min_max_vars(x, self.low, self.high)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "low": float(self.low), "high": float(self.high)}


@keras.saving.register_keras_serializable("gen")
class FakeQuantWeights(keras.Layer):  # type: ignore[misc]
    """A Conv2D, DepthwiseConv2D or Dense that computes with round_weights() of its kernel. Its int32 biases are
    so fine that they stay float. axes: as round_weights() takes it."""

    def __init__(self, layer: Any, axes: int, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.layer = layer
        self.axes = axes

    def build(self, shape: Any) -> None:
        if not self.layer.built:
            self.layer.build(shape)

    def call(self, x: Any) -> Any:
        kernel, *bias = self.layer.trainable_variables
        straight_through = kernel + ops.stop_gradient(round_weights(kernel, self.axes) - kernel)
        y, _ = self.layer.stateless_call([straight_through, *bias], [], x)
        return y

    def get_config(self) -> dict[str, Any]:
        layer = keras.saving.serialize_keras_object(self.layer)
        return {**super().get_config(), "layer": layer, "axes": self.axes}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FakeQuantWeights":
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})


def round_weights(kernel: Any, axes: int) -> Any:
    """Rounded to -127..127 times a scale for each output channel, by which its largest weight is 127, as TFLite's
    converter does it. axes: how many of the last ones tell output channels apart."""
    largest = ops.max(ops.abs(kernel), axis=tuple(range(len(kernel.shape) - axes)))
    scale = ops.where(largest > 0.0, largest, 1.0) / 127.0
    return ops.round(kernel / scale) * scale
