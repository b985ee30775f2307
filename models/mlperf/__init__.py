"""The five reference architectures of the MLPerf Tiny benchmark, to measure speed and memory with: seeded weights,
calibrated on seeded data, int8. They were never trained, so nothing can be said about accuracy.

`python -m models.mlperf` writes the five .tflite files of this folder again; the same machine writes the same bytes.
Needs the extra `train`. Use: `python -m gen verify models/mlperf/kws.tflite --board qemu_mps2_an386`.

Operators and shapes are those of the files that MLCommons publishes (github.com/mlcommons/tiny, benchmark/training).
Nothing here imports TensorFlow before a model is built.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from gen.model.graph import Array

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Benchmark:
    """One architecture. build maps a Keras input to the output. An input without the batch has `shape`; its values lie
    from low to high in natural units and are neighbors as in `field`, (height, width, channels)."""

    title: str
    seed: int
    shape: tuple[int, ...]
    field: tuple[int, int, int]
    low: float
    high: float
    build: Callable[[Any], Any]

    def examples(self, count: int, seed: int) -> Array:
        """(count, *shape), float32: smooth random fields with a little noise, clipped to low..high."""
        height, width, channels = self.field
        rng = np.random.default_rng(seed)
        rows, columns = _interpolation(height), _interpolation(width)
        coarse = rng.normal(size=(count, rows.shape[1], columns.shape[1], channels))
        smooth = np.einsum("yh,nhwc,xw->nyxc", rows, coarse, columns, optimize=True)
        noisy = smooth + rng.normal(scale=0.2, size=smooth.shape)
        values = (self.low + self.high) / 2 + noisy * (self.high - self.low) / 4
        clipped: Array = np.clip(values, self.low, self.high).astype(np.float32)
        return clipped.reshape(count, *self.shape)


def _interpolation(size: int) -> Array:
    """(size, points): linear interpolation between one random point for every four places."""
    points = size // 4 + 2
    place = np.linspace(0, points - 1, size)
    weights: Array = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(points)))
    return weights


def _normalized(layer: Any, x: Any, relu: bool = True) -> Any:
    """layer, batch normalization, ReLU; the converter makes one operator of them. Momentum 0: one call with
    training=True sets the statistics to that batch's, after which no channel is dead."""
    from keras import initializers, layers

    name = layer.name
    x = layers.BatchNormalization(
        momentum=0.0,
        gamma_initializer=initializers.RandomUniform(0.7, 1.3),
        beta_initializer=initializers.RandomNormal(stddev=0.3),
        name=f"{name}n",
    )(layer(x))
    return layers.ReLU(name=f"{name}r")(x) if relu else x


def _convolution(x: Any, name: str, filters: int, kernel: Any, *, stride: int = 1, relu: bool = True) -> Any:
    from keras import layers

    layer = layers.Conv2D(
        filters, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )
    return _normalized(layer, x, relu)


def _depthwise(x: Any, name: str, stride: int = 1) -> Any:
    """3x3."""
    from keras import layers

    layer = layers.DepthwiseConv2D(
        3, stride, padding="same", use_bias=False, depthwise_initializer="he_normal", name=name
    )
    return _normalized(layer, x)


def _dense(units: int, name: str, normalized: bool = False) -> Any:
    """With a random bias, unless batch normalization follows."""
    from keras import initializers, layers

    return layers.Dense(
        units,
        use_bias=not normalized,
        kernel_initializer="he_normal",
        bias_initializer=initializers.RandomNormal(stddev=0.1),
        name=name,
    )


def _classes(x: Any, count: int) -> Any:
    """A plain reshape: layers.Flatten would ask for the batch at run time."""
    from keras import layers, ops

    flat = ops.reshape(x, (-1, prod(x.shape[1:])))
    return layers.Softmax(name="softmax")(_dense(count, "fc")(flat))


def _pool(x: Any) -> Any:
    """The mean over all places, as an AVERAGE_POOL_2D."""
    from keras import layers

    return layers.AveragePooling2D(x.shape[1:3], name="pool")(x)


def _ad(x: Any) -> Any:
    """Fully connected autoencoder around 8 units."""
    for place, units in enumerate((128, 128, 128, 128, 8, 128, 128, 128, 128)):
        x = _normalized(_dense(units, f"d{place}", normalized=True), x)
    return _dense(640, "d9")(x)


def _kws(x: Any) -> Any:
    """DS-CNN: a convolution and four depthwise-separable blocks."""
    x = _convolution(x, "c0", 64, (10, 4), stride=2)
    for place in range(1, 5):
        x = _convolution(_depthwise(x, f"w{place}"), f"c{place}", 64, 1)
    return _classes(_pool(x), 12)


def _ic(x: Any) -> Any:
    """ResNet with 8 layers: three residual blocks, the later two halving height and width."""
    from keras import layers

    x = _convolution(x, "c0", 16, 3)
    for place, filters in enumerate((16, 32, 64), 1):
        stride = 1 if place == 1 else 2
        y = _convolution(x, f"c{place}a", filters, 3, stride=stride)
        y = _convolution(y, f"c{place}b", filters, 3, relu=False)
        if stride > 1:
            shortcut = layers.Conv2D(
                filters, 1, stride, padding="same", kernel_initializer="he_normal", name=f"c{place}s"
            )
            x = shortcut(x)
        x = layers.ReLU(name=f"r{place}")(layers.Add(name=f"a{place}")([x, y]))
    return _classes(_pool(x), 10)


def _vww(x: Any) -> Any:
    """MobileNetV1 of width 0.25."""
    x = _convolution(x, "c0", 8, 3, stride=2)
    strides = {2, 4, 6, 12}
    for place, filters in enumerate((16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256), 1):
        x = _convolution(_depthwise(x, f"w{place}", 2 if place in strides else 1), f"c{place}", filters, 1)
    return _classes(_pool(x), 2)


def _sww(x: Any) -> Any:
    """Depthwise-separable blocks along time, (time, 1, features), without padding: the last leaves one place. No
    activation lies between a block's two convolutions."""
    from keras import layers

    for place, (kernel, filters) in enumerate(((3, 128), (5, 128), (10, 128), (15, 32))):
        x = layers.DepthwiseConv2D((kernel, 1), use_bias=False, depthwise_initializer="he_normal", name=f"w{place}")(x)
        x = _convolution(x, f"c{place}", filters, 1)
    return _classes(x, 3)


BENCHMARKS = {
    "ad": Benchmark("anomaly detection: FC autoencoder, 5 x 128 mel bands", 1, (640,), (5, 128, 1), -85, 15, _ad),
    "kws": Benchmark("keyword spotting: DS-CNN, 49 x 10 MFCC", 2, (49, 10, 1), (49, 10, 1), -123, 26, _kws),
    "ic": Benchmark("image classification: ResNet8, 32 x 32 RGB", 3, (32, 32, 3), (32, 32, 3), 0, 255, _ic),
    "vww": Benchmark("visual wake words: MobileNetV1 0.25, 96 x 96 RGB", 4, (96, 96, 3), (96, 96, 3), 0, 1, _vww),
    "sww": Benchmark("streaming wake word: 1-D DS-CNN, 30 x 40 mel bands", 5, (30, 1, 40), (30, 40, 1), 0, 1, _sww),
}
