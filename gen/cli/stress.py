"""`stress`."""

import argparse
from argparse import Namespace

from gen import tables
from gen.cli.options import Parser, Subcommand, add_board, add_model, boards_of, load_model, positive
from gen.compiler.engines import ENGINES
from gen.progress import Progress
from gen.verify import compare, stress
from gen.verify.built import BuildOptions
from gen.verify.pipeline import RunOptions, run_on_device
from gen.verify.stress import StressOptions
from gen.verify.vectors import choose_vectors


def add_stress(sub: Parser) -> None:
    add_model(sub)
    add_board(sub, "an emulated board, or several: a,b,c", required=True)
    sub.add_argument("--engine", default="aot", choices=list(ENGINES), help="(default: %(default)s)")
    sub.add_argument("--vectors", type=positive, default=20, metavar="N", help="how many inputs (default: %(default)s)")
    sub.add_argument("--errors", type=percentage, default=1.0, metavar="PERCENT",
                     help="bytes dropped, flipped, doubled, late, cut, in 100 (default: %(default)s)")  # fmt: skip
    sub.add_argument("--noise", type=positive, default=10_000_000, metavar="N",
                     help="random bytes to send (default: %(default)s)")  # fmt: skip


def percentage(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100")
    return value


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


STRESS = Subcommand(
    "stress",
    "Damage the line to emulated boards, pull the cable, send noise; all must end well.",
    ("stress digits --board netduino_plus_2,stm32vldiscovery",),
    add_stress,
    run_stress,
)
