"""Each operator run alone on the device."""

from collections.abc import Iterable
from dataclasses import dataclass

from gen.compiler.engines import Sources
from gen.device.board import Board
from gen.device.session import Session
from gen.model import reference
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
    """Of every operator, as often as it runs, on the first random vector; None where the engine or board can't. Raises
    DeviceError."""
    info = session.info
    if info.ops != len(sources.kernels) or not board.emulated or info.tick_kind != "timer":
        return None
    for index, array in enumerate(random_vectors(sources.graph, 1).inputs[0]):
        session.write_input(index, array)
    counts = [0] * info.ops
    for number in _order(sources):
        counts[number] += round(session.run_op(number) * 1e9 / info.tick_hz)
    total = max(sum(counts), 1)
    return tuple(
        OperatorProfile(index, kind, kernel, count, count / total)
        for (index, kind, kernel), count in zip(sources.kernels, counts, strict=True)
    )


def _order(sources: Sources) -> Iterable[int]:
    """Which of sources.kernels run, one after the other; what only says where to go on costs nothing worth counting."""
    if not any(op.is_control for op in sources.graph.ops):
        return range(len(sources.kernels))
    numbers = {index: number for number, (index, _, _) in enumerate(sources.kernels)}
    ran = reference.walk(sources.graph, random_vectors(sources.graph, 1).inputs[0], {})
    return [numbers[op.index] for op in ran if op.index in numbers]
