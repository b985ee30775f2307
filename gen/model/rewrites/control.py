"""IF and WHILE -> one list of operators: a .tflite whose first subgraph has those of all that it calls.

TFLite's IF and WHILE call other subgraphs. unroll() rewrites the first one so that what they call stands in their
place, between operators that only say what comes next (graph.Role), and copies: what a branch gives becomes the IF's
output, what a round gives the WHILE's. A called subgraph's inputs are the caller's tensors themselves, but for what
changes from round to round; what doesn't, so stays a constant or a variable where it is one. A loop keeps what its next
round needs: its REPEAT has it as inputs, so that memory plans need to know nothing of loops.

Operators of a role are an IF or a WHILE with options of ours: where to go on, of those that are left when variables are
tensors, and whether an input decides that. firmware/tflm/control.cc reads them. Source: TFLite's schema, version 3;
TFLM's kernels if.cc and while.cc, which copy the same bytes at the same times."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tflite

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import Role, targets
from gen.model.rewrites.flatbuffer import (
    GRAPH_INPUTS,
    GRAPH_NAME,
    GRAPH_OPERATORS,
    GRAPH_OUTPUTS,
    GRAPH_TENSORS,
    Fields,
    Front,
    Old,
    Operator,
    callees,
    ints,
    old,
    operators,
    text,
    with_subgraphs,
)

BRANCHING, LOOPING = tflite.BuiltinOperator.IF, tflite.BuiltinOperator.WHILE
NO_STEP = (
    tflite.BuiltinOperator.VAR_HANDLE,
    tflite.BuiltinOperator.CALL_ONCE,
)  # which variables.py drops
VIEWS = (tflite.BuiltinOperator.RESHAPE, tflite.BuiltinOperator.SQUEEZE, tflite.BuiltinOperator.EXPAND_DIMS)
# Slots of an operator's table in the schema, and of our own options.
OP_CODE, OP_INPUTS, OP_OUTPUTS, OP_OPTIONS_TYPE, OP_OPTIONS, OP_CUSTOM = range(4, 16, 2)
GO_ON_AT, CONDITIONAL = 4, 6
# Of the one list, in which a subgraph stands as often as it is called.
MAX_OPERATORS, MAX_TENSORS = 1 << 13, 1 << 16


@dataclass(frozen=True)
class Step:
    """An operator of the one list. index: another one for each, in the first subgraph its number; place: as graph.Op
    has it; inputs and outputs: as the new file numbers tensors; op: the file's, for a role the IF or WHILE."""

    index: int
    op: Operator
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    role: Role | None = None
    place: tuple[int, str] | None = None


@dataclass(frozen=True)
class Unrolled:
    """The file and its operators."""

    content: bytes
    steps: tuple[Step, ...]

    @property
    def numbers_called(self) -> frozenset[int]:
        """Which of the operators such subgraphs have."""
        return frozenset(number for number, step in enumerate(self.steps) if step.place is not None)


def unroll(content: bytes, numbers: Sequence[int]) -> Unrolled:
    """The model without IF and WHILE; content itself where it has none. numbers: those of its operators. Raises
    UnsupportedOp, ModelError, and whatever the package tflite raises on a damaged file."""
    model = tflite.Model.GetRootAsModel(content, 0)
    graph = model.Subgraphs(0)
    ops = list(operators(model, graph))
    if not any(op.builtin in (BRANCHING, LOOPING) for op in ops):
        same = (Step(index, op, op.inputs, op.outputs) for op, index in zip(ops, numbers, strict=True))
        return Unrolled(content, tuple(same))
    unrolling = _Unrolling(model, [graph.Tensors(i) for i in range(graph.TensorsLength())], 1 + max(numbers))
    outputs = tuple(graph.Outputs(i) for i in range(graph.OutputsLength()))
    unrolling.add(ops, list(range(graph.TensorsLength())), outputs, numbers)
    steps = tuple(unrolling.steps)
    subgraphs: list[Fields | Old] = [Old(model.Subgraphs(i)._tab.Pos) for i in range(model.SubgraphsLength())]
    subgraphs[0] = _first_subgraph(graph, steps, unrolling.tensors)
    return Unrolled(with_subgraphs(content, model, subgraphs, Front()), steps)


