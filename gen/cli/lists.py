"""`boards`, `tasks` and `ops`: tables of what there is."""

from argparse import Namespace

from gen import tables
from gen.cli.options import Subcommand, no_arguments
from gen.device import board
from gen.learn import task
from gen.model.graph import title_of
from gen.model.ops import OPS


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
    found = [{"operator": title_of(name), "tflm": f"Add{op.tflm}"} for name, op in sorted(OPS.items())]
    if args.json:
        tables.show_json(found)
    else:
        tables.show_table(("operator", "in the TFLM resolver"), [(o["operator"], o["tflm"]) for o in found])
    return 0


BOARDS = Subcommand("boards", "List the boards.", ("boards --json",), no_arguments, run_boards)
TASKS = Subcommand("tasks", "List the tasks and how their students do.", ("tasks",), no_arguments, run_tasks)
OPERATORS = Subcommand("ops", "List the operators that models may use.", ("ops",), no_arguments, run_ops)
