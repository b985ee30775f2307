"""Device against host reference, byte for byte; on a mismatch, why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median_low

import numpy as np

from gen import reference, tflm_tree, upstream
from gen.engines import Sources
from gen.explain import Explanation, explain
from gen.graph import Array, Graph
from gen.model import QuantizedModel
from gen.objective import Figure
from gen.quantize import dequantize_output
from gen.session import ARENA_TOO_SMALL, DeviceInfo, Session

Progress = Callable[[str, int, int], None]
SEED = 2026
RANDOM_VECTORS = 20


@dataclass(frozen=True, eq=False)
class Vectors:
    """What the device is fed. inputs: one list of arrays per vector, an array per graph input; source says where they
    are from; measure: what the first outputs of all of them, N x ... of float32 in natural units, are worth, where that
    is known."""

    inputs: Sequence[list[Array]]
    source: str
    measure: Callable[[Array], Figure] | None = None


@dataclass(frozen=True)
class Verdict:
    """kind: "exact"; "off_by_one" (no byte differs by more than 1, which points to rounding); "mismatch".

    instructions: per inference, emulated boards; cycles: per inference, boards with a cycle counter; both the low
    median over the vectors. reference names what the bytes were compared with. explanation is there where it was asked
    for and something differs. figure, such as accuracy, is of the device's own outputs. arena_used_bytes: what upstream
    TFLM took of its arena, where it is that which runs."""

    kind: str
    vectors: int
    mismatches: int
    vectors_source: str
    reference: str
    worst_difference: int
    explanation: Explanation | None
    instructions: int | None
    cycles: int | None
    stack_bytes: int | None
    figure: Figure | None
    resends: int
    arena_used_bytes: int | None = None

    @property
    def exact(self) -> bool:
        return self.kind == "exact"


def random_vectors(graph: Graph, count: int) -> Vectors:
    return Vectors([reference.random_inputs(graph, i, SEED) for i in range(count)], f"uniform random, seed {SEED}")


@dataclass(frozen=True, eq=False)
class Expected:
    """What a device must compute: the outputs of each vector, and the name of the reference that gave them."""

    outputs: list[list[Array]]
    reference: str


def expect(model: QuantizedModel, vectors: Vectors, progress: Progress) -> Expected:
    """The truth, from the NumPy reference, confirmed by tflite-micro where that is installed."""
    total = len(vectors.inputs)
    truth = []
    for number, inputs in enumerate(vectors.inputs):
        progress("reference", number, total)
        truth.append(reference.outputs(model.graph, inputs))
    progress("reference", total, total)
    return Expected(truth, upstream.confirm(model.graph, model.content, vectors.inputs, truth))


def compare(
    model: QuantizedModel,
    sources: Sources,
    session: Session,
    vectors: Vectors,
    expected: Expected,
    *,
    emulated: bool,
    explained: bool = False,
    progress: Progress,
) -> Verdict:
    """Feed every vector to the device and compare all outputs with what is expected; explained: say why they differ, if
    they do. Raises DeviceError."""
    info = session.hello()
    session.expect_model(model.graph.sha256)
    if sources.tree and info.engine_status == ARENA_TOO_SMALL:
        raise tflm_tree.too_small(sources)
    total = len(expected.outputs)
    worst, ticks, bad, given = 0, [], [], []
    for number, (inputs, truth) in enumerate(zip(vectors.inputs, expected.outputs, strict=True)):
        progress("device", number, total)
        for index, array in enumerate(inputs):
            session.write_input(index, array)
        ticks.append(session.run())
        computed = [_read(session, index, array) for index, array in enumerate(truth)]
        if any(c.tobytes() != e.tobytes() for c, e in zip(computed, truth, strict=True)):
            worst = max(worst, *(_difference(c, e) for c, e in zip(computed, truth, strict=True)))
            bad.append(inputs)
        given.append(dequantize_output(model.graph, computed[0]))
    progress("device", total, total)
    verdict = Verdict(
        kind="exact" if not bad else "off_by_one" if worst == 1 else "mismatch",
        vectors=total,
        mismatches=len(bad),
        vectors_source=vectors.source,
        reference=expected.reference,
        worst_difference=worst,
        explanation=explain(sources, session, bad) if bad and explained else None,
        instructions=None,
        cycles=None,
        stack_bytes=session.stack_used(),
        figure=None if vectors.measure is None else vectors.measure(np.concatenate(given)),
        resends=session.resends,
        arena_used_bytes=info.arena_used if sources.tree else None,
    )
    return _with_ticks(verdict, median_low(ticks), info, emulated)


def _with_ticks(verdict: Verdict, ticks: int, info: DeviceInfo, emulated: bool) -> Verdict:
    if emulated and info.tick_kind == "timer":
        # -icount shift=0: virtual time advances 1 ns an instruction, so a timer counts instructions.
        return replace(verdict, instructions=round(ticks * 1e9 / info.tick_hz))
    if not emulated and info.tick_kind == "cycles":
        return replace(verdict, cycles=ticks)
    return verdict


def _read(session: Session, index: int, like: Array) -> Array:
    return np.frombuffer(session.read_output(index, like.nbytes), like.dtype).reshape(like.shape)


def _difference(computed: Array, expected: Array) -> int:
    """Largest difference of two outputs, in steps of the least significant bit for integers."""
    if expected.dtype.kind == "f":
        steps = computed.view(np.int32).astype(np.int64) - expected.view(np.int32).astype(np.int64)
    else:
        steps = computed.astype(np.int64) - expected.astype(np.int64)
    return int(np.abs(steps).max())
