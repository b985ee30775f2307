"""What a model needs of a board, before and after it is trained, and what it may need."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from gen.compiler.engines import Sources
from gen.device import build
from gen.device.board import Board, Region
from gen.errors import DeviceError, UsageError
from gen.model.quantized import QuantizedModel
from gen.progress import Silent
from gen.search.cost import CostModel
from gen.verify.built import BuildOptions, build_model, generate
from gen.verify.pipeline import few_vectors, run_on_device

ROOM = 64 << 20  # bytes of a board on which everything can be linked, to see how much it would need
NAMES = {"flash_bytes": "bytes of flash", "ram_bytes": "bytes of RAM", "instructions": "instructions"}


@dataclass(frozen=True)
class Budget:
    """The most that a model may need; None: as much as it likes."""

    flash_bytes: int | None
    ram_bytes: int | None  # with the stack's reserve
    instructions: int | None  # of one inference

    def over(self, needs: "Needs") -> dict[str, float]:
        """For each limit by which share of it the needs are more, negative where they are less."""
        limits, needed = asdict(self), asdict(needs)
        return {
            name: needed[name] / limit - 1.0
            for name, limit in limits.items()
            if limit is not None and needed[name] is not None
        }

    def misses(self, needs: "Needs") -> str | None:
        """Why the needs are too much, in words; None where they are not."""
        over = {name: share for name, share in self.over(needs).items() if share > 0}
        limits, needed = asdict(self), asdict(needs)
        parts = [f"{needed[name]:,} {NAMES[name]}, {needed[name] - limits[name]:,} too many" for name in over]
        return "; ".join(parts) or None


def of_board(board: Board, flash_bytes: int | None, ram_bytes: int | None, instructions: int | None) -> Budget:
    """The board's own sizes where nothing less is asked for. Raises UsageError where more is."""
    for option, asked, there in (("--flash", flash_bytes, board.flash_bytes), ("--ram", ram_bytes, board.ram_bytes)):
        if asked and there and asked > there:
            raise UsageError(f"{option}: {asked:,} bytes are more than the {there:,} that {board.id} has.")
    return Budget(flash_bytes or board.flash_bytes or None, ram_bytes or board.ram_bytes or None, instructions)


@dataclass(frozen=True)
class Needs:
    """What a model needs of a board. The fields are keys of the study's JSON."""

    flash_bytes: int
    ram_bytes: int  # with the stack's reserve
    arena_bytes: int
    const_bytes: int
    instructions: int | None  # of one inference; None where nothing tells
    # "estimated": the least that flash and RAM can be, before anything is compiled; "built": they are exact,
    # instructions are the cost model's; "measured": these, too, were counted in the emulator.
    how: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Tells what models need of a board."""

    board: Board
    engine: str
    level: str
    budget: Budget
    costs: CostModel | None  # None where nothing tells instructions before they are counted
    folder: Path  # of all builds

    def needs(self, model: QuantizedModel) -> Needs:
        """On the compiler's real path; compiled only if what is known without does not miss the budget already.

        Raises ModelError, MissingTool, BuildError, and DoesNotFit where not even how much is missing can be told."""
        sources = generate(model, self.board, self.engine, self.level)
        least = Needs(
            flash_bytes=sources.const_bytes,
            ram_bytes=sources.arena_bytes + self.board.stack_bytes,
            arena_bytes=sources.arena_bytes,
            const_bytes=sources.const_bytes,
            instructions=self._predicted(sources),
            how="estimated",
        )
        if self.budget.misses(least):
            return least
        firmware = build.build(sources, roomy(self.board), self.folder)
        return replace(least, flash_bytes=firmware.flash_bytes, ram_bytes=firmware.ram_bytes, how="built")

    def measured(self, model: QuantizedModel) -> Needs:
        """Of a trained model, linked for the board itself and run in its emulator if it has one. Raises what needs()
        does, DoesNotFit, and DeviceError where the device computes other bytes than the reference."""
        options, counted = BuildOptions(self.engine, self.level, self.folder), None
        if self.board.emulated:
            measured = run_on_device(model, self.board, options, few_vectors(model), Silent())
            built, verdict = measured.built, measured.verdict
            if not verdict.exact:
                raise DeviceError(f"{self.board.id} computes other bytes than the reference: {verdict.kind}.")
            counted = verdict.instructions
        else:
            built = build_model(model, self.board, options, Silent())
        return Needs(
            flash_bytes=built.firmware.flash_bytes,
            ram_bytes=built.firmware.ram_bytes,
            arena_bytes=built.sources.arena_bytes,
            const_bytes=built.sources.const_bytes,
            instructions=self._predicted(built.sources) if counted is None else counted,
            how="built" if counted is None else "measured",
        )

    def _predicted(self, sources: Sources) -> int | None:
        return None if self.costs is None else self.costs.predict(sources)


def roomy(board: Board) -> Board:
    """The board with so much flash and RAM that whatever is linked for it shows what it needs; the board itself where
    its memories are of several kinds, since what lies where depends on their sizes."""
    if board.flash is None or board.ram is None or board.code or board.work_ram:
        return board
    flash, ram = (Region(region.origin, ROOM) for region in (board.flash, board.ram))
    return replace(board, flash=flash, ram=ram)
