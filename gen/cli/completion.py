"""What a shell completes, with argcomplete: `eval "$(register-python-argcomplete tinygen)"`."""

import argparse
import os
from collections.abc import Callable, Iterable

from gen.cli.options import Parser
from gen.compiler.engines import ENGINES
from gen.compiler.kernels.select import FALLBACK
from gen.device import board
from gen.export.formats import FORMATS
from gen.learn import task

# By argument: words that argparse does not know as choices. A MODEL may be a file, too.
WORDS: dict[str, Callable[[], Iterable[str]]] = {
    "board": board.known,
    "boards": board.known,
    "task": task.list_tasks,
    "tasks": task.list_tasks,
    "model": task.list_tasks,
    "model_too": task.list_tasks,
    "models": task.list_tasks,
    "engine": lambda: ENGINES,
    "engines": lambda: ENGINES,
    "format": lambda: FORMATS,
    "isa": lambda: FALLBACK,
}


def answer_a_shell(top: Parser) -> None:
    """Ends the process where a shell asks what may follow; else does nothing."""
    if "_ARGCOMPLETE" not in os.environ:
        return
    import argcomplete

    files = argcomplete.FilesCompleter()
    for parser in subparsers(top):
        for action in parser._actions:
            if action.dest in WORDS:
                words, also = WORDS[action.dest], files if action.dest.startswith("model") else None
                action.completer = completer(words, also)  # type: ignore[attr-defined]
    argcomplete.autocomplete(top)


def completer(
    words: Callable[[], Iterable[str]], also: Callable[..., Iterable[str]] | None
) -> Callable[..., list[str]]:
    return lambda prefix, **how: [*words(), *(also(prefix, **how) if also else ())]


def subparsers(top: Parser) -> list[argparse.ArgumentParser]:
    return [
        p for action in top._actions if isinstance(action, argparse._SubParsersAction) for p in action.choices.values()
    ]
