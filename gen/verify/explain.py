"""Why a device's bytes differ: it runs operator by operator, and the first wrong one is examined."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from gen.compiler.engines import Sources
from gen.device.session import Session
from gen.errors import ModelError
from gen.model import reference
from gen.model.graph import Array, Graph, Op, QuantParams, title_of
from gen.model.ops import OPS, lower

EXAMINED = 4  # mismatching vectors that are run operator by operator
DISTINCT = 4  # different values that a fit needs at least
# Mistakes of scale that people make: bytes taken for 0..255 or -1..1, a division by 255 or 127 done once more or less.
FACTORS = (2.0, 0.5, 127 / 128, 128 / 127, 255 / 256, 256 / 255, 255.0, 1 / 255, 127.0, 1 / 127, 128.0, 1 / 128)

Values = Mapping[int, Array]


@dataclass(frozen=True)
class WrongOp:
    """The first operator whose output differs, run alone. The fields are keys of the report's JSON."""

    op: int  # its number in the model, or in its subgraph
    kind: str
    kernel: str
    wrong_elements: int  # of its output
    elements: int  # of its output in all
    element: int  # the worst one: flat index in NHWC order
    expected: float  # at the worst one
    computed: float
    step: int | None  # of a model with state: the inference after the reset, counted from 0
    subgraph: str | None  # that it is in, of one that an IF or WHILE calls
    run: int  # which time it ran in the inference, counted from 1

    def __str__(self) -> str:
        return (
            ("" if self.step is None else f"at step {self.step} ")
            + f"operator {self.op} ({title_of(self.kind)}, {self.kernel})"
            + ("" if self.subgraph is None else f" of subgraph {self.subgraph!r}")
            + ("" if self.run == 1 else f", when it ran for the {self.run}. time")
            + f": {self.wrong_elements} of {self.elements} "
            f"elements; the worst, element {self.element}, is {self.computed:g} and should be {self.expected:g}"
        )


@dataclass(frozen=True)
class Explanation:
    """Why bytes differ. A device that was reset or runs another model is an error: gen/device/session.py says so."""

    # "rounding", "wrong_operator", "input_scaling", "output_scaling", or "operators_agree": each alone is right.
    kind: str
    sentence: str  # for a person
    op: WrongOp | None


@dataclass(frozen=True, eq=False)
class Wrong:
    """The first operator that differs: at which vector, which time it ran there, what the tensors should be then, and
    what the device made of its output."""

    op: Op
    vector: int
    run: int
    values: Values
    computed: Array


@dataclass(frozen=True, eq=False)
class _Case:
    """One vector at the operator in question."""

    values: Values  # every tensor's right value
    computed: Array  # what the device made of the operator's output


def explain(
    sources: Sources, session: Session, vectors: Sequence[Sequence[Array]], wrong: Sequence[int]
) -> Explanation | None:
    """The cause of a mismatch on some of the vectors (one list of arrays each), by number; None where the firmware
    can't run operator by operator. Of a model with state all steps before the first of them are looked at too: what was
    wrong there may show late. Raises DeviceError."""
    graph = sources.graph
    if session.info.ops != len(sources.kernels):
        return None
    first = first_wrong(sources, session, vectors, range(0 if graph.variables else wrong[0], wrong[0] + 1))
    if first is None:
        return Explanation("operators_agree", "each operator alone is right: only in one go do they differ", None)
    op, kernel = first.op, next(kernel for index, _, kernel in sources.kernels if index == first.op.index)
    cases = [_Case(first.values, first.computed)]
    for number in () if graph.variables else wrong[1:EXAMINED]:
        _write(session, vectors[number])
        ran = (case for each, case in _cases(sources, session, vectors[number], {}) if each.index == op.index)
        cases += [_Case({**case.values}, case.computed) for case in islice(ran, first.run - 1, first.run)]
    told = _wrong_op(op, kernel, first, first.vector if graph.variables else None)
    for examine in (_input_scaling, _output_scaling):
        sentence = examine(graph, op, cases)
        if sentence is not None:
            return Explanation(examine.__name__.strip("_"), sentence, told)
    if all(np.abs(_steps(case.computed) - _steps(case.values[op.outputs[0]])).max() <= 1 for case in cases):
        return Explanation("rounding", f"rounded otherwise than TFLM does, off by one at most, in {told}", told)
    return Explanation("wrong_operator", f"first wrong is {told}", told)


