"""The command line: parse, call a stage, print; nothing else."""

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from gen import stages
from gen.bench import BOARDS
from gen.errors import GenError, unknown
from gen.kernels import LEVELS

EXIT_CODES = """exit codes:
  0  good                                 4  the model can't be used
  1  the answer is no (bytes differ,      5  the device or the line to it
     does not fit, something is missing)  6  compiler, linker or PlatformIO failed
  2  wrong use                            130  interrupted
  3  a tool or package is not installed"""


class Parser(argparse.ArgumentParser):
    """argparse with our exit codes, a suggestion for a misspelt verb, and room for examples."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        raise UsageProblem(f"{message}; see `{self.prog} --help`.")


class UsageProblem(GenError):
    @property
    def kind(self) -> str:
        return "usage_error"


def parser() -> Parser:
    top = Parser(
        prog="python -m gen",
        description="Small neural networks on microcontrollers, verified byte for byte.",
        epilog=f"{EXIT_CODES}\n\nexample: python -m gen verify digits --board netduino_plus_2",
    )
    top.add_argument("--version", action="version", version=stages.version())
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=Parser)

    def verb(name: str, help: str, example: str) -> Parser:
        sub: Parser = verbs.add_parser(
            name, help=help, description=help, epilog=f"example: python -m gen {example}\n\n{EXIT_CODES}"
        )
        sub.add_argument("--json", action="store_true", help="print JSON on stdout; everything else goes to stderr")
        sub.set_defaults(call=stages.VERBS[name])
        return sub

    train = verb("train", "Train a task's teacher and distilled student, and quantize it.", "train digits")
    train.add_argument("task", help="a task of models/; `python -m gen tasks` lists them")
    train.add_argument("--repeats", type=positive, default=1, metavar="N",
                       help="train the students from N seeds, to say what distillation brings")  # fmt: skip
    train.add_argument("--out", type=Path, metavar="DIR", help="write model and card here instead of models/")

    for name, help, example in (
        ("build", "Generate and compile the firmware.", "build digits --board stm32vldiscovery"),
        ("verify", "Build, run on the board or its emulator, and compare every byte with the reference.",
         "verify model.tflite --board qemu_mps2_an386 --vectors 50"),
    ):  # fmt: skip
        sub = verb(name, help, example)
        sub.add_argument("model", metavar="MODEL", help="a task's name, or the path of a .tflite file")
        sub.add_argument("--board", required=True, help="a board of boards/; `python -m gen boards` lists them")
        sub.add_argument("--engine", default="tflm", help="how the model reaches the device (default: %(default)s)")
        sub.add_argument("--optimize", default="balanced", choices=list(LEVELS),
                         help="what engine aot may spend flash on (default: %(default)s)")  # fmt: skip
        sub.add_argument("--out", type=Path, metavar="DIR", help="build folder (default: build/MODEL-BOARD-ENGINE)")
        if name == "verify":
            sub.add_argument("--vectors", type=positive, metavar="N",
                             help="how many inputs (default: the task's test set, or 20 random ones)")  # fmt: skip
            sub.add_argument("--port", metavar="P", help="a real board's serial port or pyserial URL")
    add_bench(verb("bench", "Measure models on boards, with every engine and level, and verify them.",
                   "bench kws --boards qemu_mps2_an386 --profile"))  # fmt: skip
    verb("boards", "List the boards.", "boards --json")
    verb("tasks", "List the tasks and how their students do.", "tasks")
    verb("ops", "List the operators that models may use.", "ops")
    verb("doctor", "Say what is missing on this machine and how to install it.", "doctor")
    return top


def add_bench(sub: Parser) -> None:
    sub.add_argument(
        "models", nargs="*", metavar="MODEL", help="names below models/, or .tflite files (default: all of models/)"
    )
    sub.add_argument("--boards", nargs="+", default=BOARDS, metavar="B", help=f"(default: {' '.join(BOARDS)})")
    sub.add_argument("--engines", nargs="+", metavar="E", help="ours or bakenn (default: all that are installed)")
    sub.add_argument("--optimize", nargs="+", default=list(LEVELS), choices=list(LEVELS), metavar="L",
                     help=f"levels of engine aot (default: {' '.join(LEVELS)})")  # fmt: skip
    sub.add_argument("--profile", action="store_true", help="the instructions of each operator, and its kernel")
    sub.add_argument("--cycles", action="store_true", help="estimate Cortex-M4 cycles, see gen/cycles.py")
    sub.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables as a page, too")
    sub.add_argument("--save", action="store_true", help="keep the figures in benchmarks/baseline.json")
    sub.add_argument("--check", action="store_true",
                     help="exit 1 where instructions, code or arena grew by more than 2 %% since --save")  # fmt: skip


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments
    # So that context managers end an emulator that would outlive us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        words = [a for a in arguments if not a.startswith("-")]
        if words and words[0] not in stages.VERBS:
            raise unknown("verb", words[0], stages.VERBS, "python -m gen --help")
        args = parser().parse_args(arguments)
        code: int = args.call(args)
        return code
    except GenError as error:
        stages.fail(error, as_json)
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing half-written was left behind.\n")
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone, for example `| head`
        return 0


if __name__ == "__main__":
    sys.exit(main())
