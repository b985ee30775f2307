"""`build` and `flash`, and the options of all subcommands that build for boards."""

import os
import shlex
from argparse import Namespace
from pathlib import Path

from gen import tables
from gen.cli.options import (
    Parser,
    Subcommand,
    add_board,
    add_model,
    add_optimize,
    check_engine,
    load_model,
    positive,
    show_commands,
)
from gen.compiler.engines import ENGINES
from gen.device import board, flash
from gen.errors import UsageError
from gen.progress import Progress
from gen.verify import report
from gen.verify.built import BuildOptions, build_model, held_build, usual_folder


def add_build(sub: Parser, several: str = "") -> None:
    """several: what --board says of more than one board, where that is possible."""
    add_model(sub)
    add_board(sub, f"a board of boards/{several}; `python -m gen boards` lists them", required=True)
    sub.add_argument("--engine", default="tflm", metavar="E",
                     help=f"how the model reaches the device: {' or '.join(ENGINES)} (default: tflm)")  # fmt: skip
    add_optimize(sub)
    sub.add_argument("--protocol", default="link", choices=["link", "mlperf"],
                     help="ours, or MLPerf Tiny's serial API for its runner (default: %(default)s)")  # fmt: skip
    sub.add_argument("--out", type=Path, metavar="DIR", help="build folder (default: build/MODEL-BOARD-ENGINE)")
    sub.add_argument("--tflm-dir", type=Path, metavar="DIR",
                     help="an upstream TFLM for engine tflm, as its create_tflm_tree.py wrote it")  # fmt: skip
    sub.add_argument("--arena", type=positive, metavar="N", help="bytes of the arena, with --tflm-dir")


def add_device(sub: Parser) -> None:
    """Where the real board is, and what flashes it."""
    sub.add_argument("--port", metavar="P", help="a real board's serial port or pyserial URL")
    sub.add_argument("--tool", metavar="T", help="flash with this one of the board's tools")
    sub.add_argument("--dry-run", action="store_true", help="print the command of emulator or tool, and stop")


def add_flash(sub: Parser) -> None:
    add_build(sub)
    add_device(sub)


def build_options(args: Namespace) -> BuildOptions:
    """What the command line asks to be made of the model. Raises UsageError for an unknown engine."""
    check_engine(args, "build")
    if args.arena and not args.tflm_dir:
        raise UsageError("--arena is for --tflm-dir only: without it the arena is computed.")
    return BuildOptions(args.engine, args.optimize, args.out, args.tflm_dir, args.arena, args.protocol)


def run_build(args: Namespace) -> int:
    target, request = board.load(args.board), build_options(args)
    found = report.of(build_model(load_model(args), target, request, Progress()))
    if args.json:
        tables.show_json(found.as_json())
    else:
        report.show_rows("built", found)
    return 0


def run_flash(args: Namespace) -> int:
    target, request, found = board.load(args.board), build_options(args), load_model(args)
    if args.dry_run:
        folder = Path(os.path.relpath(request.folder or usual_folder(found, target, request)))
        command = flash.choose(target, folder, args.tool, lambda: args.port or "PORT", dry=True)
        return show_commands(args, [(target, shlex.join(command))])
    # Says before the build what is missing.
    flash.require(target, request.folder or usual_folder(found, target, request), args.tool)
    with held_build(found, target, request, Progress()) as built:
        flash.run(flash.choose(target, built.folder, args.tool, lambda: flash.find_port(target, args.port)), target)
    if args.json:
        tables.show_json(report.of(built).as_json())
    return 0


BUILD = Subcommand("build", "Generate and compile the firmware.", ("build digits --board stm32vldiscovery",),
                   add_build, run_build)  # fmt: skip
FLASH = Subcommand("flash", "Build, and put the firmware on the real board.", ("flash digits --board nucleo_f446re",),
                   add_flash, run_flash)  # fmt: skip
