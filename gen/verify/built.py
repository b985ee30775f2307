"""Model -> firmware for one board: generated, held against the board's sizes, and compiled in a folder of its own."""

import os
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gen.compiler.engines import ENGINES, LEVELED, Sources
from gen.device import board as boards
from gen.device import build, flash, place, renode, transport, upstream_tflm
from gen.device.board import Board
from gen.device.build import Firmware
from gen.model.quantized import QuantizedModel
from gen.progress import Progress
from gen.verify import mlperf


@dataclass(frozen=True)
class BuildOptions:
    """What to make of a model."""

    engine: str  # a key of ENGINES
    level: str  # a key of kernels.select.LEVELS
    folder: Path | None = None  # where it is built; None: where usual_folder() says
    tree: Path | None = None  # an upstream TFLM for engine tflm
    arena_bytes: int | None = None  # its arena; None: a guess
    protocol: str = "link"  # or "mlperf"
    sources: Sources | None = None  # where they were generated already, or are not of one of ENGINES
    suggest: bool = True  # say what would make a model fit that does not, which takes generating it several times


@dataclass(frozen=True, eq=False)
class Built:
    """A firmware, and what it was made of."""

    model: QuantizedModel
    board: Board
    sources: Sources
    firmware: Firmware
    folder: Path


def generate(model: QuantizedModel, board: Board, engine: str, level: str) -> Sources:
    """Raises what the engine raises: UnsupportedOp, NotQuantized, ModelError."""
    return ENGINES[engine](model, board.target, level)


def build_model(model: QuantizedModel, board: Board, options: BuildOptions, progress: Progress) -> Built:
    """Generates and compiles. Raises DoesNotFit, MissingTool, BuildError, ModelError; UsageError where another process
    builds something else in the same folder."""
    with held_build(model, board, options, progress) as built:
        return built


@contextmanager
def held_build(model: QuantizedModel, board: Board, options: BuildOptions, progress: Progress) -> Iterator[Built]:
    """build_model(), and what was built stays as it is until the block ends: nobody else builds in its folder."""
    sources = _sources(model, board, options)
    folder = options.folder or usual_folder(model, board, options)
    if options.suggest:
        build.check_fits(board, sources, lambda: what_fits(model, board, options.engine))
    else:
        build.check_fits(board, sources)
    with place.alone(folder, build.digest(sources, board), progress.wait, progress.raise_if_stopped):
        progress.say(f"build: compiling for {board.id} ...")
        start = time.monotonic()
        firmware = build.compile_in(sources, board, folder)
        progress.say(f"build: {os.path.relpath(firmware.elf)} in {time.monotonic() - start:.1f} s")
        if options.sources is None:
            words = {"engine": options.engine, "optimize": options.level, "protocol": options.protocol}
            renode.save(board, folder, model, words)
        yield Built(model, board, sources, firmware, folder)


def _sources(model: QuantizedModel, board: Board, options: BuildOptions) -> Sources:
    sources = options.sources or generate(model, board, options.engine, options.level)
    if options.tree:
        sources = upstream_tflm.with_upstream(sources, options.tree, options.arena_bytes)
        upstream_tflm.require_library(board)
    return mlperf.with_mlperf_api(sources, model.graph) if options.protocol == "mlperf" else sources


def usual_folder(model: QuantizedModel, board: Board, options: BuildOptions) -> Path:
    """Where a model is built unless the options name a folder."""
    level = options.level if options.engine in LEVELED else None
    folder = build.default_folder(model.name, board, options.engine, level)
    return folder if options.protocol == "link" else folder.with_name(f"{folder.name}-{options.protocol}")


def what_fits(model: QuantizedModel, board: Board, engine: str) -> str:
    """What would make a model fit that does not: another engine or level on the same board, or other boards."""
    tries = [
        (name, level) for name in ENGINES for level in ("size", "balanced") if name in LEVELED or level == "balanced"
    ]
    for other, level in tries:
        if build.misfit(board, generate(model, board, other, level)) is None:
            chosen = f"--engine {other}" + (f" --optimize {level}" if level != "balanced" else "")
            return f"`{chosen}`, which needs less"
    alike = [b for b in boards.load_all() if b.ram is not None and b.toolchain == board.toolchain]
    larger = sorted(
        (b.ram_bytes, b.id) for b in alike if build.misfit(b, generate(model, b, engine, "balanced")) is None
    )
    other_board = f"`--board {larger[0][1]}`, which has room, or " if larger else ""
    return f"{other_board}a model with smaller inputs or fewer channels"


def line_of(board: Board, elf: Path, port: str | None) -> str:
    """The transport of a board that runs elf: the port, or what the board's file says, or, where that is nothing, the
    port that it is found at. Raises UsageError."""
    if port is None and board.transport:
        return board.transport.format(elf=shlex.quote(str(elf)))
    return f"serial:{flash.find_port(board, port)}"


def open_line(built: Built, port: str | None, in_renode: bool) -> transport.Stream:
    """The line to the device that runs what was built: at the port or, without one, in its emulator; in_renode: in
    Renode. Raises UsageError, MissingTool, DeviceError."""
    if in_renode and not port:
        renode.require(built.board)
        return renode.RenodeStream(built.folder)
    return transport.open_stream(line_of(built.board, built.firmware.elf, port))