@dataclass
class _Unrolling:
    """The list in the making. next: an index that no operator has."""

    model: Any
    tensors: list[Any]
    next: int
    steps: list[Step] = field(default_factory=list)
    calling: list[int] = field(default_factory=lambda: [0])
    # Of subgraphs that are called, by subgraph and number there: one each, however often that is.
    variables: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(
        self,
        ops: Sequence[Operator],
        numbers: list[int],
        outputs: Collection[int],
        indices: Sequence[int] | None = None,
    ) -> None:
        """A subgraph's operators. numbers: of its tensors here, which becomes another one where an output of WHILE is
        its input, unless it is among outputs, the first subgraph's; indices: what operators are called by, the first
        subgraph's."""
        name = self._name(self.calling[-1])
        for position, op in enumerate(ops):
            inputs = tuple(_at(numbers, i) if i != -1 else -1 for i in op.inputs)
            place = None if indices else (op.number, name)
            index = indices[position] if indices else self._index()
            if self._is_left(op):
                self._append(Step(index, op, inputs, tuple(_at(numbers, i) for i in op.outputs), None, place))
            elif op.builtin == BRANCHING:
                self._if(_Caller(op, index, place), inputs, [_at(numbers, i) for i in op.outputs])
            elif op.builtin == LOOPING:
                read = {i for later in ops[position + 1 :] for i in later.inputs}.union(outputs)
                self._while(_Caller(op, index, place), inputs, numbers, outputs if indices else (), read)
            else:
                self._append(Step(index, op, inputs, tuple(_at(numbers, i) for i in op.outputs), None, place))

    def _is_left(self, op: Operator) -> bool:
        """Whether an IF or WHILE stays as it is, an obstacle: it calls what it is in, or does not say what."""
        called = _called(op)
        return op.builtin in (BRANCHING, LOOPING) and (not called or not {*called}.isdisjoint(self.calling))

    def _if(self, by: "_Caller", inputs: Sequence[int], outputs: Sequence[int]) -> None:
        self._control(by, Role.BRANCH, inputs[:1])
        for number, role in zip(_called(by.op), (Role.OTHERWISE, Role.JOIN), strict=True):
            given = self._call(by, number, inputs[1:], len(outputs))
            for value, output in zip(given, outputs, strict=True):
                self._copy(by, value, output)
            self._control(by, role)

    def _while(
        self, by: "_Caller", inputs: Sequence[int], numbers: list[int], kept: Collection[int], read: Collection[int]
    ) -> None:
        """kept: outputs that must be tensors of their own; read: those of which something reads."""
        outputs, (condition, called) = by.op.outputs, _called(by.op)
        body = self._subgraph(by, called)
        if len(inputs) != len(outputs):
            raise ModelError(f"{by} has {len(inputs)} inputs and {len(outputs)} outputs: the model file is damaged.")
        same = _passed_on(body)
        variables = list(inputs)
        for position, output in enumerate(outputs):
            here = _at(numbers, output)
            if same(position) and _alike(self.tensors[inputs[position]], self.tensors[here]):
                if output in kept:
                    self._copy(by, inputs[position], here)
                elif output in read:
                    numbers[output] = inputs[position]
            else:
                self._copy(by, inputs[position], here)
                variables[position] = here
        begin = len(self.steps)
        self._control(by, Role.LOOP)
        test = self._call(by, condition, variables, 1)
        self._control(by, Role.TEST, test)
        first = len(self.steps)
        given = self._call(by, called, variables, len(outputs))
        changing = [(v, g) for v, g, x in zip(variables, given, inputs, strict=True) if v != x]
        made = {i: step for step in self.steps[first:] for i in step.outputs}
        taken = {value: self._apart(by, value, made, {v for v, _ in changing}) for _, value in changing}
        for variable, value in changing:
            if variable != value:
                self._copy(by, taken[value], variable)
        self._control(by, Role.REPEAT, self._needed(begin))

    def _apart(self, by: "_Caller", value: int, made: Mapping[int, Step], variables: Collection[int]) -> int:
        """What a round gives, or a copy of it where that is what changes in the loop, or a view of it."""
        root = value
        while root in made and made[root].op.builtin in VIEWS and made[root].role is None:
            root = made[root].inputs[0]
        if root not in variables:
            return value
        self.tensors.append(self.tensors[value])
        self._copy(by, value, len(self.tensors) - 1)
        return len(self.tensors) - 1

    def _needed(self, begin: int) -> tuple[int, ...]:
        """What the steps from there read that was there before."""
        inside = self.steps[begin:]
        before = {i for step in self.steps[:begin] for i in step.outputs}
        own = {i for step in inside for i in step.outputs} - before
        used = dict.fromkeys(i for step in inside for i in (*step.inputs, *step.outputs) if i != -1 and i not in own)
        return tuple(i for i in used if not self._is_given(self.tensors[i]))

    def _is_given(self, table: Any) -> bool:
        """Whether a tensor has no memory of its own: a constant or what names a variable."""
        constant = not table.IsVariable() and self.model.Buffers(table.Buffer()).DataLength() > 0
        return bool(constant or table.Type() == tflite.TensorType.RESOURCE)

    def _call(self, by: "_Caller", number: int, inputs: Sequence[int], count: int) -> list[int]:
        """Add a subgraph's operators; its outputs, which must be so many."""
        graph = self._subgraph(by, number)
        given = [graph.Inputs(i) for i in range(graph.InputsLength())]
        outputs = [graph.Outputs(i) for i in range(graph.OutputsLength())]
        if len(given) != len(inputs) or len(outputs) != count:
            raise ModelError(
                f"{by} has {len(inputs)} inputs and {count} outputs for a subgraph that takes {len(given)} and gives "
                f"{len(outputs)}: the model file is damaged."
            )
        if max(graph.TensorsLength(), graph.OperatorsLength()) > MAX_TENSORS:
            raise ValueError(f"subgraph {number} has {graph.TensorsLength()} tensors")
        if -1 in inputs:
            raise ModelError(f"{by} leaves out an input of what it calls: the model file is damaged.")
        numbers = []
        for index in range(graph.TensorsLength()):
            table = graph.Tensors(index)
            position = given.index(index) if index in given else None
            if position is not None and _alike(self.tensors[inputs[position]], table):
                numbers.append(inputs[position])
                continue
            numbers.append(self._tensor(number, index, table))
            if position is not None:
                self._copy(by, inputs[position], numbers[-1])
        self.calling.append(number)
        self.add(list(operators(self.model, graph)), numbers, outputs)
        self.calling.pop()
        return [_at(numbers, i) for i in outputs]

    def _tensor(self, number: int, index: int, table: Any) -> int:
        """A subgraph's tensor: another one each time it is called, but for variables."""
        known = self.variables.get((number, index))
        if known is not None:
            return known
        if table.IsVariable():
            self.variables[number, index] = len(self.tensors)
        self.tensors.append(table)
        return len(self.tensors) - 1

    def _subgraph(self, by: "_Caller", number: int) -> Any:
        if not 0 < number < self.model.SubgraphsLength():
            raise ModelError(f"{by} calls subgraph {number}, which is none to call: the model file is damaged.")
        return self.model.Subgraphs(number)

    def _name(self, number: int) -> str:
        return text(self.model.Subgraphs(number).Name()) or f"{number}"

    def _copy(self, by: "_Caller", value: int, to: int) -> None:
        self._append(Step(self._index(), by.op, (value,), (to,), Role.COPY, by.shown))

    def _control(self, by: "_Caller", role: Role, inputs: Sequence[int] = ()) -> None:
        index = by.index if role in (Role.BRANCH, Role.TEST) else self._index()
        self._append(Step(index, by.op, tuple(inputs), (), role, by.place if index == by.index else by.shown))

    def _append(self, step: Step) -> None:
        if step.place is not None and (len(self.steps) > MAX_OPERATORS or len(self.tensors) > MAX_TENSORS):
            raise UnsupportedOp(
                f"what the model's IF and WHILE call comes to more than {MAX_OPERATORS:,} operators or "
                f"{MAX_TENSORS:,} tensors: no microcontroller has the memory, make the model smaller."
            )
        self.steps.append(step)

    def _index(self) -> int:
        self.next += 1
        return self.next - 1


