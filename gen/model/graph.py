"""The model as the rest of the generator sees it: tensors and operators, no flatbuffer.

Shapes are NHWC as in TFLite, with the batch dimension fixed. All classes are frozen and never change a tensor's data.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.errors import ModelError

Array = NDArray[Any]

_NAMES = ("int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64", "bool")
DTYPES: dict[str, np.dtype[Any]] = {name: np.dtype(name) for name in _NAMES}


@dataclass(frozen=True)
class QuantParams:
    """real = scale * (stored - zero_point); one pair for the tensor, or one for each index along axis.

    scale holds float32 values (as Python floats, exactly)."""

    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scale) > 1


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of a graph."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    quant: QuantParams | None = None
    # Of constants only, with the tensor's dtype and shape.
    data: Array | None = None
    # Of variables only, which keep their values from one inference to the next: what they hold after a reset.
    initial: Array | None = None
    # Why the tensor can't be used, after its name, and what to do; None if it can.
    obstacle: str | None = None

    @property
    def is_variable(self) -> bool:
        return self.initial is not None

    @property
    def elements(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def size_bytes(self) -> int:
        return self.elements * DTYPES[self.dtype].itemsize

    @property
    def scale(self) -> float:
        """The only scale. Raises ModelError on a tensor with none or with one per channel."""
        return self._per_tensor().scale[0]

    @property
    def zero_point(self) -> int:
        """The only zero point. Raises ModelError on a tensor with none or with one per channel."""
        return self._per_tensor().zero_point[0]

    def _per_tensor(self) -> QuantParams:
        if self.quant is None or self.quant.per_channel:
            raise ModelError(
                f"tensor {self.name!r} needs one scale and zero point and has "
                f"{'none' if self.quant is None else len(self.quant.scale)}: quantize the model fully to int8."
            )
        return self.quant


def title_of(kind: str) -> str:
    """TFLite's name of a kind of operator in capitals, or "CUSTOM" and the name as files have it."""
    return f"CUSTOM {kind[7:]}" if kind.startswith("custom ") else kind.upper()


@dataclass(frozen=True)
class Op:
    """One operator."""

    index: int
    # TFLite's name in snake_case.
    kind: str
    # Tensor indices, -1 for an optional input that is absent.
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    # Its attributes as read from the file, defaults filled in.
    options: dict[str, Any]
    # Whether the file has any.
    has_options: bool = True

    def __str__(self) -> str:
        return f"operator {self.index} ({self.title})"

    @property
    def title(self) -> str:
        return title_of(self.kind)


@dataclass(frozen=True, eq=False)
class Graph:
    """A model in execution order."""

    name: str
    # Of the .tflite file that it was read from.
    sha256: str
    tensors: tuple[Tensor, ...]
    ops: tuple[Op, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    # What else that file has to run, by name.
    others: tuple[str, ...] = ()
    # A float tail of that file that is not built, and what to make of the outputs in its place: a sentence.
    cut_off: str | None = None

    def input(self, op: Op, position: int) -> Tensor:
        """The operator's input tensor. Raises ModelError when the operator has none there."""
        if position >= len(op.inputs) or op.inputs[position] < 0:
            raise ModelError(f"{op} has no input {position}: the model file is damaged or from an unknown converter.")
        return self.tensors[op.inputs[position]]

    def optional_input(self, op: Op, position: int) -> Tensor | None:
        absent = position >= len(op.inputs) or op.inputs[position] < 0
        return None if absent else self.tensors[op.inputs[position]]

    def output(self, op: Op) -> Tensor:
        """The operator's only output."""
        return self.tensors[op.outputs[0]]

    @property
    def activations(self) -> tuple[Tensor, ...]:
        """Tensors that are computed or fed, in index order: everything that needs RAM."""
        used = set(self.inputs).union(*(op.inputs for op in self.ops), *(op.outputs for op in self.ops))
        return tuple(t for t in self.tensors if t.index in used and t.data is None)

    @property
    def variables(self) -> tuple[Tensor, ...]:
        """The state: activations that keep their values from one inference to the next, in index order."""
        return tuple(t for t in self.activations if t.is_variable)


def verify(graph: Graph) -> None:
    """Raise ModelError unless every tensor that is fed or computed has a size, and is so once and in order: what an
    operator reads is constant, state, a graph input or computed before."""
    known = {t.index for t in graph.tensors if t.data is not None or t.is_variable}
    for position, index in enumerate(graph.inputs):
        _define(graph, f"graph input {position}", index, known)
    for op in graph.ops:
        missing = [i for i in op.inputs if i not in known and i != -1]
        if missing:
            raise ModelError(f"{op} reads tensor {missing[0]} before anything computes it: the model file is damaged.")
        for index in op.outputs:
            if not graph.tensors[index].is_variable:
                _define(graph, str(op), index, known)
    for index in graph.outputs:
        if index not in known:
            raise ModelError(f"nothing computes the graph output, tensor {index}: the model file is damaged.")


def _define(graph: Graph, by: str, index: int, known: set[int]) -> None:
    tensor = graph.tensors[index]
    if index in known:
        raise ModelError(f"{by} writes tensor {index}, which is constant or written before: the model file is damaged.")
    if tensor.elements == 0:
        raise ModelError(
            f"{by} writes tensor {tensor.name!r} of shape {tensor.shape}, which holds nothing: "
            "give the model fixed input shapes before converting it."
        )
    known.add(index)
