"""`verify`: on one board, or on several at a time."""

import os
import shlex
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from gen import tables
from gen.cli.build import add_build, add_device, build_options
from gen.cli.options import Parser, Subcommand, boards_of, load_model, positive, show_commands
from gen.device import flash, renode
from gen.device.board import Board
from gen.errors import UsageError
from gen.model.quantized import QuantizedModel
from gen.progress import Progress
from gen.verify import junit, report
from gen.verify.built import BuildOptions, line_of, usual_folder
from gen.verify.junit import Outcome
from gen.verify.pipeline import RunOptions, run_on_device, verify_boards
from gen.verify.vectors import choose_vectors


def add_verify(sub: Parser) -> None:
    add_build(sub, several=", or several: a,b,c")
    sub.add_argument("--vectors", type=positive, metavar="N",
                     help="how many inputs (default: the task's test set, or 20 random ones)")  # fmt: skip
    sub.add_argument("--flash", action="store_true", help="flash the real board first, and verify that")
    sub.add_argument("--explain", action="store_true", help="where bytes differ, find out why")
    sub.add_argument("--emulator", choices=["renode"],
                     help="run in this one, or find it at --port, instead of the usual")  # fmt: skip
    sub.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML, a test case per board")
    sub.add_argument("--jobs", type=positive, default=os.cpu_count() or 1, metavar="N",
                     help="boards at a time (default: %(default)s, the number of cores)")  # fmt: skip
    add_device(sub)


def run_verify(args: Namespace) -> int:
    targets, request = boards_of(args.board), build_options(args)
    if len(targets) > 1 and (args.out or args.port or args.flash):
        raise UsageError("--out, --port and --flash are of one board: name one with --board, or leave them out.")
    if args.tool and not args.flash:
        raise UsageError("--tool is what --flash flashes with: add --flash, or leave --tool out.")
    if args.explain and request.protocol != "link":
        raise UsageError(f"--explain asks the device what --protocol {request.protocol} can't: leave one of them out.")
    found = load_model(args)
    if args.emulator:
        for target in targets:
            renode.require(target)
    if args.dry_run:
        return show_commands(args, [(target, run_command(args, found, target, request)) for target in targets])
    if args.flash:
        # Says before the build what is missing.
        flash.require(targets[0], request.folder or usual_folder(found, targets[0], request), args.tool)
    run = RunOptions(
        choose_vectors(found, args.vectors),
        port=args.port,
        flash=args.flash,
        tool=args.tool,
        in_renode=args.emulator is not None,
        explain=args.explain,
        save=True,
    )
    if len(targets) > 1 or args.junit:
        return verify_several(args, found, targets, request, run)
    if not (args.port or args.flash or args.emulator or targets[0].transport):
        run = replace(run, port=flash.find_port(targets[0], None))  # says before the build that there is none
    measured = run_on_device(found, targets[0], request, run, Progress())
    if args.json:
        tables.show_json(measured.report.as_json())
    else:
        report.show_rows(f"{found.name} on {targets[0].name}", measured.report)
        sys.stderr.write(f"report: {os.path.relpath(measured.built.folder / 'report.md')}\n")
    return 0 if measured.verdict.exact else 1


def verify_several(
    args: Namespace, found: QuantizedModel, targets: list[Board], request: BuildOptions, run: RunOptions
) -> int:
    """Every board in parallel, a row each. The exit code is that of an error if there was one, 1 where bytes differ."""
    outcomes = verify_boards(found, targets, request, run, args.jobs)
    if args.json:
        tables.show_json([outcome.as_json() for outcome in outcomes])
    else:
        tables.show_table(SEVERAL, [several_row(outcome) for outcome in outcomes])
    if args.junit:
        junit.save(found.name, outcomes, args.junit)
    return max((outcome.exit_code for outcome in outcomes), default=0)


SEVERAL = ("board", "verdict", "vectors", "instructions", "arena", "flash", "RAM", "why not")


def several_row(outcome: Outcome) -> tuple[str, ...]:
    """A board's figures, or what stopped it."""
    found = outcome.report
    if found is None or found.verdict is None:
        return (outcome.board, outcome.error_kind.replace("_", " "), "", "", "", "", "", outcome.error)
    verdict = found.verdict
    figures = (verdict.vectors, verdict.instructions, found.arena_bytes, found.flash_bytes, found.ram_bytes)
    texts = ("" if figure is None else f"{figure:,}" for figure in figures)
    why = "" if verdict.explanation is None else verdict.explanation.sentence
    return (outcome.board, verdict.kind.replace("_", " "), *texts, why)


def run_command(args: Namespace, found: QuantizedModel, target: Board, request: BuildOptions) -> str:
    """What runs a board's firmware: a command line, or the port."""
    folder, port = Path(os.path.relpath(request.folder or usual_folder(found, target, request))), args.port
    if args.flash:
        return shlex.join(flash.choose(target, folder, args.tool, lambda: port or "PORT", dry=True))
    if args.emulator and not port:
        return f"cd -- {shlex.quote(str(folder))} && {shlex.join(renode.command(renode.PORT))}"
    if port or target.transport:
        return line_of(target, folder / "firmware.elf", port).removeprefix("exec:")
    return f"# {target.id}: a real board, at --port or where its USB ids are found"


VERIFY = Subcommand(
    "verify",
    "Build, run on the board or its emulator, and compare every byte with the reference.",
    ("verify model.tflite --board qemu_mps2_an386 --vectors 50",),
    add_verify,
    run_verify,
)
