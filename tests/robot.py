"""Robot files read, and a stand-in for the program renode."""

import re
import stat
from pathlib import Path


def tables(text: str) -> dict[str, list[list[str]]]:
    """A Robot file's tables: rows of cells, which two or more spaces part; rows that begin with ... continue one."""
    found: dict[str, list[list[str]]] = {}
    for line in filter(None, text.splitlines()):
        if heading := re.fullmatch(r"\*\*\* (Settings|Variables|Test Cases|Keywords) \*\*\*", line):
            rows = found.setdefault(heading[1], [])
            continue
        cells = re.split(r" {2,}", line.rstrip())
        lead = cells.pop(0) if cells[0] == "" else ""
        if cells[0] == "...":
            rows[-1] += cells[1:]
        else:
            rows.append(([lead] if line.startswith(" ") else []) + cells)
    return found


def run_process(folder: Path, **given: str) -> tuple[list[str], dict[str, str]]:
    """The words of the command that the Robot file runs, and its named arguments; variables replaced, by given ones."""
    found = tables((folder / "firmware.robot").read_text())
    variables = {row[0]: row[1] for row in found["Variables"]} | {"${CURDIR}": str(folder)}
    variables |= {f"${{{name}}}": value for name, value in given.items()}
    (row,) = [row for row in found["Test Cases"] if "Run Process" in row]
    words = row[row.index("Run Process") + 1 :]
    for _ in range(2):  # a variable may name another
        for name, value in variables.items():
            words = [word.replace(name, value) for word in words]
    named = [word for word in words if re.match(r"(cwd|stdout|stderr)=", word)]
    return [w for w in words if w not in named], dict(word.split("=", 1) for word in named)


def program(folder: Path, text: str) -> Path:
    """A renode that is this shell script."""
    path = folder / "renode"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return path
