"""The model as the rest of the generator sees it: tensors and operators, no flatbuffer.

Shapes are NHWC as in TFLite, with the batch dimension fixed. All classes are frozen and never change a tensor's data.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.errors import ModelError

Array = NDArray[Any]

_NAMES = ("int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", "float16", "float32", "float64", "bool")
DTYPES: dict[str, np.dtype[Any]] = {name: np.dtype(name) for name in _NAMES}
# Of all loops together in one inference; engine.h has the same number.
MOST_ROUNDS = 1 << 16


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
    # Whether several operators write it: in both branches of an IF, before a WHILE and in each of its rounds.
    is_rewritten: bool = False

    @property
    def is_variable(self) -> bool:
        return self.initial is not None

    @property
    def changes(self) -> bool:
        """Whether what it holds may become something else within an inference."""
        return self.is_variable or self.is_rewritten

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


class Role(Enum):
    """What an operator does in a graph of which gen/model/rewrites/control.py has unrolled IF and WHILE into one list:
    from BRANCH to OTHERWISE what is done where its input is true, from there to JOIN what is done where it is not; from
    LOOP to REPEAT what is done again and again until TEST's input is false. REPEAT's inputs are what the next round
    needs."""

    BRANCH = "goes on behind OTHERWISE unless its input is true"
    OTHERWISE = "goes on at JOIN"
    JOIN = "does nothing"
    LOOP = "does nothing, and is where REPEAT goes"
    TEST = "goes on behind REPEAT unless its input is true"
    REPEAT = "goes on at LOOP"
    COPY = "makes its output the same bytes as its input"


def title_of(kind: str) -> str:
    """TFLite's name of a kind of operator in capitals, or "CUSTOM" and the name as files have it."""
    return f"CUSTOM {kind[7:]}" if kind.startswith("custom ") else kind.upper()


@dataclass(frozen=True)
class Op:
    """One operator."""

    # Another one for every operator of the graph.
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
    # Of what IF and WHILE have become.
    role: Role | None = None
    # Of an operator that an IF or WHILE calls, or has become: its number and its subgraph's name in the file ("" for
    # the first one); None: the index.
    place: tuple[int, str] | None = None

    def __str__(self) -> str:
        return f"operator {self.number} ({self.title}){self.where}"

    @property
    def number(self) -> int:
        """In its subgraph of the file."""
        return self.index if self.place is None else self.place[0]

    @property
    def where(self) -> str:
        """Such as " of subgraph 'body'", or "" in the first one."""
        return f" of subgraph {self.place[1]!r}" if self.place is not None and self.place[1] else ""

    @property
    def is_control(self) -> bool:
        """Whether it only says which operator comes next."""
        return self.role not in (None, Role.COPY)

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
    # What it has in common with signatures of that file that are not built: a sentence.
    in_common: str | None = None

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
    rewritten: set[int] = set()
    for position, index in enumerate(graph.inputs):
        _define(graph, f"graph input {position}", index, known)
    for op in graph.ops:
        missing = [i for i in op.inputs if i not in known and i != -1]
        if missing:
            raise ModelError(f"{op} reads tensor {missing[0]} before anything computes it: the model file is damaged.")
        for index in op.outputs:
            if not graph.tensors[index].is_variable and index not in rewritten:
                _define(graph, str(op), index, known)
                rewritten |= {index} if graph.tensors[index].is_rewritten else set()
    for index in graph.outputs:
        if index not in known:
            raise ModelError(f"nothing computes the graph output, tensor {index}: the model file is damaged.")


def with_rewritten(tensors: Iterable[Tensor], ops: Collection[Op]) -> tuple[Tensor, ...]:
    """The tensors of a graph with such operators, those marked that several COPYs write."""
    writes = Counter(index for op in ops if op.role is Role.COPY for index in op.outputs)
    return tuple(replace(t, is_rewritten=True) if writes[t.index] > 1 else t for t in tensors)


def targets(roles: Iterable[Role | None]) -> dict[int, int]:
    """Of a list of operators by role: the place of each that is control flow -> the place of the one that it may go on
    with."""
    found: dict[int, int] = {}
    begun: list[int] = []  # of what is not closed yet the last place that is to know where the next one is
    loops: list[int] = []
    for at, role in enumerate(roles):
        match role:
            case Role.BRANCH | Role.TEST:
                begun.append(at)
            case Role.OTHERWISE:
                found[begun.pop()] = at + 1
                begun.append(at)
            case Role.JOIN:
                found[begun.pop()] = at
                found[at] = at + 1
            case Role.LOOP:
                loops.append(at)
                found[at] = at + 1
            case Role.REPEAT:
                found[begun.pop()] = at + 1
                found[at] = loops.pop()
    return found


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
