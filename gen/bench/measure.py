"""What a model costs on each board, with each engine, at each optimization level: measured, and verified byte for byte.

A row is one build, run in the board's emulator; ours and a peer's are measured alike. Neither code_bytes nor
const_bytes has the port and the link protocol (main.c, link.c, firmware/port), which serve the measurement. memcpy and
its like count fully, although link.c needs memcpy too.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from gen.bench import peers
from gen.compiler.engines import ENGINES, LEVELED, Sources
from gen.compiler.kernels.select import LEVELS
from gen.device.board import Board
from gen.errors import GenError, MissingTool, unknown
from gen.importer.load import load_model
from gen.learn import task
from gen.model.quantized import QuantizedModel
from gen.paths import MODELS
from gen.progress import Silent
from gen.verify import compare
from gen.verify.built import BuildOptions
from gen.verify.pipeline import FEW, Measured, RunOptions, run_on_device
from gen.verify.profile import OperatorProfile
from gen.verify.vectors import Vectors, random_vectors

# One for each set of kernels: Cortex-M3, M4, M55, RISC-V, Xtensa.
BOARDS = ("qemu_mps2_an385", "qemu_mps2_an386", "qemu_mps3_an547", "qemu_riscv32_virt", "qemu_lx60")
NOT_THE_MODELS = ("port", "main")
EXPECTED = (compare.EXACT, "does_not_fit")  # verdicts that are no fault of ours

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Case:
    """One row to be measured, in the folder where `build` builds it, so that neither builds it twice."""

    model: QuantizedModel
    board: Board
    engine: str  # a key of ENGINES, or the peer's name
    optimize: str | None  # a level; None for an engine that has none

    def __str__(self) -> str:
        return " ".join(filter(None, (self.model.name, self.board.id, self.engine, self.optimize)))

    def options(self, sources: Sources | None = None) -> BuildOptions:
        """sources: those of a peer."""
        return BuildOptions(self.engine, self.optimize or "balanced", sources=sources, suggest=False)


@dataclass(frozen=True)
class Row:
    """What could not be measured is None. The fields are keys of its JSON."""

    model: str
    model_sha256: str
    board: str
    engine: str
    optimize: str | None  # the level
    verdict: str  # exact, off_by_one, mismatch; or why nothing was measured: does_not_fit, unsupported_op, ...
    instructions: int | None = None  # of one inference (engine_invoke alone, warm), low median over FEW random inputs
    m4_cycles: int | None = None  # an estimate, see gen/verify/cycles.py; on request, for boards with that core
    code_bytes: int | None = None  # machine code (.text) of engine, kernels and the library functions linked with them
    const_bytes: int | None = None  # of the same: weights, structs, tables, the .tflite where it is interpreted
    arena_bytes: int | None = None  # with input and output (a peer's buffers for them are added to its arena)
    stack_bytes: int | None = None  # deepest use since reset, the link protocol's frames included
    note: str | None = None  # why something is None, or how a peer's model was changed
    operators: tuple[OperatorProfile, ...] | None = None  # None where they were not asked for

    def as_json(self) -> dict[str, Any]:
        """All of it; operators only where they were measured."""
        fields = asdict(self)
        if self.operators is None:
            del fields["operators"]
        return fields


def cases(
    models: Sequence[QuantizedModel],
    boards: Sequence[Board],
    engines: Sequence[str],
    levels: Sequence[str] = tuple(LEVELS),
) -> list[Case]:
    """Every combination, in that order; one case for an engine without levels."""
    return [
        Case(model, board, engine, level)
        for model in models
        for board in boards
        for engine in engines
        for level in (levels if engine in LEVELED else (None,))
    ]


def load(
    words: Sequence[str], calibration: Path | None = None, *, trust: bool = False, pixels: str | None = None
) -> list[QuantizedModel]:
    """Models by their names below models/ or by path; all of models/ for no words. The options are for those by path
    that are float, see load.load_model(). Raises UsageError, ModelError."""
    files = {path.stem: path for path in sorted(MODELS.rglob("*.tflite"))}
    for word in words:
        if word not in (*files, *task.list_tasks()) and not Path(word).suffix and not Path(word).is_dir():
            raise unknown("model", word, files, "ls models models/mlperf")
    return [
        load_model(str(files[word])) if word in files else load_model(word, calibration, trust=trust, pixels=pixels)
        for word in words or files
    ]


def engines(asked: Sequence[str] | None) -> list[str]:
    """Those asked for, or all that can be measured here, ours first. Raises UsageError, MissingTool."""
    for word in asked or ():
        if word not in (*ENGINES, peers.NAME):
            raise unknown("engine", word, (*ENGINES, peers.NAME), "python -m gen bench --help")
    return list(asked or (*ENGINES, *((peers.NAME,) if peers.available() else ())))


def is_fault(row: Row) -> bool:
    """One of our rows is wrong, or could not be had for another reason than the board's size."""
    return row.engine in ENGINES and row.verdict not in EXPECTED


def run(todo: Sequence[Case], say: Say, *, profile: bool = False, with_cycles: bool = False) -> list[Row]:
    """A row for each case; what stops one is its verdict and doesn't stop the others. Raises MissingTool."""
    rows = []
    for number, case in enumerate(todo, 1):
        start = time.monotonic()
        try:
            row = measure(case, profile=profile, with_cycles=with_cycles)
        except MissingTool:
            raise
        except GenError as error:
            row = replace(_empty(case), verdict=error.kind, note=str(error))
        result = f", {row.instructions:,} instructions" if row.instructions else f", {row.note}" if row.note else ""
        say(f"{number} of {len(todo)}: {case}: {row.verdict}{result} ({time.monotonic() - start:.1f} s)")
        rows.append(row)
    return rows


def _empty(case: Case) -> Row:
    return Row(case.model.name, case.model.graph.sha256, case.board.id, case.engine, case.optimize, "")


def run_case(case: Case, *, profile: bool = False, with_cycles: bool = False) -> tuple[Measured, str | None]:
    """What the device did, and what to say beside the figures. Raises whatever GenError stops it."""
    model, sources, note = case.model, None, None
    if case.engine == peers.NAME:
        peer = peers.generate(case.model, case.board)
        model, sources, note = peer.model, peer.sources, peer.note
    run = RunOptions(_vectors(model), _expected(model), profile=profile, cycles=with_cycles)
    return run_on_device(model, case.board, case.options(sources), run, Silent()), note


def measure(case: Case, *, profile: bool, with_cycles: bool) -> Row:
    """Generate, build, run, compare. Raises whatever GenError stops it."""
    measured, note = run_case(case, profile=profile, with_cycles=with_cycles)
    built, verdict = measured.built, measured.verdict
    code, parts = (
        sum(size for part, size in sizes.items() if part not in NOT_THE_MODELS)
        for sizes in (built.firmware.code, built.firmware.parts)
    )
    return replace(
        _empty(case),
        verdict=verdict.kind,
        instructions=verdict.instructions,
        m4_cycles=measured.m4_cycles,
        code_bytes=code,
        const_bytes=parts - code,
        arena_bytes=built.sources.arena_bytes,
        stack_bytes=verdict.stack_bytes,
        note=note,
        operators=measured.operators,
    )


def _vectors(model: QuantizedModel) -> Vectors:
    return random_vectors(model.graph, FEW)


@cache
def _expected(model: QuantizedModel) -> compare.Expected:
    """The truth on the vectors that every row of a model shares."""
    return compare.expect(model, _vectors(model), Silent())