@dataclass(frozen=True)
class _Caller:
    """An IF or WHILE."""

    op: Operator
    index: int
    place: tuple[int, str] | None

    @property
    def shown(self) -> tuple[int, str]:
        """As graph.Op's place of what it has become; its index is another."""
        return self.place or (self.index, "")

    def __str__(self) -> str:
        number, name = self.shown
        return f"operator {number} ({self.op.title})" + (f" of subgraph {name!r}" if name else "")


def _at(numbers: Sequence[int], index: int) -> int:
    if index < 0:
        raise IndexError(f"tensor {index}")
    return numbers[index]


def _called(op: Operator) -> tuple[int, ...]:
    """The subgraphs that an IF or WHILE calls; none where it has no options that say so."""
    return tuple(callees(op)) if op.builtin in (BRANCHING, LOOPING) else ()


def _passed_on(body: Any) -> Callable[[int], bool]:
    """Whether a WHILE's variable stays what it was."""
    inputs = [body.Inputs(i) for i in range(body.InputsLength())]
    outputs = [body.Outputs(i) for i in range(body.OutputsLength())]
    return lambda position: inputs[position : position + 1] == outputs[position : position + 1]


def _alike(a: Any, b: Any) -> bool:
    """Whether two tensors can be one."""
    return _form(a) == _form(b)


