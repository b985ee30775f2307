"""Random networks of TFLite's 16x8 scheme: int16 activations, int8 weights, biases of int64, int32 or none."""

from dataclasses import dataclass, field
from math import prod

import numpy as np

from tests.tiny import O, T, model

Shape = tuple[int, ...]


@dataclass
class Builder:
    """A model in the making; the last tensor is what the next operator reads."""

    rng: np.random.Generator
    tensors: list[T] = field(default_factory=list)
    ops: list[O] = field(default_factory=list)

    def upto(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def tensor(self, tensor: T) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def weights(self, shape: Shape, axis: int, biases: tuple[str, ...]) -> tuple[list[int], float]:
        """Weights and a bias, and a scale that makes use of the output, of the last tensor times them."""
        x, channels = self.tensors[-1], shape[axis]
        assert isinstance(x.scale, float)
        scales = [float(np.float32(scale)) for scale in self.rng.uniform(0.002, 0.02, channels)]
        made = [self.tensor(T(shape, scale=scales, axis=axis, data=self.rng.integers(-127, 128, shape)))]
        dtype = str(self.rng.choice(biases))
        if dtype != "none":
            products = [float(np.float32(x.scale * scale)) for scale in scales]
            data = self.rng.integers(-(2**20), 2**20, channels)
            made.append(self.tensor(T((channels,), dtype, scale=products, data=data)))
        return made, min(float(np.float32(x.scale * 0.6 * (prod(shape) / channels) ** 0.5)), MAX_SCALE)

    def add(self, kind: str, inputs: list[int], shape: Shape, scale: float, options: str = "", **given: object) -> None:
        y = self.tensor(T(shape, "int16", scale))
        self.ops.append(O(kind, inputs, [y], given, options or None))


def _convolution(b: Builder) -> None:
    x, (_, h, w, c) = len(b.tensors) - 1, b.tensors[-1].shape
    depthwise, k, stride = b.rng.random() < 0.4, int(b.rng.choice([1, 2, 3, 3])), int(b.rng.choice([1, 1, 2]))
    out = c if depthwise else int(b.rng.choice([3, 4, 8, 12]))
    shape = (1, k, k, out) if depthwise else (out, k, k, c)
    constants, scale = b.weights(shape, 3 if depthwise else 0, ("int64", "none") if depthwise else BIASES)
    y = (1, -(-h // stride), -(-w // stride), out)
    given = {"strideH": stride, "strideW": stride, "fusedActivationFunction": b.upto(0, 3)}
    if depthwise:
        b.add("DEPTHWISE_CONV_2D", [x, *constants], y, scale, "DepthwiseConv2DOptions", depthMultiplier=1, **given)
    else:
        b.add("CONV_2D", [x, *constants], y, scale, "Conv2DOptions", **given)


def _pool(b: Builder) -> None:
    x = b.tensors[-1]
    _, h, w, c = x.shape
    given = {"strideH": 2, "strideW": 1, "filterHeight": b.upto(1, 3), "filterWidth": b.upto(1, 3)}
    kind = str(b.rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
    assert isinstance(x.scale, float)
    b.add(kind, [len(b.tensors) - 1], (1, -(-h // 2), w, c), x.scale, "Pool2DOptions", **given)


def _elementwise(b: Builder) -> None:
    x, at = b.tensors[-1], len(b.tensors) - 1
    assert isinstance(x.scale, float)
    shape = tuple(x.shape)
    kind = str(b.rng.choice(["ADD", "SUB", "MUL", "RELU", "LEAKY_RELU", "TANH", "LOGISTIC"]))
    if kind in OPTIONS:
        other = b.tensor(T(shape[-1:], "int16", 0.001, data=b.rng.integers(-(2**15), 2**15, shape[-1])))
        scale = min(x.scale * 16, MAX_SCALE) if kind == "MUL" else min(2 * max(x.scale, 0.001), MAX_SCALE)
        b.add(kind, [at, other], shape, scale, OPTIONS[kind], fusedActivationFunction=b.upto(0, 1))
    elif kind == "LEAKY_RELU":
        b.add(kind, [at], shape, x.scale, "LeakyReluOptions", alpha=0.25)
    else:
        b.add(kind, [at], shape, x.scale if kind == "RELU" else 2.0**-15)


def _pad(b: Builder) -> None:
    x, at = b.tensors[-1], len(b.tensors) - 1
    widths = np.array([[0, 0], [b.upto(0, 1), b.upto(0, 1)], [b.upto(0, 1), b.upto(0, 1)], [0, 0]], np.int32)
    numbers = b.tensor(T((4, 2), "int32", data=widths))
    assert isinstance(x.scale, float)
    b.add("PAD", [at, numbers], tuple(int(n) for n in widths.sum(axis=1) + x.shape), x.scale, "PadOptions")


MAX_SCALE = 0.05  # with which all operators still work
BIASES = ("int64", "int64", "int32", "none")
OPTIONS = {"ADD": "AddOptions", "SUB": "SubOptions", "MUL": "MulOptions"}
OPERATORS = (_convolution, _convolution, _convolution, _pool, _elementwise, _elementwise, _pad)


def network(rng: np.random.Generator) -> bytes:
    """Of an image; outputs are a class's probability, and what that is made of."""
    b = Builder(rng)
    b.tensor(T((1, b.upto(3, 9), b.upto(3, 9), int(rng.choice([1, 3, 4, 8]))), "int16", 0.001))
    for _ in range(b.upto(2, 6)):
        OPERATORS[b.upto(0, len(OPERATORS) - 1)](b)
    at, channels = len(b.tensors) - 1, b.tensors[-1].shape[3]
    axes, scale = b.tensor(T((2,), "int32", data=np.array([1, 2], np.int32))), b.tensors[at].scale
    assert isinstance(scale, float)
    b.add("MEAN", [at, axes], (1, channels), scale, "ReducerOptions")
    at = len(b.tensors) - 1
    constants, scale = b.weights((5, channels), 0, BIASES)
    b.add("FULLY_CONNECTED", [at, *constants], (1, 5), scale, "FullyConnectedOptions")
    b.add("SOFTMAX", [len(b.tensors) - 1], (1, 5), 2.0**-15, "SoftmaxOptions", beta=1.0)
    return model(b.tensors, b.ops, [0], [len(b.tensors) - 1, at])
