"""`search`."""

import re
import shlex
import sys
from argparse import Namespace
from pathlib import Path

from gen import tables
from gen.cli.options import Parser, Subcommand, add_board, add_optimize, add_task_file, check_engine, positive
from gen.compiler.engines import ENGINES
from gen.device import board
from gen.errors import UsageError
from gen.files import check_folder
from gen.learn import task
from gen.progress import Progress
from gen.search import cost, result
from gen.search import storage as search_study
from gen.search import study as search
from gen.search.budget import Evaluator, of_board
from gen.search.space import quantity

SEARCHED = Path("build/search")
STUDY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def add_search(sub: Parser) -> None:
    sub.add_argument("task", nargs="?", metavar="TASK", help="of models/; `python -m gen tasks` lists them")
    add_task_file(sub)
    add_board(sub, "`python -m gen boards` lists them")
    sub.set_defaults(required=("task", "board"))
    sub.add_argument("--flash", metavar="N", help="bytes, such as 64k, code included (default: the board's)")
    sub.add_argument("--ram", metavar="N", help="bytes, such as 20k, stack included (default: the board's)")
    sub.add_argument("--instructions", metavar="N", help="of one inference, such as 2M (default: any number)")
    sub.add_argument("--trials", type=positive, default=30, metavar="N",
                     help="of the whole study, by whichever process (default: %(default)s)")  # fmt: skip
    sub.add_argument("--storage", metavar="URL",
                     help="database that processes share, as Optuna and SQLAlchemy name it, such as "
                     "postgresql://host/db (default: an SQLite file beside --out)")  # fmt: skip
    sub.add_argument("--study", metavar="NAME", help="in the database (default: by task, board and limits)")
    sub.add_argument("--engine", default="aot", metavar="E", help=f"{' or '.join(ENGINES)} (default: %(default)s)")
    add_optimize(sub)
    sub.add_argument("--out", type=Path, metavar="DIR",
                     help="the student, its card, the trials' models (default: build/search/TASK-BOARD)")  # fmt: skip
    sub.add_argument("--markdown", type=Path, metavar="FILE", help="write a page about it, and its plot")


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
        Progress().say(f"next: python -m gen verify {shlex.quote(str(made))} {board.options(order.board.id)}")
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
    check_engine(args, "search")
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


SEARCH = Subcommand(
    "search",
    "Search the best student that fits a board's flash, RAM and instructions.",
    ("search digits --board stm32vldiscovery --flash 64k --ram 8k --instructions 500k",),
    add_search,
    run_search,
)
