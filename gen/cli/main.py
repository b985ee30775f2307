"""The command line: parse, call a stage, print; nothing else."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from gen.bench.measure import BOARDS
from gen.cli import console, stages
from gen.compiler.engines import ENGINES
from gen.compiler.kernels.select import FALLBACK, LEVELS
from gen.data.folder import KINDS
from gen.device.transport import BAUD
from gen.errors import GenError, MissingTool, of_os, unknown
from gen.export.formats import FORMATS
from gen.importer.calibration import PIXELS
from gen.paths import BOARDS as BOARD_FILES

EXIT_CODES = """exit codes:
  0  good                                 4  the model can't be used
  1  the answer is no (bytes differ,      5  the device or the line to it
     does not fit, a metric regressed)    6  compiler, linker or PlatformIO failed
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

    train = verb("train", "Train a task's teacher and distilled student, or one for your own data, and quantize it.",
                 "train digits\n         python -m gen train --data recordings --kind wav --name knock")  # fmt: skip
    train.add_argument("task", nargs="?", help="a task of models/; `python -m gen tasks` lists them")
    train.add_argument("--repeats", type=positive, default=1, metavar="N",
                       help="train the students from N seeds, to say what distillation brings")  # fmt: skip
    train.add_argument("--out", type=Path, metavar="DIR",
                       help="write model and card here (default: models/; with --data build/trained/)")  # fmt: skip
    add_data(train)

    add_compress(verb("compress", "Distil, prune and quantize a task's student; say what each step does to it.",
                      "compress digits --recipe ptq --recipe distill+prune=0.5+qat --seeds 3"))  # fmt: skip

    for name, help, example in (
        ("build", "Generate and compile the firmware.", "build digits --board stm32vldiscovery"),
        ("verify", "Build, run on the board or its emulator, and compare every byte with the reference.",
         "verify model.tflite --board qemu_mps2_an386 --vectors 50"),
        ("flash", "Build, and put the firmware on the real board.", "flash digits --board nucleo_f446re"),
    ):  # fmt: skip
        sub = verb(name, help, example)
        add_model(sub)
        several = ", or several: a,b,c" if name == "verify" else ""
        sub.add_argument("--board", required=True, metavar="B",
                         help=f"a board of boards/{several}; `python -m gen boards` lists them")  # fmt: skip
        sub.add_argument("--engine", default="tflm", metavar="E",
                         help=f"how the model reaches the device: {' or '.join(ENGINES)} (default: tflm)")  # fmt: skip
        sub.add_argument("--optimize", default="balanced", choices=list(LEVELS),
                         help="what engine aot may spend flash on (default: %(default)s)")  # fmt: skip
        sub.add_argument("--protocol", default="link", choices=["link", "mlperf"],
                         help="ours, or MLPerf Tiny's serial API for its runner (default: %(default)s)")  # fmt: skip
        sub.add_argument("--out", type=Path, metavar="DIR", help="build folder (default: build/MODEL-BOARD-ENGINE)")
        sub.add_argument("--tflm-dir", type=Path, metavar="DIR",
                         help="an upstream TFLM for engine tflm, as its create_tflm_tree.py wrote it")  # fmt: skip
        sub.add_argument("--arena", type=positive, metavar="N", help="bytes of the arena, with --tflm-dir")
        if name == "verify":
            sub.add_argument("--vectors", type=positive, metavar="N",
                             help="how many inputs (default: the task's test set, or 20 random ones)")  # fmt: skip
            sub.add_argument("--flash", action="store_true", help="flash the real board first, and verify that")
            sub.add_argument("--explain", action="store_true", help="where bytes differ, find out why")
            sub.add_argument("--emulator", choices=["renode"],
                             help="run in this one, or find it at --port, instead of the usual")  # fmt: skip
            sub.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML, a test case per board")
            sub.add_argument("--jobs", type=positive, default=os.cpu_count() or 1, metavar="N",
                             help="boards at a time (default: %(default)s, the number of cores)")  # fmt: skip
        if name != "build":
            sub.add_argument("--port", metavar="P", help="a real board's serial port or pyserial URL")
            sub.add_argument("--tool", metavar="T", help="flash with this one of the board's tools")
            sub.add_argument("--dry-run", action="store_true", help="print the command of emulator or tool, and stop")
    add_bench(verb("bench", "Measure models on boards, with every engine and level, and verify them.",
                   "bench kws --boards qemu_mps2_an386 --profile"))  # fmt: skip
    add_search(verb("search", "Search the best student that fits a board's flash, RAM and instructions.",
                    "search digits --board stm32vldiscovery --flash 64k --ram 8k --instructions 500k"))  # fmt: skip
    add_stress(verb("stress", "Damage the line to emulated boards, pull the cable, send noise; all must end well.",
                    "stress digits --board netduino_plus_2,stm32vldiscovery"))  # fmt: skip
    add_export(verb("export", "Write a model as a library for your own project.",
                    "export digits --format arduino --board netduino_plus_2"))  # fmt: skip
    watch = verb("monitor", "Show what a real board says.", "monitor --board esp32")
    watch.add_argument("--board", required=True, metavar="B", help="whose USB ids to look for")
    watch.add_argument("--port", metavar="P", help="its serial port or pyserial URL")
    watch.add_argument("--baud", type=positive, default=BAUD, help="(default: %(default)s)")
    verb("boards", "List the boards.", "boards --json")
    verb("tasks", "List the tasks and how their students do.", "tasks")
    verb("ops", "List the operators that models may use.", "ops")
    verb("doctor", "Say what is missing on this machine and how to install it.", "doctor")
    return top


