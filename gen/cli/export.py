"""`export`."""

import os
from argparse import Namespace
from pathlib import Path

from gen import tables
from gen.cli.options import Parser, Subcommand, add_board, add_model, add_optimize, load_model
from gen.compiler.engines import ENGINES
from gen.compiler.kernels.select import FALLBACK
from gen.export import library as export
from gen.export.formats import FORMATS
from gen.progress import Progress


def add_export(sub: Parser) -> None:
    add_model(sub)
    sub.add_argument("--format", required=True, metavar="F", help=f"of the library: {', '.join(FORMATS)}")
    sub.add_argument("--engine", default="aot", metavar="E",
                     help=f"{' or '.join(ENGINES)}; tflm carries the .tflite file (default: %(default)s)")  # fmt: skip
    target = sub.add_mutually_exclusive_group()
    add_board(target, "take the kernels of this board's core")
    target.add_argument("--isa", metavar="I",
                        help=f"take these: {', '.join(FALLBACK)} (default: portable, for any machine)")  # fmt: skip
    add_optimize(sub)
    sub.add_argument("--name", metavar="PREFIX", help="what every C name begins with (default: the model's name)")
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder (default: build/export/FORMAT/PREFIX)")


def run_export(args: Namespace) -> int:
    options = export.ExportOptions(args.format, args.engine, args.isa, args.board, args.optimize, args.name)
    library = export.library(load_model(args), options, Progress().say)
    folder = args.out or export.default_folder(library)
    export.write(folder, library.files)
    if args.json:
        tables.show_json({**library.as_json(), "folder": str(folder)})
    else:
        tables.show_table((f"files of {os.path.relpath(folder)}", "bytes"), library.as_rows())
    return 0


EXPORT = Subcommand(
    "export",
    "Write a model as a library for your own project.",
    ("export digits --format arduino --board netduino_plus_2",),
    add_export,
    run_export,
)
