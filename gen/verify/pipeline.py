"""The stages in a row, for one board: a model is built; what was built runs, is compared and reported."""

import os
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gen import errors
from gen.compiler.engines import ENGINES, Sources
from gen.device import board, build, flash, place, renode, transport, upstream_tflm
from gen.device.board import Board
from gen.device.build import Firmware
from gen.device.session import Session
from gen.errors import GenError
from gen.model.quantized import QuantizedModel
from gen.progress import Progress
from gen.verify import compare, mlperf, report
from gen.verify.junit import Outcome
from gen.verify.vectors import Vectors


@dataclass(frozen=True, eq=False)
class Built:
    """What `build` leaves behind, and its report."""

    model: QuantizedModel
    board: Board
    sources: Sources
    firmware: Firmware
    folder: Path
    report: report.Report


@dataclass(frozen=True)
class Request:
    """What to make of a model. folder: None for the usual one. tree: an upstream TFLM for engine tflm, whose arena is
    as large as arena_bytes says."""

    engine: str
    level: str
    folder: Path | None = None
    tree: Path | None = None
    arena_bytes: int | None = None
    protocol: str = "link"


def generate(found: QuantizedModel, target: Board, engine: str, level: str) -> Sources:
    return ENGINES[engine](found, target.target, level)


def build_model(found: QuantizedModel, target: Board, request: Request, progress: Progress) -> Built:
    """Generates and compiles. Raises DoesNotFit, MissingTool, BuildError, ModelError; UsageError where another process
    builds something else in the same folder."""
    with held_build(found, target, request, progress) as built:
        return built


@contextmanager
def held_build(found: QuantizedModel, target: Board, request: Request, progress: Progress) -> Iterator[Built]:
    """build_model(), and what was built stays as it is until the block ends: nobody else builds in its folder."""
    sources = generate(found, target, request.engine, request.level)
    if request.tree:
        sources = upstream_tflm.against(sources, request.tree, request.arena_bytes)
        upstream_tflm.require_library(target)
    if request.protocol == "mlperf":
        sources = mlperf.speak(sources, found.graph)
    folder = request.folder or usual_folder(found, target, request)
    build.check_fits(target, sources, lambda: what_fits(found, target, request.engine))
    with place.alone(folder, build.digest(sources, target), progress.say, progress._end_if_stopped):
        progress.say(f"build: compiling for {target.id} ...")
        start = time.monotonic()
        firmware = build.compile_in(sources, target, folder)
        progress.say(f"build: {os.path.relpath(firmware.elf)} in {time.monotonic() - start:.1f} s")
        options = {"engine": request.engine, "optimize": request.level, "protocol": request.protocol}
        renode.save(target, folder, found, options)
        yield Built(found, target, sources, firmware, folder, report.built(found, target, sources, firmware))


def usual_folder(found: QuantizedModel, target: Board, request: Request) -> Path:
    level = request.level if request.engine == "aot" else None
    folder = build.default_folder(found.name, target, request.engine, level)
    return folder if request.protocol == "link" else folder.with_name(f"{folder.name}-{request.protocol}")


def what_fits(found: QuantizedModel, target: Board, engine: str) -> str:
    """What would make a model fit that does not: another engine or level on the same board, or other boards."""
    tries = [
        (name, level) for name in ENGINES for level in ("size", "balanced") if name == "aot" or level == "balanced"
    ]
    for other, level in tries:
        if build.misfit(target, generate(found, target, other, level)) is None:
            chosen = f"--engine {other}" + (f" --optimize {level}" if level != "balanced" else "")
            return f"`{chosen}`, which needs less"
    boards = [b for b in board.load_all() if b.ram is not None and b.toolchain == target.toolchain]
    larger = sorted(
        (b.ram_bytes, b.id) for b in boards if build.misfit(b, generate(found, b, engine, "balanced")) is None
    )
    other_board = f"`--board {larger[0][1]}`, which has room, or " if larger else ""
    return f"{other_board}a model with smaller inputs or fewer channels"


def line_of(target: Board, elf: Path, port: str | None) -> str:
    """The transport of a board that runs elf: the port, or what the board's file says, or, where that is nothing, the
    port that it is found at. Raises UsageError."""
    if port is None and target.transport:
        return target.transport.format(elf=shlex.quote(str(elf)))
    return f"serial:{flash.find_port(target, port)}"


def open_line(built: Built, port: str | None, in_renode: bool) -> transport.Stream:
    """The line to the device that runs what was built, see verify_built()."""
    if in_renode and not port:
        renode.require(built.board)
        return renode.RenodeStream(built.folder)
    return transport.open_stream(line_of(built.board, built.firmware.elf, port))


def verify_built(
    built: Built,
    vectors: Vectors,
    expected: compare.Expected,
    progress: Progress,
    *,
    port: str | None = None,
    explained: bool = False,
    in_renode: bool = False,
) -> report.Report:
    """Runs what was built, on its emulator or behind the port; in_renode: in Renode, which is started where there is no
    port. The report is saved beside the firmware, too. Raises DeviceError, UsageError, MissingTool."""
    emulated = in_renode or (built.board.emulated and not port)
    with open_line(built, port, in_renode) as stream:
        verdict: compare.Verdict | mlperf.Score
        if built.sources.link == mlperf.FIRMWARE:
            runner, graph = mlperf.Runner(stream), built.model.graph
            verdict = mlperf.compare(graph, runner, vectors, expected, emulated=emulated, progress=progress)
        else:
            verdict = compare.compare(
                built.model,
                built.sources,
                Session(stream),
                vectors,
                expected,
                emulated=emulated,
                explained=explained,
                progress=progress,
            )
    if in_renode:
        verdict = replace(verdict, instructions=None)  # its clock does not count them
    found = report.verified(built.report, verdict)
    report.save(found, built.folder)
    return found


def verify_boards(
    found: QuantizedModel,
    targets: Sequence[Board],
    request: Request,
    vectors: Vectors,
    *,
    port_of: Callable[[Built], str | None],
    explained: bool,
    in_renode: bool,
    jobs: int,
) -> list[Outcome]:
    """Builds for and verifies on every board, `jobs` at a time; what stops one does not stop the others. port_of: where
    the board with what was built is, see verify_built()."""
    expected, stop = compare.expect(found, vectors, Progress()), threading.Event()

    def verified(target: Board, progress: Progress) -> report.Report:
        with held_build(found, target, request, progress) as built:
            port = port_of(built)
            return verify_built(built, vectors, expected, progress, port=port, explained=explained, in_renode=in_renode)

    def one(target: Board) -> Outcome:
        progress, start = Progress(target.id, stop), time.monotonic()
        attempt = _attempt(lambda: verified(target, progress))
        seconds = time.monotonic() - start
        if isinstance(attempt, GenError):
            progress.say(f"error: {attempt}")
            return Outcome(target.id, request.engine, seconds, attempt.exit_code, None, str(attempt), attempt.kind)
        return Outcome(target.id, request.engine, seconds, 0 if attempt["verdict"] == "exact" else 1, attempt)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            return list(pool.map(one, targets))
        except BaseException:
            stop.set()
            raise


def _attempt(make: Callable[[], report.Report]) -> report.Report | GenError:
    try:
        return make()
    except GenError as error:
        return error
    except OSError as error:
        return errors.of_os(error)
