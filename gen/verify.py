"""Device against host reference, byte for byte; on a mismatch, the first operator that differs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median_low

import numpy as np

from gen import reference, upstream
from gen.engines import Sources
from gen.graph import Array, Graph
from gen.model import QuantizedModel
from gen.session import DeviceInfo, Session

Progress = Callable[[str, int, int], None]
SEED = 2026
RANDOM_VECTORS = 20


@dataclass(frozen=True, eq=False)
class Vectors:
    """What the device is fed. inputs: one list of arrays per vector, an array per graph input; labels: the class of
    each vector where it is known; source says where they are from."""

    inputs: Sequence[list[Array]]
    labels: Array | None
    source: str


@dataclass(frozen=True)
class WrongOp:
    """The first operator whose output differs, run alone, and its worst element (flat index in NHWC order)."""

    op: int
    kind: str
    element: int
    expected: float
    computed: float


@dataclass(frozen=True)
class Verdict:
    """kind: "exact"; "off_by_one" (no byte differs by more than 1, which points to rounding); "mismatch".

    instructions: per inference, emulated boards; cycles: per inference, boards with a cycle counter; both the low
    median over the vectors. reference names what the bytes were compared with. accuracy is the device's own."""

    kind: str
    vectors: int
    mismatches: int
    vectors_source: str
    reference: str
    worst_difference: int
    first_wrong_op: WrongOp | None
    instructions: int | None
    cycles: int | None
    stack_bytes: int | None
    accuracy: float | None
    resends: int

    @property
    def exact(self) -> bool:
        return self.kind == "exact"


def random_vectors(graph: Graph, count: int) -> Vectors:
    return Vectors(
        [reference.random_inputs(graph, i, SEED) for i in range(count)], None, f"uniform random, seed {SEED}"
    )


def compare(
    model: QuantizedModel, sources: Sources, session: Session, vectors: Vectors, *, emulated: bool, progress: Progress
) -> Verdict:
    """Feed every vector to the device and compare all outputs with the reference. Raises DeviceError."""
    graph = model.graph
    info = session.hello()
    session.expect_model(graph.sha256)
    truth, named = _truth(model, vectors, progress)
    mismatches, worst, right, ticks = 0, 0, 0, []
    first_bad: int | None = None
    for number, (inputs, expected) in enumerate(zip(vectors.inputs, truth, strict=True)):
        progress("device", number, len(truth))
        for index, array in enumerate(inputs):
            session.write_input(index, array)
        ticks.append(session.run())
        computed = [_read(session, index, array) for index, array in enumerate(expected)]
        if any(c.tobytes() != e.tobytes() for c, e in zip(computed, expected, strict=True)):
            mismatches += 1
            worst = max(worst, *(_difference(c, e) for c, e in zip(computed, expected, strict=True)))
            first_bad = number if first_bad is None else first_bad
        if vectors.labels is not None:
            right += int(np.argmax(computed[0]) == vectors.labels[number])
    progress("device", len(truth), len(truth))
    wrong = None if first_bad is None else first_wrong_op(sources, session, vectors.inputs[first_bad], info)
    verdict = Verdict(
        kind="exact" if mismatches == 0 else "off_by_one" if worst == 1 else "mismatch",
        vectors=len(truth),
        mismatches=mismatches,
        vectors_source=vectors.source,
        reference=named,
        worst_difference=worst,
        first_wrong_op=wrong,
        instructions=None,
        cycles=None,
        stack_bytes=session.stack_used(),
        accuracy=None if vectors.labels is None else right / len(truth),
        resends=session.resends,
    )
    return _with_ticks(verdict, median_low(ticks), info, emulated)


def _with_ticks(verdict: Verdict, ticks: int, info: DeviceInfo, emulated: bool) -> Verdict:
    if emulated and info.tick_kind == "timer":
        # -icount shift=0: virtual time advances 1 ns an instruction, so a timer counts instructions.
        return replace(verdict, instructions=round(ticks * 1e9 / info.tick_hz))
    if not emulated and info.tick_kind == "cycles":
        return replace(verdict, cycles=ticks)
    return verdict


def _truth(model: QuantizedModel, vectors: Vectors, progress: Progress) -> tuple[list[list[Array]], str]:
    """The expected outputs of each vector and the name of the reference that gave them."""
    total = len(vectors.inputs)
    truth = []
    for number, inputs in enumerate(vectors.inputs):
        progress("reference", number, total)
        truth.append(reference.outputs(model.graph, inputs))
    progress("reference", total, total)
    return truth, upstream.confirm(model.graph, model.content, vectors.inputs, truth)


def _read(session: Session, index: int, like: Array) -> Array:
    return np.frombuffer(session.read_output(index, like.nbytes), like.dtype).reshape(like.shape)


def _difference(computed: Array, expected: Array) -> int:
    """Largest difference of two outputs, in steps of the least significant bit for integers."""
    if expected.dtype.kind == "f":
        steps = computed.view(np.int32).astype(np.int64) - expected.view(np.int32).astype(np.int64)
    else:
        steps = computed.astype(np.int64) - expected.astype(np.int64)
    return int(np.abs(steps).max())


def first_wrong_op(sources: Sources, session: Session, inputs: Sequence[Array], info: DeviceInfo) -> WrongOp | None:
    """Run operator by operator on the device; None where the engine can't or where every operator agrees."""
    if info.ops != len(sources.kernels):
        return None
    values = reference.run(sources.graph, inputs)
    for index, array in enumerate(inputs):
        session.write_input(index, array)
    ops = {op.index: op for op in sources.graph.ops}
    for number, (index, _, _) in enumerate(sources.kernels):
        op = ops[index]
        expected = values[op.outputs[0]]
        session.run_op(number)
        computed = np.frombuffer(session.read_op(number, expected.nbytes), expected.dtype).reshape(expected.shape)
        if computed.tobytes() != expected.tobytes():
            element = int(np.argmax(np.abs(computed.astype(np.float64) - expected.astype(np.float64))))
            return WrongOp(op.index, op.kind, element, float(expected.flat[element]), float(computed.flat[element]))
    return None
