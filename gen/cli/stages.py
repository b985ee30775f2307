"""The verbs: each takes the parsed command line, runs its stages and prints a report; returns the exit code."""

import json
import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from gen import __version__, tables
from gen.bench import baseline, measure
from gen.bench import report as bench_report
from gen.cli import console, doctor
from gen.cli.stages_learn import run_compress, run_search
from gen.compiler.engines import ENGINES
from gen.data import folder as data
from gen.device import board, flash, monitor, renode, transport
from gen.device.board import Board
from gen.errors import GenError, MissingTool, UsageError, unknown
from gen.export import library as export
from gen.files import write_if_changed
from gen.importer import load
from gen.learn import folder_task, task, train_task
from gen.model.ops import OPS
from gen.model.quantized import QuantizedModel
from gen.paths import MODELS
from gen.progress import Progress
from gen.search import cost
from gen.verify import compare, junit, report, stress
from gen.verify.built import BuildOptions, build_model, held_build, line_of, usual_folder
from gen.verify.junit import Outcome
from gen.verify.pipeline import RunOptions, run_on_device, verify_boards
from gen.verify.stress import StressOptions
from gen.verify.vectors import choose_vectors


def version() -> str:
    return f"gen {__version__}"


def fail(error: GenError, as_json: bool) -> int:
    """One sentence on stderr; with --json the same as an object on stdout, where that takes it; the exit code."""
    sys.stderr.write(f"error: {error}\n")
    if as_json:
        found = {"error": error.kind, "message": str(error), "exit_code": error.exit_code}
        try:
            sys.stdout.write(json.dumps(found, indent=2) + "\n")
            sys.stdout.flush()
        except console.OutputLost as lost:
            sys.stderr.write(f"error: {lost}\n")
    return error.exit_code


def run_train(args: Namespace) -> int:
    if args.data:
        return run_train_folder(args)
    if not args.task:
        raise UsageError("name a task of `python -m gen tasks`, or your own data with --data FOLDER --kind K.")
    for word in ("kind", "name", "window", "hop", "size", "epochs", "seed"):
        if getattr(args, word) is not None:
            raise UsageError(f"--{word} is for --data: what a task learns from is in models/{args.task}.py.")
    card = train_task.train_task(task.load_task(args.task), args.out or MODELS, Progress().say, args.repeats)
    if args.json:
        tables.show_json(card)
    else:
        tables.show_table(("", "figure"), train_task.summary(card))
    return 0


def run_train_folder(args: Namespace) -> int:
    if args.task or args.repeats > 1:
        raise UsageError("--data is your own data: leave out the task and --repeats.")
    order = data.FolderOptions(
        args.data, args.kind, args.name, args.window, args.hop, args.size, args.epochs, args.seed or 1
    )
    progress = Progress()
    card = folder_task.train_folder(order, args.out or folder_task.TRAINED, progress.say, progress)
    if args.json:
        tables.show_json(card)
    else:
        tables.show_table(("", "figure"), folder_task.summary(card))
    return 0


def boards_of(words: str) -> list[Board]:
    """The boards of a,b,c. Raises UsageError for an unknown one, and one named twice."""
    ids = words.split(",")
    for word in ids:
        if ids.count(word) > 1:
            raise UsageError(f"--board {words} names {word or 'nothing'} twice: leave one out.")
    return [board.load(word) for word in ids]


def build_options(args: Namespace) -> BuildOptions:
    """What the command line asks to be made of the model. Raises UsageError for an unknown engine."""
    if args.engine not in ENGINES:
        raise unknown("engine", args.engine, ENGINES, "python -m gen build --help")
    if args.arena and not args.tflm_dir:
        raise UsageError("--arena is for --tflm-dir only: without it the arena is computed.")
    return BuildOptions(args.engine, args.optimize, args.out, args.tflm_dir, args.arena, args.protocol)


def load_model(args: Namespace) -> QuantizedModel:
    """The model that the command line names, quantized where it is a float one. Raises as load.load_model()."""
    return load.load_model(args.model, args.calibration, trust=args.trust, pixels=args.pixels)


def run_build(args: Namespace) -> int:
    target, request = board.load(args.board), build_options(args)
    found = report.of(build_model(load_model(args), target, request, Progress()))
    if args.json:
        tables.show_json(found.as_json())
    else:
        report.show_rows("built", found)
    return 0


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


def show_commands(args: Namespace, commands: Sequence[tuple[Board, str]]) -> int:
    """For --dry-run: the commands and nothing else."""
    if args.json:
        tables.show_json([{"board": target.id, "command": command} for target, command in commands])
    else:
        sys.stdout.writelines(f"{command}\n" for _, command in commands)
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


def run_monitor(args: Namespace) -> int:
    target = board.load(args.board)
    if args.json:
        raise UsageError("monitor shows what a board says as it comes, which is no JSON: leave out --json.")
    port = flash.find_port(target, args.port)
    with transport.open_stream(f"serial:{port}", args.baud) as stream:
        try:
            line, said = monitor.greet(stream)
            sys.stderr.write(f"{line}\nCtrl-C ends.\n")
            _show(monitor.readable(said))
            monitor.watch(stream, _show, sys.stdin.fileno() if sys.stdin else None)
        except KeyboardInterrupt:
            sys.stderr.write("\n")
    return 0


