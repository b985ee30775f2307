"""What several subcommands share: the parser, the options that they have in common, and what these mean."""

import argparse
import contextlib
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

from gen import tables
from gen.compiler.engines import ENGINES
from gen.compiler.kernels.select import LEVELS
from gen.device import board
from gen.device.board import Board
from gen.errors import GenError, UsageError, unknown
from gen.importer import load
from gen.importer.calibration import PIXELS
from gen.learn import task
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


class Options(Protocol):
    """A parser, or a group of one."""

    def add_argument(self, *names: str, **how: Any) -> argparse.Action: ...
    def set_defaults(self, **values: Any) -> None: ...


@dataclass(frozen=True)
class Subcommand:
    name: str
    help: str  # one sentence
    examples: tuple[str, ...]  # of the words after `python -m gen`
    add_arguments: Callable[[Parser], None]
    run: Callable[[Namespace], int]  # prints a report and returns the exit code; raises GenError


def no_arguments(sub: Parser) -> None:
    """Of a subcommand that takes only --json."""


def add_model(sub: Parser) -> None:
    sub.add_argument("model", nargs="?", metavar="MODEL",
                     help="a task's name, an int8 .tflite file, or a float model: .keras, .h5, .onnx, .pt2 (PyTorch), "
                     "or a SavedModel's folder")  # fmt: skip
    sub.add_argument("--model", dest="model_too", metavar="MODEL", help="the same, by name")
    sub.add_argument("--signature", metavar="S",
                     help="of a .tflite file with several, the one to build (default: serving_default)")  # fmt: skip
    add_task_file(sub)
    add_calibration(sub)


def add_board(sub: Options, help: str, *, required: bool = False) -> None:
    """--board, and --board-file, which alone selects its board. required: one of them."""
    sub.add_argument("--board", metavar="B", help=help)
    add_board_file(sub)
    if required:
        sub.set_defaults(required=("board",))


def add_board_file(sub: Options) -> None:
    sub.add_argument("--board-file", type=Path, metavar="INI",
                     help="a board of your own, as a file of boards/; taken where no board is named")  # fmt: skip


def add_task_file(sub: Options) -> None:
    sub.add_argument("--task-file", type=Path, metavar="PY",
                     help="a task of your own, as a file of models/; taken where no task is named")  # fmt: skip


@contextlib.contextmanager
def own_files(args: Namespace) -> Iterator[None]:
    """The board and the task of --board-file and --task-file are known until the block ends, and taken where the
    command line names none. Raises UsageProblem where a model or a board is still missing, or a model named twice;
    what board.own() and task.own() raise."""
    with contextlib.ExitStack() as known:
        if getattr(args, "board_file", None):
            board_id = known.enter_context(board.own(args.board_file))
            _take(args, {"board": board_id, "boards": [board_id]})
        if getattr(args, "task_file", None):
            name = known.enter_context(task.own(args.task_file))
            if not getattr(args, "model_too", None):
                _take(args, {"task": name, "tasks": [name], "model": name, "models": [name]})
        missing = [name for name in getattr(args, "required", ()) if getattr(args, name) is None]
        if missing:
            named = ", ".join(name.upper() if name == "task" else f"--{name}" for name in missing)
            raise _wrong(args, f"the following arguments are required: {named}")
        if "model_too" in args:
            if (args.model is None) == (args.model_too is None):
                raise _wrong(args, f"{args.subcommand} takes one MODEL")
            args.model = args.model or args.model_too
        yield


def _take(args: Namespace, found: dict[str, object]) -> None:
    """Of found what the subcommand takes and the command line does not name."""
    for name, value in found.items():
        if name in args and not getattr(args, name) and not getattr(args, "all", False):
            setattr(args, name, value)


def _wrong(args: Namespace, what: str) -> UsageProblem:
    return UsageProblem(f"{what}; see `python -m gen {args.subcommand} --help`.")


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
    return load.load_model(args.model, args.calibration, trust=args.trust, pixels=args.pixels, signature=args.signature)


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
