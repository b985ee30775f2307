"""Each operator run alone on the device."""

from dataclasses import dataclass

from gen.compiler.engines import Sources
from gen.device.board import Board
from gen.device.session import Session
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
    """Of every operator, on the first random vector; None where the engine or board can't. Raises DeviceError."""
    info = session.info
    if info.ops != len(sources.kernels) or not board.emulated or info.tick_kind != "timer":
        return None
    for index, array in enumerate(random_vectors(sources.graph, 1).inputs[0]):
        session.write_input(index, array)
    counts = [round(session.run_op(number) * 1e9 / info.tick_hz) for number in range(info.ops)]
    total = max(sum(counts), 1)
    return tuple(
        OperatorProfile(index, kind, kernel, count, count / total)
        for (index, kind, kernel), count in zip(sources.kernels, counts, strict=True)
    )
