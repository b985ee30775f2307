"""The verbs: each takes the parsed command line, runs its stages and prints a report; returns the exit code."""

import json
import os
import shlex
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gen import (
    __version__,
    baseline,
    bench,
    bench_report,
    board,
    build,
    doctor,
    model,
    quantize,
    report,
    task,
    train,
    transport,
    verify,
)
from gen.board import Board
from gen.build import Firmware
from gen.emit import write_if_changed
from gen.engines import ENGINES, Sources
from gen.errors import GenError, MissingTool, unknown
from gen.model import QuantizedModel
from gen.ops import OPS
from gen.session import Session


def version() -> str:
    return f"gen {__version__}"


def fail(error: GenError, as_json: bool) -> None:
    """One sentence on stderr; with --json the same as an object on stdout."""
    if as_json:
        json.dump({"error": error.kind, "message": str(error), "exit_code": error.exit_code}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    sys.stderr.write(f"error: {error}\n")


class Progress:
    """One line a stage on stderr; on a terminal the line counts up, elsewhere a stage prints once, when it ends."""

    def __init__(self) -> None:
        self.started: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        start = self.started.setdefault(stage, time.monotonic())
        live = sys.stderr.isatty()
        if done >= total:
            took = time.monotonic() - start
            sys.stderr.write(f"{chr(13) if live else ''}{stage}: {total} in {took:.1f} s\n")
        elif live:
            sys.stderr.write(f"\r{stage}: {done} of {total} ")
            sys.stderr.flush()

    def say(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


@dataclass(frozen=True, eq=False)
class Built:
    """What `build` leaves behind, and its report."""

    model: QuantizedModel
    board: Board
    sources: Sources
    firmware: Firmware
    folder: Path
    report: report.Report


def run_train(args: Namespace) -> int:
    card = train.train_task(task.load_task(args.task), args.out or task.MODELS, Progress().say, args.repeats)
    if args.json:
        report.show_json(card)
    else:
        report.show_table(("", "figure"), train.summary(card))
    return 0


def build_model(args: Namespace) -> Built:
    target = board.load(args.board)
    if args.engine not in ENGINES:
        raise unknown("engine", args.engine, ENGINES, "python -m gen build --help")
    found = model.load(args.model)
    sources = generate(found, target, args.engine, args.optimize)
    level = args.optimize if args.engine == "aot" else None
    folder = args.out or build.default_folder(found.name, target, args.engine, level)
    build.check_fits(target, sources, lambda: what_fits(found, target, args.engine))
    sys.stderr.write(f"build: compiling for {target.id} ...\n")
    start = time.monotonic()
    firmware = build.build(sources, target, folder)
    sys.stderr.write(f"build: {os.path.relpath(firmware.elf)} in {time.monotonic() - start:.1f} s\n")
    return Built(found, target, sources, firmware, folder, report.built(found, target, sources, firmware))


def generate(found: QuantizedModel, target: Board, engine: str, level: str) -> Sources:
    return ENGINES[engine](found.graph, found.content, target.isa, target.pointer_bytes, level)


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


def run_build(args: Namespace) -> int:
    found = build_model(args).report
    if args.json:
        report.show_json(found)
    else:
        report.show_rows("built", found)
    return 0


def run_verify(args: Namespace) -> int:
    built = build_model(args)
    vectors = choose_vectors(built.model, args.vectors)
    elf = shlex.quote(str(built.firmware.elf))
    line = f"serial:{args.port}" if args.port else built.board.transport.format(elf=elf)
    emulated = built.board.emulated and not args.port
    with transport.open_stream(line) as stream:
        session = Session(stream)
        verdict = verify.compare(built.model, built.sources, session, vectors, emulated=emulated, progress=Progress())
    found = report.verified(built.report, verdict)
    report.save(found, built.folder)
    if args.json:
        report.show_json(found)
    else:
        report.show_rows(f"{built.model.name} on {built.board.name}", found)
        sys.stderr.write(f"report: {os.path.relpath(built.folder / 'report.md')}\n")
    return 0 if verdict.exact else 1


def choose_vectors(found: QuantizedModel, count: int | None) -> verify.Vectors:
    """The task's test set where it can be had, random inputs otherwise."""
    if found.task is not None:
        try:
            test = task.load_task(found.task).test_set()
        except MissingTool as error:
            sys.stderr.write(f"no test images, so random inputs and no accuracy: {error}\n")
        else:
            n = min(count or len(test.y), len(test.y))
            inputs = [quantize.quantize_input(found.graph, test.x[i : i + 1]) for i in range(n)]
            return verify.Vectors(inputs, test.y[:n], f"the first {n} of {len(test.y)} test images of {found.task}")
    return verify.random_vectors(found.graph, count or verify.RANDOM_VECTORS)


def run_boards(args: Namespace) -> int:
    found = board.load_all()
    if args.json:
        report.show_json([b.as_json() for b in found])
    else:
        columns = ("board", "what it is", "core", "clock", "flash", "RAM", "kernels", "checked")
        report.show_table(columns, [b.as_row() for b in found])
    return 0


def run_tasks(args: Namespace) -> int:
    found = task.overview()
    if args.json:
        report.show_json(found)
    else:
        lines = [(t["task"], t["title"], t["student"], t["accuracy"]) for t in found]
        report.show_table(("task", "what it learns", "student", "int8 accuracy"), lines)
    return 0


def run_ops(args: Namespace) -> int:
    found = [{"operator": name.upper(), "tflm": f"Add{op.tflm}"} for name, op in sorted(OPS.items())]
    if args.json:
        report.show_json(found)
    else:
        report.show_table(("operator", "in the TFLM resolver"), [(o["operator"], o["tflm"]) for o in found])
    return 0


def run_doctor(args: Namespace) -> int:
    checks = doctor.check()
    if args.json:
        report.show_json([c.as_json() for c in checks])
    else:
        lines = [
            ("ok" if c.found else "MISSING", c.name, c.detail, c.needed_for, "" if c.found else c.install)
            for c in checks
        ]
        report.show_table(("", "what", "found", "needed for", "to install"), lines)
    return 0 if all(c.found for c in checks) else MissingTool.exit_code


def run_bench(args: Namespace) -> int:
    say = Progress().say
    boards = [board.load(word) for word in args.boards]
    todo = bench.cases(bench.load(args.models), boards, bench.engines(args.engines), args.optimize)
    rows = bench.run(todo, say, profile=args.profile, with_cycles=args.cycles)
    if args.json:
        report.show_json([row.as_json() for row in rows])
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
    return 1 if worse or any(bench.is_fault(row) for row in rows) else 0


VERBS: dict[str, Callable[[Namespace], int]] = {
    "train": run_train,
    "build": run_build,
    "verify": run_verify,
    "boards": run_boards,
    "tasks": run_tasks,
    "ops": run_ops,
    "doctor": run_doctor,
    "bench": run_bench,
}
