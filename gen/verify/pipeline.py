"""The one way to a device: a model is generated, held against the board's sizes, compiled once, and run there."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

from gen import errors
from gen.device import flash
from gen.device.board import Board
from gen.device.session import Session
from gen.errors import GenError
from gen.model.quantized import QuantizedModel
from gen.progress import Progress
from gen.verify import built as builds
from gen.verify import compare, cycles, mlperf, profile, report, stress
from gen.verify.built import BuildOptions, Built
from gen.verify.compare import Expected, Verdict
from gen.verify.junit import Outcome
from gen.verify.mlperf import Score
from gen.verify.profile import OperatorProfile
from gen.verify.report import Report
from gen.verify.stress import Stress, StressOptions
from gen.verify.vectors import Vectors, random_vectors

FEW = 3  # random vectors: enough to count instructions and for a verdict


@dataclass(frozen=True, eq=False)
class RunOptions:
    """What to run of what was built, and where."""

    vectors: Vectors
    expected: Expected | None = None  # what the vectors lead to, where that is known already
    port: str | None = None  # of a real board; None: the emulator, or the port that the board is found at
    flash: bool = False  # put the firmware on the real board first
    tool: str | None = None  # to flash with; None: the first one of the board's that this machine has
    in_renode: bool = False  # instead of the board's own emulator
    explain: bool = False  # where bytes differ, find out why
    profile: bool = False  # run each operator alone, too
    cycles: bool = False  # estimate those of a Cortex-M4, where that is the core
    stress: StressOptions | None = None  # over a line as bad as this
    save: bool = False  # write report.json and report.md beside the firmware


@dataclass(frozen=True, eq=False)
class Measured:
    """What came of it."""

    built: Built
    verdict: Verdict | Score
    operators: tuple[OperatorProfile, ...] | None  # where they were asked for and the engine and board can
    m4_cycles: int | None  # of one inference, estimated
    stress: Stress | None

    @property
    def report(self) -> Report:
        return report.of(self.built, self.verdict)


def few_vectors(model: QuantizedModel) -> RunOptions:
    """FEW random vectors, in the board's emulator."""
    return RunOptions(random_vectors(model.graph, FEW))


def run_on_device(
    model: QuantizedModel, board: Board, build: BuildOptions, run: RunOptions, progress: Progress
) -> Measured:
    """Generates, checks that it fits, compiles in a folder that is nobody else's until the end, opens the line and runs
    what is asked. Raises ModelError, DoesNotFit, MissingTool, BuildError, UsageError, DeviceError."""
    with builds.held_build(model, board, build, progress) as built:
        expected = run.expected or compare.expect(model, run.vectors, progress)
        operators, stressed = None, None
        if run.stress is None:
            verdict, operators = _compare(built, expected, run, progress)
        else:
            stressed = stress.run(built, run.vectors, expected, run.stress, progress.say)
            verdict = stressed.verdict
        estimated = run.cycles and board.core == cycles.CORE
        m4_cycles = cycles.estimate(built.firmware.elf, board, run.vectors.inputs[0]) if estimated else None
        measured = Measured(built, verdict, operators, m4_cycles, stressed)
        if run.save:
            report.save(measured.report, built.folder)
        return measured


def _compare(
    built: Built, expected: Expected, run: RunOptions, progress: Progress
) -> tuple[Verdict | Score, tuple[OperatorProfile, ...] | None]:
    """The verdict on a device at the end of a good line, and what its operators cost."""
    port = _flash(built, run) if run.flash else run.port
    emulated = run.in_renode or (built.board.emulated and not port)
    verdict: Verdict | Score
    operators = None
    with builds.open_line(built, port, run.in_renode) as stream:
        if built.sources.link == mlperf.FIRMWARE:
            runner, graph = mlperf.Runner(stream), built.model.graph
            verdict = mlperf.compare(graph, runner, run.vectors, expected, emulated=emulated, progress=progress)
        else:
            session = Session(stream)
            verdict = compare.compare(
                built.model,
                built.sources,
                session,
                run.vectors,
                expected,
                emulated=emulated,
                explained=run.explain,
                progress=progress,
            )
            operators = profile.profile(built.sources, session, built.board) if run.profile else None
    if run.in_renode:
        verdict = replace(verdict, instructions=None)  # its clock does not count them
    return verdict, operators


def _flash(built: Built, run: RunOptions) -> str:
    """Puts what was built on its board; the port at which that talks."""
    port = cache(lambda: flash.find_port(built.board, run.port))
    flash.run(flash.choose(built.board, built.folder, run.tool, port), built.board)
    return port()


def verify_boards(
    model: QuantizedModel, boards: Sequence[Board], build: BuildOptions, run: RunOptions, jobs: int
) -> list[Outcome]:
    """Builds for and verifies on every board, `jobs` at a time; what stops one does not stop the others."""
    expected, stop = compare.expect(model, run.vectors, Progress()), threading.Event()
    run = replace(run, expected=expected)

    def one(board: Board) -> Outcome:
        progress, start = Progress(board.id, stop), time.monotonic()
        attempt = _attempt(lambda: run_on_device(model, board, build, run, progress).report)
        seconds = time.monotonic() - start
        if isinstance(attempt, GenError):
            progress.say(f"error: {attempt}")
            return Outcome(board.id, build.engine, seconds, attempt.exit_code, None, str(attempt), attempt.kind)
        return Outcome(board.id, build.engine, seconds, 0 if attempt.exact else 1, attempt)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(one, boards))
        except BaseException:
            stop.set()
            raise


def _attempt(make: Callable[[], Report]) -> Report | GenError:
    try:
        return make()
    except GenError as error:
        return error
    except OSError as error:
        return errors.of_os(error)
