"""`boards`, `tasks` and `ops`: tables of what there is."""

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from gen import tables
from gen.cli.options import Subcommand, no_arguments
from gen.compiler import catalog
from gen.device import board
from gen.files import write_if_changed
from gen.learn import task


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
    found = list(catalog.entries())
    if args.markdown:
        write_if_changed(args.markdown, catalog.markdown(f"python -m gen ops --markdown {args.markdown}"))
    if args.json:
        tables.show_json([asdict(entry) for entry in found])
    else:
        tables.show_table(catalog.COLUMNS, [entry.as_row() for entry in found])
    return 0


def _ops_arguments(sub: ArgumentParser) -> None:
    sub.add_argument("--markdown", type=Path, metavar="FILE", help="write the table as a page, too")


BOARDS = Subcommand("boards", "List the boards.", ("boards --json",), no_arguments, run_boards)
TASKS = Subcommand("tasks", "List the tasks and how their students do.", ("tasks",), no_arguments, run_tasks)
OPERATORS = Subcommand(
    "ops", "List the operators that models may use: types, and kernels by machine.", ("ops",), _ops_arguments, run_ops
)
