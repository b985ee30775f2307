"""`bench`."""

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from gen import tables
from gen.bench import baseline, measure
from gen.bench import report as bench_report
from gen.bench.measure import BOARDS
from gen.cli.options import Parser, Subcommand, add_board_file, add_calibration, add_task_file
from gen.compiler.engines import ENGINES
from gen.compiler.kernels.select import LEVELS
from gen.device import board
from gen.device.board import Board
from gen.files import write_if_changed
from gen.progress import Progress
from gen.search import cost


def add_bench(sub: Parser) -> None:
    sub.add_argument(
        "models", nargs="*", metavar="MODEL", help="names below models/, or models' files (default: all of models/)"
    )
    add_task_file(sub)
    add_calibration(sub)
    add_board_file(sub)
    sub.add_argument("--boards", nargs="+", metavar="B", help=f"(default: {' '.join(BOARDS)})")
    sub.add_argument("--engines", nargs="+", metavar="E",
                     help=f"{', '.join(ENGINES)} or bakenn (default: all that are installed)")  # fmt: skip
    sub.add_argument("--optimize", nargs="+", default=list(LEVELS), choices=list(LEVELS), metavar="L",
                     help=f"levels of engine aot (default: {' '.join(LEVELS)})")  # fmt: skip
    sub.add_argument("--profile", action="store_true", help="the instructions of each operator, and its kernel")
    sub.add_argument("--cycles", action="store_true", help="estimate Cortex-M4 cycles, see gen/verify/cycles.py")
    sub.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables as a page, too")
    sub.add_argument("--calibrate", action="store_true",
                     help="instead: fit what `search` tells instructions from; kept in benchmarks/")  # fmt: skip
    sub.add_argument("--save", action="store_true", help="keep the figures in benchmarks/baseline.json")
    sub.add_argument("--check", action="store_true",
                     help="exit 1 where instructions, code or arena grew by more than 2 %% since --save")  # fmt: skip


def run_bench(args: Namespace) -> int:
    say = Progress().say
    boards = [board.load(word) for word in args.boards or BOARDS]
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


BENCH = Subcommand(
    "bench",
    "Measure models on boards, with every engine and level, and verify them.",
    ("bench kws --boards qemu_mps2_an386 --profile",),
    add_bench,
    run_bench,
)