def add_model(sub: Parser) -> None:
    sub.add_argument("model", nargs="?", metavar="MODEL",
                     help="a task's name, an int8 .tflite file, or a float model: .keras, .h5, .onnx, .pt2 (PyTorch), "
                     "or a SavedModel's folder")  # fmt: skip
    sub.add_argument("--model", dest="model_too", metavar="MODEL", help="the same, by name")
    add_calibration(sub)


def choose_model(args: argparse.Namespace) -> None:
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


def add_data(sub: Parser) -> None:
    own = sub.add_argument_group("your own data", "a folder for each class with its files; each file is one recording")
    own.add_argument("--data", type=Path, metavar="FOLDER", help="train on this instead of a task")
    own.add_argument("--kind", choices=list(KINDS), help="PNG and JPEG; WAV; CSV with a row for each time step")
    own.add_argument("--name", help="of the model (default: the folder's)")
    own.add_argument("--window", type=above_zero, metavar="W",
                     help="length of an example: seconds of wav (default: 1), rows of csv (default: 128)")  # fmt: skip
    own.add_argument("--hop", type=above_zero, metavar="H", help="from one window to the next (default: half a window)")
    own.add_argument("--size", type=height_x_width, metavar="HxW", help="of images, in pixels (default: 32x32)")
    own.add_argument("--epochs", type=positive, metavar="N", help="(default: by the number of examples)")
    own.add_argument("--seed", type=positive, metavar="N", help="of splits, weights and batches (default: 1)")


def add_compress(sub: Parser) -> None:
    sub.add_argument("tasks", nargs="*", metavar="TASK", help="tasks of models/; `python -m gen tasks` lists them")
    sub.add_argument("--all", action="store_true", help="every task")
    sub.add_argument("--recipe", action="append", metavar="R",
                     help="what to do: words of narrow=S distill features prune=S sparse=S and ptq or qat, in this "
                     "order, joined by +; S: the share that is left out; may be repeated (default: eleven recipes, "
                     "see docs/compression.md)")  # fmt: skip
    sub.add_argument("--seeds", type=positive, default=1, metavar="N",
                     help="train students from N seeds, to say what is more than noise (default: 1)")  # fmt: skip
    sub.add_argument("--board", default="qemu_mps2_an386", metavar="B",
                     help="whose costs to tell; emulated (default: %(default)s)")  # fmt: skip
    sub.add_argument("--engine", default="aot", metavar="E", help=f"{' or '.join(ENGINES)} (default: %(default)s)")
    sub.add_argument("--sensitivity", action="store_true",
                     help="quantize each layer of the first recipe's student alone: which costs accuracy?")  # fmt: skip
    sub.add_argument("--out", type=Path, metavar="DIR",
                     help="a folder for each task is made here (default: build/compress/)")  # fmt: skip
    sub.add_argument("--resume", action="store_true", help="take tasks whose report is there, of the same settings")
    sub.add_argument("--markdown", type=Path, metavar="FILE", help="write a page about all these tasks, and its plot")