def _show(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def run_boards(args: Namespace) -> int:
    found = board.load_all()
    if args.json:
        tables.show_json([b.as_json() for b in found])
    else:
        columns = ("board", "chip", "core", "clock", "flash", "RAM", "flashed with", "checked")
        tables.show_table(columns, [b.as_row() for b in found])
    return 0


def run_tasks(args: Namespace) -> int:
    found = task.overview()
    if args.json:
        tables.show_json(found)
    else:
        lines = [(t["task"], t["title"], t["student"], t["figure"]) for t in found]
        tables.show_table(("task", "what it learns", "student", "as int8"), lines)
    return 0


def run_ops(args: Namespace) -> int:
    found = [{"operator": name.upper(), "tflm": f"Add{op.tflm}"} for name, op in sorted(OPS.items())]
    if args.json:
        tables.show_json(found)
    else:
        tables.show_table(("operator", "in the TFLM resolver"), [(o["operator"], o["tflm"]) for o in found])
    return 0


def run_doctor(args: Namespace) -> int:
    checks = doctor.check()
    if args.json:
        tables.show_json([c.as_json() for c in checks])
    else:
        lines = [(c.verdict, c.name, c.detail, c.needed_for, "" if c.found else c.install) for c in checks]
        tables.show_table(("", "what", "found", "needed for", "to install"), lines)
    return MissingTool.exit_code if any(c.missing for c in checks) else 0


def run_bench(args: Namespace) -> int:
    say = Progress().say
    boards = [board.load(word) for word in args.boards]
    if args.calibrate:
        return run_calibrate(boards, measure.engines(args.engines or list(ENGINES)), say)
    models = measure.load(args.models, args.calibration, trust=args.trust, pixels=args.pixels)
    todo = measure.cases(models, boards, measure.engines(args.engines), args.optimize)
    rows = measure.run(todo, say, profile=args.profile, with_cycles=args.cycles)
    if args.json:
        tables.show_json([row.as_json() for row in rows])
    else:
        bench_report.show(rows)
    if args.markdown:
        command = f"python -m gen {shlex.join(sys.argv[1:])}"
        write_if_changed(args.markdown, bench_report.markdown(rows, boards, command))
    if args.save:
        baseline.save(rows)
    worse = baseline.worse(rows, baseline.load()) if args.check else []
    for sentence in worse:
        say(f"worse: {sentence}")
    return 1 if worse or any(measure.is_fault(row) for row in rows) else 0


def run_calibrate(boards: Sequence[Board], engines: Sequence[str], say: measure.Say) -> int:
    """Measures untrained students on each board and keeps what `search` tells instructions from."""
    models = cost.students()
    for target in boards:
        for engine in engines:
            found = cost.calibrate(target, engine, models, say)
            cost.save(target.isa, engine, found)
            off = f"{found.median_error:.1%} of its instructions (median), {found.worst_error:.1%} at worst"
            say(f"{target.isa} {engine}: {found.models} models; of one left out the fit misses {off}")
            say(f"written: {os.path.relpath(cost.FILE)}")
    return 0


def run_stress(args: Namespace) -> int:
    targets, build = boards_of(args.board), BuildOptions(args.engine, "balanced")
    for target in targets:
        stress.require_emulator(target)
    found = load_model(args)
    vectors = choose_vectors(found, args.vectors)
    options = StressOptions(args.errors / 100, args.noise)
    run = RunOptions(vectors, compare.expect(found, vectors, Progress()), stress=options)
    measured = [run_on_device(found, target, build, run, Progress(target.id)) for target in targets]
    rows = [one.stress for one in measured if one.stress is not None]
    if args.json:
        tables.show_json([row.as_json() for row in rows])
    else:
        tables.show_table(stress.COLUMNS, [row.as_row() for row in rows])
    return 0 if all(row.passed for row in rows) else 1


def run_export(args: Namespace) -> int:
    order = export.ExportOptions(args.format, args.engine, args.isa, args.board, args.optimize, args.name)
    library = export.library(load_model(args), order, Progress().say)
    folder = args.out or export.default_folder(library)
    export.write(folder, library.files)
    if args.json:
        tables.show_json({**library.as_json(), "folder": str(folder)})
    else:
        tables.show_table((f"files of {os.path.relpath(folder)}", "bytes"), library.as_rows())
    return 0


VERBS: dict[str, Callable[[Namespace], int]] = {
    "train": run_train,
    "compress": run_compress,
    "search": run_search,
    "build": run_build,
    "verify": run_verify,
    "boards": run_boards,
    "tasks": run_tasks,
    "ops": run_ops,
    "doctor": run_doctor,
    "bench": run_bench,
    "export": run_export,
    "stress": run_stress,
    "flash": run_flash,
    "monitor": run_monitor,
}
