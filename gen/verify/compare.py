"""Device against host reference, byte for byte; on a mismatch, why."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from statistics import median_low

import numpy as np

from gen.compiler.engines import Sources
from gen.device import upstream_tflm
from gen.device.session import ARENA_TOO_SMALL, DeviceInfo, Session
from gen.learn.objective import Metric
from gen.model import reference, upstream
from gen.model.graph import Array
from gen.model.quantized import QuantizedModel
from gen.model.values import dequantize_output
from gen.verify.explain import Explanation, explain, first_wrong
from gen.verify.vectors import Vectors

Progress = Callable[[str, float, int], None]  # stage, done, of how many; done may be in between
EXACT, OFF_BY_ONE, MISMATCH = "exact", "off_by_one", "mismatch"
OPERATOR_VECTORS = 2  # on which every operator is compared where few outputs are distinct


@dataclass(frozen=True)
class Verdict:
    """What a comparison said. The fields are keys of the report's JSON."""

    kind: str  # EXACT; OFF_BY_ONE: no byte differs by more than 1, which points to rounding; MISMATCH
    vectors: int  # how many were compared
    distinct_outputs: int  # how many different answers were expected
    operators_compared: int  # vectors on which every operator was compared too: few answers might hide a wrong one
    mismatches: int  # vectors that differ
    vectors_source: str
    reference: str  # what the bytes were compared with
    worst_difference: int  # of two bytes, or of two floats' bit patterns
    explanation: Explanation | None  # where it was asked for and something differs
    instructions: int | None  # per inference, low median over the vectors; emulated boards
    cycles: int | None  # likewise, of boards with a cycle counter
    stack_bytes: int | None  # deepest use since reset; None where the device can't know
    metric: Metric | None  # such as accuracy, of the device's own outputs
    resends: int  # frames sent again
    arena_used_bytes: int | None = None  # by upstream TFLM, where that runs

    @property
    def exact(self) -> bool:
        return self.kind == EXACT


@dataclass(frozen=True, eq=False)
class Expected:
    """What a device must compute."""

    outputs: list[list[Array]]  # of each vector
    reference: str  # the name of what gave them


def expect(model: QuantizedModel, vectors: Vectors, progress: Progress) -> Expected:
    """The truth, from the NumPy reference, confirmed by tflite-micro where that is installed."""
    total = len(vectors.inputs)
    truth = []
    for number, outputs in enumerate(reference.sequence(model.graph, vectors.inputs)):
        progress("reference", number, total)
        truth.append(outputs)
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
    they do. Of a model with state the vectors are steps after a reset. Raises DeviceError."""
    info = session.hello()
    session.expect_model(model.graph.sha256)
    if sources.tree and info.engine_status == ARENA_TOO_SMALL:
        raise upstream_tflm.too_small(sources)
    total = len(expected.outputs)
    worst, ticks, bad, given = 0, [], [], []
    if model.graph.variables:
        session.reset()
    distinct = len({tuple(array.tobytes() for array in truth) for truth in expected.outputs})
    for number, (inputs, truth) in enumerate(zip(vectors.inputs, expected.outputs, strict=True)):
        progress("device", number, total)
        for index, array in enumerate(inputs):
            session.write_input(index, array, partial(_within, progress, number, total))
        ticks.append(session.run())
        computed = [_read(session, index, array) for index, array in enumerate(truth)]
        if any(c.tobytes() != e.tobytes() for c, e in zip(computed, truth, strict=True)):
            worst = max(worst, *(_difference(c, e) for c, e in zip(computed, truth, strict=True)))
            bad.append(number)
        if vectors.measure is not None:  # else outputs may be anything, such as counts, which have no scale
            given.append(dequantize_output(model.graph, computed[0]))
    progress("device", total, total)
    stack_bytes, explanation, compared, hidden = session.stack_used(), None, 0, []
    if bad and explained:
        explanation = explain(sources, session, vectors.inputs, bad)
    if not bad and distinct < max(2, total // 2 + 1) and info.ops == len(sources.kernels):
        compared = min(total, OPERATOR_VECTORS)
        progress("operators", 0, compared)
        for number in range(total - compared, total):
            if first_wrong(sources, session, vectors.inputs, range(number, number + 1)) is not None:
                hidden.append(number)
        progress("operators", compared, compared)
        explanation = explain(sources, session, vectors.inputs, hidden) if hidden else None
    verdict = Verdict(
        kind=EXACT if not bad and not hidden else OFF_BY_ONE if worst == 1 else MISMATCH,
        vectors=total,
        distinct_outputs=distinct,
        operators_compared=compared,
        mismatches=len(bad) + len(hidden),
        vectors_source=vectors.source + (", as steps after a reset" if model.graph.variables else ""),
        reference=expected.reference,
        worst_difference=worst,
        explanation=explanation,
        instructions=None,
        cycles=None,
        stack_bytes=stack_bytes,
        metric=None if vectors.measure is None else vectors.measure(np.concatenate(given)),
        resends=session.resends,
        arena_used_bytes=info.arena_used if sources.tree else None,
    )
    return _with_ticks(verdict, median_low(ticks), info, emulated)


def _within(progress: Progress, number: int, total: int, share: float) -> None:
    """A vector's input is on its way: writing is what takes time on a line."""
    progress("device", number + min(share, 0.99), total)


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