def _form(table: Any) -> tuple[Any, ...]:
    quant = table.Quantization()
    numbers = () if quant is None else (quant.ScaleAsNumpy(), quant.ZeroPointAsNumpy())
    return (
        table.Type(),
        np.asarray(table.ShapeAsNumpy()).tobytes() if table.ShapeLength() else b"",
        *(np.asarray(each).tobytes() for each in numbers if not isinstance(each, int)),
    )


def _first_subgraph(graph: Any, steps: Sequence[Step], tensors: Sequence[Any]) -> Fields:
    lasting = [step for step in steps if step.op.builtin not in NO_STEP]
    go_on = {id(lasting[at]): target for at, target in targets(step.role for step in lasting).items()}
    fields: Fields = {
        GRAPH_TENSORS: [Old(table._tab.Pos) for table in tensors],
        GRAPH_INPUTS: old(graph._tab, GRAPH_INPUTS),
        GRAPH_OUTPUTS: old(graph._tab, GRAPH_OUTPUTS),
        GRAPH_OPERATORS: [_table(step, go_on.get(id(step))) for step in steps],
    }
    name = old(graph._tab, GRAPH_NAME)
    return fields if name is None else fields | {GRAPH_NAME: name}


def _table(step: Step, go_on_at: int | None) -> Fields:
    """The operator anew, with other tensors."""
    op = step.op.table
    fields: Fields = {OP_CODE: op.OpcodeIndex(), OP_INPUTS: ints(step.inputs), OP_OUTPUTS: ints(step.outputs)}
    if step.role is Role.COPY:
        return fields
    if step.role is not None:
        assert go_on_at is not None
        conditional = step.role in (Role.BRANCH, Role.TEST)
        return fields | {OP_OPTIONS: {GO_ON_AT: go_on_at, CONDITIONAL: int(conditional)}}
    if op.BuiltinOptions() is not None:
        fields |= {OP_OPTIONS_TYPE: bytes([op.BuiltinOptionsType()]), OP_OPTIONS: Old(op.BuiltinOptions().Pos)}
    custom = old(op._tab, OP_CUSTOM)
    return fields if custom is None else fields | {OP_CUSTOM: custom}
