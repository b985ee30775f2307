"""`compress`."""

import shlex
import sys
from argparse import Namespace
from pathlib import Path

from gen import tables
from gen.bench.measure import EXPECTED
from gen.cli.options import Parser, Subcommand, add_board, add_task_file, check_engine, positive
from gen.compiler.engines import ENGINES
from gen.compress import figures, recipe, run
from gen.compress import report as compress_report
from gen.compress.run import CompressOptions
from gen.device import board
from gen.errors import UsageError
from gen.files import check_folder
from gen.learn import task
from gen.progress import Progress

BOARD = "qemu_mps2_an386"
COMPRESSED = Path("build/compress")


def add_compress(sub: Parser) -> None:
    sub.add_argument("tasks", nargs="*", metavar="TASK", help="tasks of models/; `python -m gen tasks` lists them")
    add_task_file(sub)
    sub.add_argument("--all", action="store_true", help="every task")
    sub.add_argument("--recipe", action="append", metavar="R",
                     help="what to do: words of narrow=S distill features prune=S sparse=S and ptq or qat, in this "
                     "order, joined by +; S: the share that is left out; may be repeated (default: eleven recipes, "
                     "see docs/compression.md)")  # fmt: skip
    sub.add_argument("--seeds", type=positive, default=1, metavar="N",
                     help="train students from N seeds, to say what is more than noise (default: 1)")  # fmt: skip
    add_board(sub, f"whose costs to tell; emulated (default: {BOARD})")
    sub.add_argument("--engine", default="aot", metavar="E", help=f"{' or '.join(ENGINES)} (default: %(default)s)")
    sub.add_argument("--sensitivity", action="store_true",
                     help="quantize each layer of the first recipe's student alone: which costs accuracy?")  # fmt: skip
    sub.add_argument("--out", type=Path, metavar="DIR",
                     help="a folder for each task is made here (default: build/compress/)")  # fmt: skip
    sub.add_argument("--resume", action="store_true", help="take tasks whose report is there, of the same settings")
    sub.add_argument("--markdown", type=Path, metavar="FILE", help="write a page about all these tasks, and its plot")


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
            say(f"next: python -m gen verify {shlex.quote(str(written[-1]))} {board.options(order.board.id)}")
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
    target = board.load(args.board or BOARD)
    if not target.transport:
        raise UsageError(f"{target.id} has no emulator to count instructions in: `python -m gen boards` lists those.")
    check_engine(args, "compress")
    return CompressOptions(recipes, args.seeds, target, args.engine, args.sensitivity)


COMPRESS = Subcommand(
    "compress",
    "Distill, prune and quantize a task's student; say what each step does to it.",
    ("compress digits --recipe ptq --recipe distill+prune=0.5+qat --seeds 3",),
    add_compress,
    run_compress,
)
