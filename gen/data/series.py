"""CSV files of time series as examples: windows of rows, a channel for each numeric column.

One file is one recording. Its class is the folder that it lies in, or row by row what its column 'label' says; a window
never holds rows of two labels."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gen.data.files import Unusable, Windows
from gen.errors import UsageError
from gen.model.graph import Array

SUFFIXES = (".csv",)
LABEL = "label"
INDEX_COLUMNS = ("time", "timestamp", "index", "")  # columns that count rows; pandas writes its index without a name
DELIMITERS = ",;\t"
MIN_STEPS = 8
HEAD = 65_536  # bytes that hold the first two lines


@dataclass(frozen=True)
class SeriesFeatures:
    """Rows of a CSV file."""

    window: int  # rows of an example
    hop: int  # rows from the start of one window to that of the next
    header: tuple[str, ...]  # names of all columns; a number for each where files have no header
    columns: tuple[str, ...]  # those that are the channels, in order
    by_row: bool  # whether the column 'label' says each row's class

    @property
    def shape(self) -> tuple[int, int, int]:
        return 1, self.window, len(self.columns)

    def read(self, content: bytes) -> Windows:
        """Raises Unusable."""
        header, rows = parse(content)
        if header != self.header:
            raise Unusable(f"has the columns {', '.join(header)}; most files have {', '.join(self.header)}")
        values = self._values(rows)
        labels = [row[_label_place(header)].strip() for row in rows] if self.by_row else [""] * len(rows)
        if "" in labels and self.by_row:
            raise Unusable(f"has no label in row {labels.index('') + 1}")
        runs = list(_runs(labels))
        starts = [s for first, end in runs for s in range(first, end - self.window + 1, self.hop)]
        if not starts:
            longest = max(end - first for first, end in runs)
            what = "rows" if len(runs) == 1 else "rows of one label at a time"
            raise Unusable(f"has {longest} {what}, a window has {self.window}")
        short = sum(end - first < self.window for first, end in runs)
        return Windows(
            np.stack([values[start : start + self.window] for start in starts])[:, None],
            tuple(labels[start] for start in starts) if self.by_row else None,
            "stretches of one label that are shorter than a window, left out" if short else "",
        )

    def _values(self, rows: Sequence[Sequence[str]]) -> Array:
        """rows x columns, float32. Raises Unusable with the first cell that is not a number."""
        places = [self.header.index(column) for column in self.columns]
        try:
            with np.errstate(over="ignore"):
                values = np.array([[row[place] for place in places] for row in rows]).astype(np.float32)
        except ValueError:
            values = np.full((len(rows), len(places)), np.nan, np.float32)
        if np.isfinite(values).all():
            return values
        for number, row in enumerate(rows):
            for place in places:
                if not is_number(row[place]):
                    raise Unusable(
                        f"has {row[place]!r} in row {number + 1}, column {self.header[place]!r}: not a number"
                    )
        raise Unusable("has numbers that float32 can't hold")


def parse(content: bytes) -> tuple[tuple[str, ...], list[list[str]]]:
    """The columns' names, stripped, and the rows below. Raises Unusable: not text, no rows, ragged rows."""
    rows = _rows(content)
    header = _header(rows[0])
    data = rows[1:] if header is not None else rows
    names = header or tuple(str(number) for number in range(1, len(rows[0]) + 1))
    if not data:
        raise Unusable("has a header and no rows")
    if len(set(names)) < len(names):
        raise Unusable("has two columns of the same name")
    for number, row in enumerate(data):
        if len(row) != len(names):
            raise Unusable(f"has {len(row)} columns in row {number + 1} and {len(names)} in the first line")
    return names, data


def _rows(content: bytes, most: int | None = None) -> list[list[str]]:
    """At most so many lines that are not empty, split at the delimiter that the first one has most."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable("is not UTF-8 text") from None
    if not text.strip():
        raise Unusable("is empty")
    lines = text.splitlines()
    first = next(line for line in lines if line.strip())
    delimiter = max(DELIMITERS, key=first.count)
    try:
        return list(islice((row for row in csv.reader(lines, delimiter=delimiter) if any(map(str.strip, row))), most))
    except csv.Error as error:
        raise Unusable(f"is not CSV ({error})") from None


def _header(row: Sequence[str]) -> tuple[str, ...] | None:
    """None where all the first line's cells are numbers."""
    return None if all(is_number(cell) for cell in row) else tuple(cell.strip() for cell in row)


def is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _label_place(header: Sequence[str]) -> int:
    return [name.lower() for name in header].index(LABEL)


def _runs(labels: Sequence[str]) -> Iterable[tuple[int, int]]:
    """First row and the row after the last of each stretch of one label."""
    changes = [i for i in range(1, len(labels)) if labels[i] != labels[i - 1]]
    return zip([0, *changes], [*changes, len(labels)], strict=True)


def survey(contents: Iterable[bytes], window: float, hop: float, *, by_row: bool) -> tuple[SeriesFeatures, list[str]]:
    """The columns that most files have, and notes on those that are left out: the label, time, and text in every file.
    Raises UsageError: no usable columns, no labels, window or hop that is not a whole number of rows."""
    for word, value in (("--window", window), ("--hop", hop)):
        if value != int(value):
            raise UsageError(f"{word} {value:g} is not a whole number of rows.")
    if window < MIN_STEPS:
        raise UsageError(f"--window {window:g} is too short: give at least {MIN_STEPS} rows.")
    heads = Counter[tuple[str, ...]]()
    numeric: dict[tuple[str, ...], set[str]] = {}
    for content in contents:
        try:
            rows = _rows(content if len(content) <= HEAD else content[:HEAD].rpartition(b"\n")[0], 2)
        except Unusable:
            continue  # read() names it
        names = _header(rows[0]) or tuple(str(number) for number in range(1, len(rows[0]) + 1))
        heads[names] += 1
        found = {name for name, cell in zip(names, rows[-1], strict=False) if is_number(cell)}
        numeric[names] = numeric.get(names, set()) | found
    if not heads:
        raise UsageError("no CSV file has a line that can be read: give UTF-8 text with a row for each time step.")
    header = max(heads, key=lambda names: (heads[names], names))
    if by_row and LABEL not in [name.lower() for name in header]:
        raise UsageError(
            f"the CSV files have the columns {', '.join(header)} and lie in no class folders: "
            f"add a column {LABEL!r}, or put the files of each class into a folder of its own."
        )
    apart = {LABEL, *INDEX_COLUMNS}
    columns = tuple(name for name in header if name.lower() not in apart and name in numeric[header])
    if not columns:
        raise UsageError(f"the CSV files have no column of numbers among {', '.join(header)}.")
    left = [name for name in header if name not in columns and not (by_row and name.lower() == LABEL)]
    notes = [f"columns left out: {', '.join(repr(name) for name in left)} (time, text or label)"] if left else []
    return SeriesFeatures(int(window), int(hop), header, columns, by_row), notes