def first_wrong(sources: Sources, session: Session, vectors: Sequence[Sequence[Array]], numbers: range) -> Wrong | None:
    """The first of sources.kernels whose output on the device is not the reference's, on those vectors; None where all
    are. Of a model with state the vectors are steps after a reset, those before are run in one go."""
    graph = sources.graph
    state = reference.reset(graph)
    if state:
        session.reset()
        for inputs in vectors[: numbers.start]:
            _write(session, inputs)
            session.run()
            state = reference.run(graph, inputs, state)
    for vector in numbers:
        _write(session, vectors[vector])
        runs: Counter[int] = Counter()
        values: Values = state
        for op, case in _cases(sources, session, vectors[vector], state):
            runs[op.index] += 1
            values = case.values
            if case.computed.tobytes() != values[op.outputs[0]].tobytes():
                return Wrong(op, vector, runs[op.index], {**values}, case.computed)
        state = values
    return None


def _cases(
    sources: Sources, session: Session, inputs: Sequence[Array], state: reference.State
) -> Iterator[tuple[Op, _Case]]:
    """Each of sources.kernels as the device runs it alone, as often and in the order in which they should run; a case's
    values are those when it has run, and change with the next one. The inputs are there."""
    numbers = {index: number for number, (index, _, _) in enumerate(sources.kernels)}
    values: dict[int, Array] = {}
    for op in reference.walk(sources.graph, inputs, values, state):
        if op.index in numbers:
            right = values[op.outputs[0]]
            session.run_op(numbers[op.index])
            made = np.frombuffer(session.read_op(numbers[op.index], right.nbytes), right.dtype)
            yield op, _Case(values, made.reshape(right.shape))


def _write(session: Session, inputs: Sequence[Array]) -> None:
    for index, array in enumerate(inputs):
        session.write_input(index, array)


def _wrong_op(op: Op, kernel: str, wrong: Wrong, step: int | None) -> WrongOp:
    expected, computed = wrong.values[op.outputs[0]], wrong.computed
    far = np.abs(computed.astype(np.float64) - expected.astype(np.float64)).ravel()
    worst = int(np.argmax(far))
    return WrongOp(
        op=op.number,
        kind=op.kind,
        kernel=kernel,
        wrong_elements=int(np.count_nonzero(far)),
        elements=expected.size,
        element=worst,
        expected=float(expected.flat[worst]),
        computed=float(computed.flat[worst]),
        step=step,
        subgraph=None if op.place is None else op.place[1],
        run=wrong.run,
    )


def _steps(array: Array) -> Array:
    return array.view(np.int32).astype(np.int64) if array.dtype.kind == "f" else array.astype(np.int64)


def _input_scaling(graph: Graph, op: Op, cases: Sequence[_Case]) -> str | None:
    """Whether the device computes what this operator would, did its input have another scale or zero point: a
    sentence on which. Only for an operator that reads an input of the graph, itself or through RESHAPE."""
    if len({value for case in cases for value in np.unique(case.computed).tolist()}) < DISTINCT:
        return None  # a kernel that gives always the same fits many a mistake
    for index in op.inputs:
        quant = graph.tensors[index].quant if _source(graph, index) in graph.inputs else None
        if quant is None or quant.per_channel or graph.tensors[index].dtype != "int8":
            continue
        for words, other, change in _mistakes(quant):
            changed = _with_quant(graph, index, other)
            if all(_evaluates_to(changed, op, case, index, change) for case in cases):
                return (
                    f"{op} takes input {graph.inputs.index(_source(graph, index))} {words}, where the model has scale "
                    f"{quant.scale[0]:g} and zero point {quant.zero_point[0]}: quantize inputs as "
                    "round(real / scale) + zero point, to int8"
                )
    return None


