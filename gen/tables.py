"""Tables and JSON on standard output."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def show_table(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """A plain table on stdout."""
    table = Table(*columns)
    for line in lines:
        table.add_row(*line)
    _console().print(table)


def show_json(report: Any) -> None:
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


def _console() -> Console:
    # A pipe has no width: never cut a figure there.
    return Console(width=None if sys.stdout.isatty() else 120, highlight=False, markup=False, emoji=False)
