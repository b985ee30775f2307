"""The verbs that learn beyond a task's committed student, as those of stages.py."""

import re
import shlex
import sys
from argparse import Namespace
from pathlib import Path

from gen import tables
from gen.bench.measure import EXPECTED
from gen.compiler.engines import ENGINES
from gen.compress import figures, recipe, run
from gen.compress import report as compress_report
from gen.compress.run import CompressOptions
from gen.device import board
from gen.errors import UsageError, unknown
from gen.files import check_folder
from gen.learn import task
from gen.progress import Progress
from gen.search import cost, result
from gen.search import storage as search_study
from gen.search import study as search
from gen.search.budget import Evaluator, of_board
from gen.search.space import quantity

COMPRESSED = Path("build/compress")
SEARCHED = Path("build/search")
STUDY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def run_compress(args: Namespace) -> int:
    """Every task's files are written when it ends, so that what is done stays done."""
    if bool(args.tasks) == args.all:
        raise UsageError("name tasks of `python -m gen tasks`, or all of them with --all.")
    tasks = [task.load_task(name) for name in (task.list_tasks() if args.all else dict.fromkeys(args.tasks))]
    order = compress_order(args)
    root, say = args.out or COMPRESSED, Progress().say
    for folder in (*(root / found.name for found in tasks), *([args.markdown.parent] if args.markdown else [])):
        check_folder(folder)
    reports = []
    for chosen in tasks:
        folder = root / chosen.name
        found = compress_report.load(chosen, order, folder) if args.resume else None
        if found is None:
            outcome = run.run(chosen, order, say)
            found = figures.describe(outcome)
            written = compress_report.save(outcome, found, folder)
            say(f"written: {folder}/{compress_report.REPORT}, {compress_report.PLOT}, {len(written)} models with cards")
            say(f"next: python -m gen verify {shlex.quote(str(written[-1]))} --board {order.board.id}")
        else:
            say(f"{chosen.name}: taken from {folder / compress_report.REPORT}")
        reports.append(found)
        if not args.json:
            compress_report.show(found)
    if args.json:
        tables.show_json(reports)
    if args.markdown:
        compress_report.save_page(reports, args.markdown, f"python -m gen {shlex.join(sys.argv[1:])}")
    wrong = [stage for found in reports for stage in found["stages"] if stage["verdict"] not in EXPECTED]
    for stage in wrong:
        say(f"wrong: {stage['recipe']} on {order.board.id}: {stage['verdict']} {stage['note'] or ''}".rstrip())
    return 1 if wrong else 0


def compress_order(args: Namespace) -> CompressOptions:
    """Raises UsageError for unknown recipes, board and engine, and for a board without an emulator."""
    recipes = recipe.parse_all(args.recipe or run.RECIPES)
    target = board.load(args.board)
    if not target.transport:
        raise UsageError(f"{target.id} has no emulator to count instructions in: `python -m gen boards` lists those.")
    if args.engine not in ENGINES:
        raise unknown("engine", args.engine, ENGINES, "python -m gen compress --help")
    return CompressOptions(recipes, args.seeds, target, args.engine, args.sensitivity)


def run_search(args: Namespace) -> int:
    """Trials until the study has --trials of them, then the card of the best; whoever interrupts it is told how to go
    on."""
    search.require_optuna()
    from gen.search import report

    order, target = search_order(args)
    command = f"python -m gen {shlex.join(map(search_study.shown, sys.argv[1:]))}"
    try:
        study = search.run(order, target, Progress().say)
        found = result.chosen(order, target, study, Progress().say)
    except KeyboardInterrupt:
        sys.stderr.write(
            f"interrupted: what is finished is in {search_study.shown(order.storage)}; `{command}` goes on "
            "from there.\n"
        )
        return 130
    made = order.folder / f"{order.task.name}.tflite"
    Progress().say(f"written: {made}, .json, .png; the front's models are in {order.trial_folder}")
    if order.board.transport:
        Progress().say(f"next: python -m gen verify {shlex.quote(str(made))} --board {order.board.id}")
    if args.json:
        tables.show_json(found)
    else:
        report.show(found)
    if args.markdown:
        report.save_page(found, args.markdown, command)
    return 0


def search_order(args: Namespace) -> tuple[search_study.SearchOptions, Evaluator]:
    """What to search for, and on what. Raises UsageError."""
    chosen, target = task.load_task(args.task), board.load(args.board)
    if args.engine not in ENGINES:
        raise unknown("engine", args.engine, ENGINES, "python -m gen search --help")
    flash, ram = (word and quantity(word, option, binary=True)
                  for word, option in ((args.flash, "--flash"), (args.ram, "--ram")))  # fmt: skip
    instructions = args.instructions and quantity(args.instructions, "--instructions", binary=False)
    budget = of_board(target, flash, ram, instructions)
    costs = cost.load(target.isa, args.engine) if target.flash else None
    if costs is None and instructions:
        raise UsageError(
            f"--instructions: nothing tells how many a student takes on {target.id} before it is trained: leave it "
            f"out, or measure an emulated board of its kind, `python -m gen bench --calibrate --boards B`."
        )
    limits = "-".join(str(limit or "any") for limit in (budget.flash_bytes, budget.ram_bytes, instructions))
    study = args.study or f"{chosen.name}-{target.id}-{args.engine}-{args.optimize}-{limits}"
    if not STUDY.fullmatch(study):
        raise UsageError(f"--study {study!r}: give letters, digits, '.', '_' and '-', 100 at most.")
    folder = args.out or SEARCHED / f"{chosen.name}-{target.id}"
    for made in (folder, *([args.markdown.parent] if args.markdown else [])):
        check_folder(made)
    storage = args.storage or f"sqlite:///{folder}.db"
    order = search_study.SearchOptions(
        chosen, target, args.engine, args.optimize, budget, args.trials, storage, study, folder
    )
    return order, Evaluator(target, args.engine, args.optimize, budget, costs, folder / "build")
