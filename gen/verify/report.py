"""What was built and, once it has run, the verdict on it; the table and the Markdown file are views of the JSON."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from rich.table import Table

from gen.files import write_if_changed
from gen.learn.objective import OBJECTIVES
from gen.model.graph import title_of
from gen.tables import _console
from gen.verify.built import Built
from gen.verify.compare import Verdict
from gen.verify.mlperf import Score

# JSON key -> (what it is called in tables, unit)
TITLES = {
    "verdict": ("verdict", ""),
    "model": ("model", ""),
    "board": ("board", ""),
    "engine": ("engine", ""),
    "optimize": ("optimized for", ""),
    "model_sha256": ("model SHA-256", ""),
    "cut_off": ("not built", ""),
    "vectors": ("vectors", ""),
    "vectors_source": ("vectors are", ""),
    "distinct_outputs": ("distinct outputs expected", ""),
    "operators_compared": ("vectors compared operator by operator", ""),
    "mismatches": ("mismatches", ""),
    "worst_difference": ("worst difference", ""),
    "explanation": ("why", ""),
    "reference": ("reference", ""),
    **{objective.key: (f"{objective.name} on the device", "%") for objective in OBJECTIVES},
    "variance_explained": ("variance given back by the device", "%"),
    "instructions": ("instructions per inference", ""),
    "cycles": ("cycles per inference", ""),
    "inferences_per_second": ("inferences a second", ""),
    "arena_bytes": ("arena", "bytes"),
    "arena_used_bytes": ("of which upstream TFLM uses", "bytes"),
    "const_bytes": ("constants", "bytes"),
    "const_growth": ("weights and scales, of the model's own", "%"),
    "stack_bytes": ("stack used", "bytes"),
    "flash_bytes": ("flash", "bytes"),
    "ram_bytes": ("RAM, stack reserve included", "bytes"),
    "model_bytes": ("model file", "bytes"),
    "resends": ("frames sent again", ""),
    "elf": ("firmware", ""),
}


@dataclass(frozen=True)
class Report:
    """Of `build` and of `verify`. The fields are keys of its JSON."""

    model: str  # its name
    model_sha256: str  # of the .tflite, in hex
    board: str  # its id
    engine: str
    optimize: str | None  # the level; None for an engine without
    arena_bytes: int
    const_bytes: int  # what the constants take in flash at least
    const_growth: float | None  # weights and scales, as a multiple of the model's own
    flash_bytes: int
    flash_limit_bytes: int  # what the board has; 0: no limit
    ram_bytes: int  # with the stack's reserve
    ram_limit_bytes: int
    model_bytes: int  # of the .tflite
    kernels: tuple[tuple[int, str, str], ...]  # operator's index, its kind, kernel
    elf: str  # its path, relative to the current folder
    cut_off: str | None = None  # a float tail of the model that is not built, see gen/model/rewrites/tail.py
    verdict: Verdict | Score | None = None  # None: it has not run

    @property
    def exact(self) -> bool:
        """It has run, and every byte was right."""
        return self.verdict is not None and self.verdict.exact

    def as_json(self) -> dict[str, Any]:
        """Of `verify` with the verdict's fields beside the build's; its metric is under its own key."""
        build = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "verdict"}
        build["kernels"] = [{"op": index, "kind": kind, "kernel": kernel} for index, kind, kernel in self.kernels]
        if self.verdict is None:
            return build
        verdict = asdict(self.verdict)
        metric = verdict.pop("metric")
        measured = {"accuracy": None} if metric is None else {metric["key"]: metric["value"]}
        return {"verdict": verdict.pop("kind"), **build, **verdict, **measured}


def of(built: Built, verdict: Verdict | Score | None = None) -> Report:
    """The report of what was built."""
    sources, firmware, board = built.sources, built.firmware, built.board
    return Report(
        model=built.model.name,
        model_sha256=built.model.graph.sha256,
        board=board.id,
        engine=sources.engine,
        optimize=sources.level,
        arena_bytes=sources.arena_bytes,
        const_bytes=sources.const_bytes,
        const_growth=sources.const_growth,
        flash_bytes=firmware.flash_bytes,
        flash_limit_bytes=board.flash_bytes,
        ram_bytes=firmware.ram_bytes,
        ram_limit_bytes=board.ram_bytes,
        model_bytes=sources.model_bytes,
        kernels=sources.kernels,
        elf=os.path.relpath(firmware.elf),
        cut_off=built.model.graph.cut_off,
        verdict=verdict,
    )


def rows(report: Report) -> list[tuple[str, str]]:
    """What of a report a person reads, in TITLES' order."""
    values = report.as_json()
    return [(title, _text(values, key)) for key, (title, _) in TITLES.items() if values.get(key) is not None]


def _text(report: Mapping[str, Any], key: str) -> str:
    """One value with its unit and, for flash and RAM, what the board has."""
    value, unit = report[key], TITLES[key][1]
    limit = report.get(key.replace("_bytes", "_limit_bytes")) if key in ("flash_bytes", "ram_bytes") else None
    if key == "explanation":
        return f"{value['kind'].replace('_', ' ')}: {value['sentence']}"
    if unit == "%":
        return f"{100 * value:.2f} %"
    if isinstance(value, int):
        of = f" of {limit:,} ({100 * value / limit:.1f} %)" if limit else ""
        return f"{value:,}{of} {unit}".strip()
    return str(value)


def show_rows(title: str, report: Report) -> None:
    """Two columns on stdout: what and how much."""
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False)
    for name, value in rows(report):
        table.add_row(name, value)
    _console().print(table)


def save(report: Report, folder: Path) -> None:
    """report.json and report.md in the build folder."""
    values = report.as_json()
    lines = [f"# {report.model} on {report.board}: {values['verdict']}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows(report)]
    lines += ["", "| operator | kind | kernel |", "|--:|---|---|"]
    lines += [f"| {index} | {title_of(kind)} | `{kernel}` |" for index, kind, kernel in report.kernels]
    write_if_changed(folder / "report.md", "\n".join(lines) + "\n")
    write_if_changed(folder / "report.json", json.dumps(values, indent=2) + "\n")