def add_bench(sub: Parser) -> None:
    sub.add_argument(
        "models", nargs="*", metavar="MODEL", help="names below models/, or models' files (default: all of models/)"
    )
    add_calibration(sub)
    sub.add_argument("--boards", nargs="+", default=BOARDS, metavar="B", help=f"(default: {' '.join(BOARDS)})")
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


def add_search(sub: Parser) -> None:
    sub.add_argument("task", metavar="TASK", help="of models/; `python -m gen tasks` lists them")
    sub.add_argument("--board", required=True, metavar="B", help="`python -m gen boards` lists them")
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
    sub.add_argument("--optimize", default="balanced", choices=list(LEVELS),
                     help="what engine aot may spend flash on (default: %(default)s)")  # fmt: skip
    sub.add_argument("--out", type=Path, metavar="DIR",
                     help="the student, its card, the trials' models (default: build/search/TASK-BOARD)")  # fmt: skip
    sub.add_argument("--markdown", type=Path, metavar="FILE", help="write a page about it, and its plot")


def add_stress(sub: Parser) -> None:
    add_model(sub)
    sub.add_argument("--board", required=True, metavar="B", help="an emulated board, or several: a,b,c")
    sub.add_argument("--engine", default="aot", choices=list(ENGINES), help="(default: %(default)s)")
    sub.add_argument("--vectors", type=positive, default=20, metavar="N", help="how many inputs (default: %(default)s)")
    sub.add_argument("--errors", type=percentage, default=1.0, metavar="PERCENT",
                     help="bytes dropped, flipped, doubled, late, cut, in 100 (default: %(default)s)")  # fmt: skip
    sub.add_argument("--noise", type=positive, default=10_000_000, metavar="N",
                     help="random bytes to send (default: %(default)s)")  # fmt: skip


def add_export(sub: Parser) -> None:
    add_model(sub)
    sub.add_argument("--format", required=True, metavar="F", help=f"of the library: {', '.join(FORMATS)}")
    sub.add_argument("--engine", default="aot", metavar="E",
                     help=f"{' or '.join(ENGINES)}; tflm carries the .tflite file (default: %(default)s)")  # fmt: skip
    target = sub.add_mutually_exclusive_group()
    target.add_argument("--board", metavar="B", help="take the kernels of this board's core")
    target.add_argument("--isa", metavar="I",
                        help=f"take these: {', '.join(FALLBACK)} (default: portable, for any machine)")  # fmt: skip
    sub.add_argument("--optimize", default="balanced", choices=list(LEVELS),
                     help="what engine aot may spend flash on (default: %(default)s)")  # fmt: skip
    sub.add_argument("--name", metavar="PREFIX", help="what every C name begins with (default: the model's name)")
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder (default: build/export/FORMAT/PREFIX)")


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def above_zero(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def height_x_width(text: str) -> tuple[int, int]:
    height, x, width = text.partition("x")
    if not (x and height.isdecimal() and width.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text} is not of the form 32x32, height x width")
    return int(height), int(width)


def percentage(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 100")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # So that context managers end an emulator that would outlive us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with console.rim():
        try:
            try:
                return answer(list(sys.argv[1:] if argv is None else argv))
            finally:  # --help ends by SystemExit
                sys.stdout.flush()
        except console.OutputLost as error:
            sys.stderr.write(f"error: {error}\n")
            return error.exit_code
        except console.ReaderGone:
            return console.READER_GONE


def answer(arguments: list[str]) -> int:
    """Runs the verb; whatever it raises becomes a sentence and an exit code. Raises what writing to stdout does."""
    as_json = "--json" in arguments
    try:
        words = [a for a in arguments if not a.startswith("-")]
        if words and words[0] not in stages.VERBS:
            raise unknown("verb", words[0], stages.VERBS, "python -m gen --help")
        if not BOARD_FILES.is_dir():
            raise MissingTool(f"{BOARD_FILES} is not there: gen works in its checkout alone, so install it there, "
                              "editable: `pip install -e .`")  # fmt: skip
        args, rest = parser().parse_known_args(arguments)
        if rest:
            raise UsageProblem(f"{args.verb} does not take {' '.join(rest)}; see `python -m gen {args.verb} --help`.")
        choose_model(args)
        code: int = args.call(args)
        return code
    except console.OutputLost:
        raise
    except GenError as error:
        return stages.fail(error, as_json)
    except OSError as error:
        return stages.fail(of_os(error), as_json)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing half-written was left behind.\n")
        return 130
