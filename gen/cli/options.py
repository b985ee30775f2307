"""What several subcommands share: the parser, the options that they have in common, and what these mean."""

import argparse
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from gen import tables
from gen.compiler.engines import ENGINES
from gen.compiler.kernels.select import LEVELS
from gen.device import board
from gen.device.board import Board
from gen.errors import GenError, UsageError, unknown
from gen.importer import load
from gen.importer.calibration import PIXELS
from gen.model.quantized import QuantizedModel

EXIT_CODES = """exit codes:
  0  good                                 4  the model can't be used
  1  the answer is no (bytes differ,      5  the device or the line to it
     does not fit, a metric regressed)    6  compiler, linker or PlatformIO failed
  2  wrong use                            130  interrupted
  3  a tool or package is not installed"""


class Parser(argparse.ArgumentParser):
    """argparse with our exit codes, and room for examples."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageProblem(f"{message}; see `{self.prog} --help`.")


class UsageProblem(GenError):
    @property
    def kind(self) -> str:
        return "usage_error"


@dataclass(frozen=True)
class Subcommand:
    name: str
    help: str  # one sentence
    example: str  # the words after `python -m gen`
    add_arguments: Callable[[Parser], None]
    run: Callable[[Namespace], int]  # prints a report and returns the exit code; raises GenError


def no_arguments(sub: Parser) -> None:
    """Of a subcommand that takes only --json."""


def add_model(sub: Parser) -> None:
    sub.add_argument("model", nargs="?", metavar="MODEL",
                     help="a task's name, an int8 .tflite file, or a float model: .keras, .h5, .onnx, .pt2 (PyTorch), "
                     "or a SavedModel's folder")  # fmt: skip
    sub.add_argument("--model", dest="model_too", metavar="MODEL", help="the same, by name")
    add_calibration(sub)


def choose_model(args: Namespace) -> None:
    """Of the two ways to name one. Raises UsageProblem where there is none, or both."""
    if "model_too" in args:
        if (args.model is None) == (args.model_too is None):
            raise UsageProblem(f"{args.verb} takes one MODEL; see `python -m gen {args.verb} --help`.")
        args.model = args.model or args.model_too


def add_calibration(sub: Parser) -> None:
    sub.add_argument("--calibration", type=Path, metavar="PATH",
                     help="examples that a float model is quantized with: a folder of images or .npy files, "
                     "or an .npz file with an array for each input")  # fmt: skip
    sub.add_argument("--pixels", choices=list(PIXELS),
                     help="the units that a float model takes images in; signed is -1 to 1 (default: told from its "
                     "first layers)")  # fmt: skip
    sub.add_argument("--trust", action="store_true",
                     help="run what code a float model's file brings: only from those you trust")  # fmt: skip


def load_model(args: Namespace) -> QuantizedModel:
    """The model that the command line names, quantized where it is a float one. Raises as load.load_model()."""
    return load.load_model(args.model, args.calibration, trust=args.trust, pixels=args.pixels)


def add_optimize(sub: Parser) -> None:
    sub.add_argument("--optimize", default="balanced", choices=list(LEVELS),
                     help="what engine aot may spend flash on (default: %(default)s)")  # fmt: skip


def check_engine(args: Namespace, see: str) -> None:
    """see: the subcommand whose help lists the engines. Raises UsageError for an unknown one."""
    if args.engine not in ENGINES:
        raise unknown("engine", args.engine, ENGINES, f"python -m gen {see} --help")


def boards_of(words: str) -> list[Board]:
    """The boards of a,b,c. Raises UsageError for an unknown one, and one named twice."""
    ids = words.split(",")
    for word in ids:
        if ids.count(word) > 1:
            raise UsageError(f"--board {words} names {word or 'nothing'} twice: leave one out.")
    return [board.load(word) for word in ids]


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def show_commands(args: Namespace, commands: Sequence[tuple[Board, str]]) -> int:
    """For --dry-run: the commands and nothing else."""
    if args.json:
        tables.show_json([{"board": target.id, "command": command} for target, command in commands])
    else:
        sys.stdout.writelines(f"{command}\n" for _, command in commands)
    return 0