def _mistakes(quant: QuantParams) -> Iterator[tuple[str, QuantParams, Callable[[Array], Array]]]:
    """(in words, quantization taken, what becomes of the bytes) of each wrong way to read an input."""
    scale, zero_point = quant.scale[0], quant.zero_point[0]
    # uint8 q + 128 in place of int8 q, read as it is.
    yield "as uint8, 128 too high", quant, lambda x: (x.view(np.uint8) ^ 0x80).view(np.int8)
    near_first = sorted(range(-128, 128), key=lambda z: (z not in (0, -128, 127), abs(z - zero_point)))
    for other in near_first:
        if other != zero_point:
            yield f"with zero point {other}", QuantParams((scale,), (other,)), lambda x: x
    for factor in FACTORS:
        words = f"with scale {scale * factor:g}"
        yield words, QuantParams((float(np.float32(scale * factor)),), (zero_point,)), lambda x: x


def _source(graph: Graph, index: int) -> int:
    """The tensor whose bytes a RESHAPE, or a row of them, has passed on unchanged."""
    by = {op.outputs[0]: op for op in graph.ops if not op.is_control}
    while index in by and OPS[by[index].kind].is_view:
        index = by[index].inputs[0]
    return index


def _with_quant(graph: Graph, index: int, quant: QuantParams) -> Graph:
    tensors = tuple(replace(t, quant=quant) if t.index == index else t for t in graph.tensors)
    return replace(graph, tensors=tensors)


def _evaluates_to(graph: Graph, op: Op, case: _Case, index: int, change: Callable[[Array], Array]) -> bool:
    """Whether op, on this graph and with tensor `index` changed, gives what the device computed."""
    try:
        call = lower(graph, op)
    except ModelError:  # such as a MAX_POOL_2D between two scales
        return False
    arrays = [
        t.data if (t := graph.tensors[i]).data is not None else change(case.values[i]) if i == index else case.values[i]
        for i in call.inputs
    ]
    result = reference.results(call, arrays)[0]
    return result.astype(case.computed.dtype, copy=False).tobytes() == case.computed.tobytes()


def _output_scaling(graph: Graph, op: Op, cases: Sequence[_Case]) -> str | None:
    """Whether the graph's output is right but for its scale or zero point: a sentence on which."""
    quant = graph.tensors[op.outputs[0]].quant
    if not any(_source(graph, i) == op.outputs[0] for i in graph.outputs) or quant is None or quant.per_channel:
        return None
    scale, zero_point = quant.scale[0], quant.zero_point[0]
    right = np.concatenate([case.values[op.outputs[0]].ravel() for case in cases])
    computed = np.concatenate([case.computed.ravel() for case in cases])
    has = f"where the model has scale {scale:g} and zero point {zero_point}"
    if right.dtype == np.int8 and np.array_equal(computed, (right.view(np.uint8) ^ 0x80).view(np.int8)):
        return f"{op} gives the output as uint8, {has}: an int8 output is zero point + real / scale"
    inside = (np.abs(right.astype(np.int64)) < 127) & (np.abs(computed.astype(np.int64)) < 127)
    x, y = right[inside].astype(np.float64) - zero_point, computed[inside].astype(np.float64)
    differences = np.unique(y - x) - zero_point
    rounded = np.abs(differences).max(initial=0) <= 1 and differences.size > 1
    if np.unique(x).size < DISTINCT or rounded:
        return None
    # Least squares; both are rounded, so that a right guess is off by little more than one.
    factor, offset = np.polyfit(x, y, 1)
    unchanged = abs(factor - 1) < 0.01 and abs(offset - zero_point) < 0.5
    if factor <= 0 or unchanged or np.abs(factor * x + offset - y).max() > max(1.0, factor):
        return None
    return f"{op} gives the output with scale {scale / factor:.3g} and zero point {offset:.0f}, {has}"
