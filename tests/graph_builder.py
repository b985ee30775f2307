"""A random model in the making, for tests/graphs.py."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.tiny import O, T

MAX_ELEMENTS = 4000  # of a tensor
ACTIVATIONS = (0, 0, 1, 2, 3)  # NONE, RELU, RELU_N1_TO_1, RELU6
PROBABILITY = (1 / 256, -128)  # scale and zero point that SOFTMAX and LOGISTIC have
FIXED = {"LOGISTIC": PROBABILITY, "TANH": (1 / 128, 0)}


@dataclass(frozen=True)
class Y:
    shape: tuple[int, ...]
    scale: float
    zero_point: int


@dataclass
class Builder:
    """A model in the making. open: activations in int8 that operators may read. usual: it looks like what people
    deploy, in shapes that have kernels and memory plans of their own; else anything goes."""

    rng: np.random.Generator
    usual: bool = False
    tensors: list[T] = field(default_factory=list)
    ops: list[O] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def one(self, *values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def upto(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high + 1))

    def scale(self, near: float = 0.05) -> float:
        """Log-uniform within 30 times of near, now and then far from it."""
        exponent = self.rng.uniform(-18, 18) if self.chance(0.04) else self.rng.uniform(-5, 5)
        return float(np.float32(np.clip(near * 2.0**exponent, 2.0**-24, 2.0**12)))

    def zero_point(self) -> int:
        return int(self.one(-128, 127, 0, self.upto(-128, 127), self.upto(-128, 127)))

    def tensor(self, tensor: T) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, shape: tuple[int, ...], scale: Any, zero_point: int = 0, axis: int = 0, low: int = -128) -> int:
        data = np.clip(self.rng.integers(-140, 141, shape), low, 127)
        if self.chance(0.2):
            data[..., self.rng.random(shape[-1]) < 0.4] = 0
        return self.tensor(T(shape, scale=scale, zero_point=zero_point, axis=axis, data=data))

    def int32(self, values: Any) -> int:
        data = np.asarray(values, np.int32)
        return self.tensor(T(data.shape, "int32", data=data))

    def add(
        self,
        builtin: str,
        inputs: list[int],
        y: Y,
        options: dict[str, Any] | None = None,
        table: str | None = None,
    ) -> int:
        """An operator and its output, an activation of int8."""
        index = self.tensor(T(y.shape, scale=y.scale, zero_point=y.zero_point))
        self.ops.append(O(builtin, inputs, [index], options, table))
        self.open.append(index)
        return index

    def pick(self, wanted: Callable[[T], bool] = lambda tensor: True) -> int | None:
        """An activation, one of the last ones more often."""
        fit = [i for i in self.open if wanted(self.tensors[i])]
        return None if not fit else fit[-1] if self.chance(0.5) else int(self.one(*fit))

    def like(self, index: int) -> tuple[float, int]:
        tensor = self.tensors[index]
        assert isinstance(tensor.scale, float) and isinstance(tensor.zero_point, int)
        return tensor.scale, tensor.zero_point
