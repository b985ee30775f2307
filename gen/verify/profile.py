"""Each operator run alone on the device."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gen.compiler.engines import Sources
from gen.device.board import Board
from gen.device.session import Session
from gen.model import reference
from gen.model.graph import Array, Graph
from gen.verify.vectors import random_vectors


@dataclass(frozen=True)
class OperatorProfile:
    """What one operator costs."""

    op: int  # its index in the model
    kind: str
    kernel: str
    instructions: int
    share: float  # of all operators' instructions, 0..1


def profile(sources: Sources, session: Session, board: Board) -> tuple[OperatorProfile, ...] | None:
    """Of every operator, as often as it runs, on a random vector; None where the engine or board can't. Raises
    DeviceError."""
    info = session.info
    if info.ops != len(sources.kernels) or not board.emulated or info.tick_kind != "timer":
        return None
    for index, array in enumerate(_inputs(sources.graph)):
        session.write_input(index, array)
    counts = [0] * info.ops
    for number in _order(sources):
        counts[number] += round(session.run_op(number) * 1e9 / info.tick_hz)
    total = max(sum(counts), 1)
    return tuple(
        OperatorProfile(index, kind, kernel, count, count / total)
        for (index, kind, kernel), count in zip(sources.kernels, counts, strict=True)
    )


def _inputs(graph: Graph) -> Sequence[Array]:
    """Those of the first random vector, or of the third, since in the first one loops count to nothing."""
    return random_vectors(graph, 3).inputs[2 if any(op.is_control for op in graph.ops) else 0]


def _order(sources: Sources) -> Iterable[int]:
    """Which of sources.kernels run, one after the other; what only says where to go on costs nothing worth counting."""
    if not any(op.is_control for op in sources.graph.ops):
        return range(len(sources.kernels))
    numbers = {index: number for number, (index, _, _) in enumerate(sources.kernels)}
    ran = reference.walk(sources.graph, _inputs(sources.graph), {})
    return [numbers[op.index] for op in ran if op.index in numbers]
