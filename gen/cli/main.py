"""The command line: parse, run a subcommand, turn what it raises into a sentence and an exit code; nothing else."""

import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from gen import __version__
from gen.cli import (
    bench,
    build,
    compress,
    console,
    doctor,
    export,
    lists,
    monitor,
    search,
    stress,
    train,
    verify,
)
from gen.cli.completion import answer_a_shell
from gen.cli.options import EXIT_CODES, Parser, Subcommand, UsageProblem, own_files
from gen.errors import GenError, of_os, unknown

# In the order of --help.
SUBCOMMANDS: dict[str, Subcommand] = {
    subcommand.name: subcommand
    for subcommand in (
        train.TRAIN,
        compress.COMPRESS,
        build.BUILD,
        verify.VERIFY,
        build.FLASH,
        bench.BENCH,
        search.SEARCH,
        stress.STRESS,
        export.EXPORT,
        monitor.MONITOR,
        lists.BOARDS,
        lists.TASKS,
        lists.OPERATORS,
        doctor.DOCTOR,
    )
}


def parser() -> Parser:
    called = "tinygen" if Path(sys.argv[0]).stem == "tinygen" else "python -m gen"
    top = Parser(
        prog=called,
        description="Small neural networks on microcontrollers, verified byte for byte.",
        epilog=f"{EXIT_CODES}\n\nexample: {called} verify digits --board netduino_plus_2",
    )
    top.add_argument("--version", action="version", version=f"gen {__version__}")
    subparsers = top.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND", parser_class=Parser)
    for one in SUBCOMMANDS.values():
        examples = "\n         ".join(f"{called} {words}" for words in one.examples)
        sub: Parser = subparsers.add_parser(
            one.name,
            help=one.help,
            description=one.help,
            epilog=f"example: {examples}\n\n{EXIT_CODES}",
        )
        sub.add_argument("--json", action="store_true", help="print JSON on stdout; everything else goes to stderr")
        one.add_arguments(sub)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # So that context managers end an emulator that would outlive us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with console.guarded_streams():
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
    """Runs a subcommand; whatever it raises becomes a sentence and an exit code. Raises what writing to stdout does."""
    as_json = "--json" in arguments
    try:
        words = [a for a in arguments if not a.startswith("-")]
        if words and words[0] not in SUBCOMMANDS:
            raise unknown("subcommand", words[0], SUBCOMMANDS, "python -m gen --help")
        top = parser()
        answer_a_shell(top)
        args, rest = top.parse_known_args(arguments)
        if rest:
            raise UsageProblem(
                f"{args.subcommand} does not take {' '.join(rest)}; see `python -m gen {args.subcommand} --help`."
            )
        with own_files(args):
            return SUBCOMMANDS[args.subcommand].run(args)
    except console.OutputLost:
        raise
    except GenError as error:
        return fail(error, as_json)
    except OSError as error:
        return fail(of_os(error), as_json)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted: nothing half-written was left behind.\n")
        return 130


def fail(error: GenError, as_json: bool) -> int:
    """One sentence on stderr; with --json the same as an object on stdout, where that takes it; the exit code."""
    sys.stderr.write(f"error: {error}\n")
    if as_json:
        found = {"error": error.kind, "message": str(error), "exit_code": error.exit_code}
        try:
            sys.stdout.write(json.dumps(found, indent=2) + "\n")
            sys.stdout.flush()
        except console.OutputLost as lost:
            sys.stderr.write(f"error: {lost}\n")
    return error.exit_code
