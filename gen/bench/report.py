"""Views of bench's rows: the table for the terminal and the page for docs/."""

from collections.abc import Sequence

from gen.bench.measure import Row
from gen.device.board import Board
from gen.model.graph import title_of
from gen.render import render
from gen.tables import show_table
from gen.verify.pipeline import FEW
from gen.verify.profile import OperatorProfile

NONE = "–"
COLUMNS = ("model", "engine", "optimize", "instructions", "M4 cycles", "code", "constants", "arena", "stack", "verdict")
TEXTS = ("model", "engine", "optimize", "verdict")  # the columns that aren't figures
OPERATOR_COLUMNS = ("operator", "kind", "kernel", "instructions", "share")


def line(row: Row) -> tuple[str, ...]:
    """A row as texts, in COLUMNS' order."""
    sizes = (row.instructions, row.m4_cycles, row.code_bytes, row.const_bytes, row.arena_bytes, row.stack_bytes)
    figures = (NONE if size is None else f"{size:,}" for size in sizes)
    return (row.model, row.engine, row.optimize or NONE, *figures, row.verdict)


def operator_line(operator: OperatorProfile) -> tuple[str, ...]:
    """An operator as texts, in OPERATOR_COLUMNS' order."""
    share = f"{100 * operator.share:.1f} %"
    return (str(operator.op), title_of(operator.kind), operator.kernel, f"{operator.instructions:,}", share)


def title(row: Row) -> str:
    return " ".join(filter(None, (row.model, row.board, row.engine, row.optimize)))


def table(rows: Sequence[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """(columns, lines) of the rows, without columns that are empty in all of them."""
    lines = [line(row) for row in rows]
    kept = [number for number in range(len(COLUMNS)) if any(cells[number] != NONE for cells in lines)]
    return tuple(COLUMNS[n] for n in kept), [tuple(cells[n] for n in kept) for cells in lines]


def notes(rows: Sequence[Row]) -> dict[str, str]:
    """What is to be said beside the figures -> the rows that it is about."""
    rows_by_note: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            name = " ".join(filter(None, (row.model, row.engine, row.optimize)))
            rows_by_note.setdefault(row.note, []).append(name)
    return {note: ", ".join(names) for note, names in rows_by_note.items()}


def show(rows: Sequence[Row]) -> None:
    """On stdout: a table for each board, and each row's operators where they were measured."""
    for board in dict.fromkeys(row.board for row in rows):
        columns, lines = table([row for row in rows if row.board == board])
        show_table((board, *columns[1:]), lines)
    for row in rows:
        if row.operators is not None:
            show_table((title(row), *OPERATOR_COLUMNS[1:]), [operator_line(o) for o in row.operators])


def markdown(rows: Sequence[Row], boards: Sequence[Board], command: str) -> str:
    """The page: a table for each board, the notes of its rows below, then the operators where they were measured."""
    cores = {board.id: board.core for board in boards}
    tables = []
    for board in dict.fromkeys(row.board for row in rows):
        here = [row for row in rows if row.board == board]
        columns, lines = table(here)
        aligned = ["--:" if name not in TEXTS else "---" for name in columns]
        tables.append({"board": board, "core": cores[board], "columns": columns, "aligned": aligned, "lines": lines,
                       "notes": notes(here)})  # fmt: skip
    return render(
        "benchmarks.md",
        command=command,
        vectors=FEW,
        tables=tables,
        operator_columns=OPERATOR_COLUMNS,
        profiles=[
            {"title": title(row), "lines": [operator_line(o) for o in row.operators]} for row in rows if row.operators
        ],
    )
