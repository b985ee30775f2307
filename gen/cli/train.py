"""`train`: a task, or a folder of one's own data."""

import argparse
from argparse import Namespace
from pathlib import Path

from gen import tables
from gen.cli.options import Parser, Subcommand, add_task_file, positive
from gen.data import folder as data
from gen.data.folder import KINDS
from gen.errors import UsageError
from gen.learn import folder_task, task, train_task
from gen.progress import Progress


def add_train(sub: Parser) -> None:
    sub.add_argument("task", nargs="?", help="a task of models/; `python -m gen tasks` lists them")
    add_task_file(sub)
    sub.add_argument("--repeats", type=positive, default=1, metavar="N",
                     help="train the students from N seeds, to say what distillation brings")  # fmt: skip
    sub.add_argument("--out", type=Path, metavar="DIR",
                     help="write model and card here (default: models/; with --data build/trained/; with --task-file "
                     "its folder)")  # fmt: skip
    add_data(sub)


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


def run_train(args: Namespace) -> int:
    if args.data:
        return run_train_folder(args)
    if not args.task:
        raise UsageError("name a task of `python -m gen tasks`, or your own data with --data FOLDER --kind K.")
    for word in ("kind", "name", "window", "hop", "size", "epochs", "seed"):
        if getattr(args, word) is not None:
            raise UsageError(f"--{word} is for --data: what a task learns from is in models/{args.task}.py.")
    folder = args.out or task.output_folder(args.task)
    card = train_task.train_task(task.load_task(args.task), folder, Progress().say, args.repeats)
    if args.json:
        tables.show_json(card)
    else:
        tables.show_table(("", "figure"), train_task.summary(card))
    return 0


def run_train_folder(args: Namespace) -> int:
    if args.task or args.repeats > 1:
        raise UsageError("--data is your own data: leave out the task and --repeats.")
    options = data.FolderOptions(
        args.data, args.kind, args.name, args.window, args.hop, args.size, args.epochs, args.seed or 1
    )
    progress = Progress()
    card = folder_task.train_folder(options, args.out or folder_task.TRAINED, progress.say, progress)
    if args.json:
        tables.show_json(card)
    else:
        tables.show_table(("", "figure"), folder_task.summary(card))
    return 0


TRAIN = Subcommand(
    "train",
    "Train a task's teacher and distilled student, or one for your own data, and quantize it.",
    ("train digits", "train --data recordings --kind wav --name knock"),
    add_train,
    run_train,
)
