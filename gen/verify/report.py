"""What a stage found, as JSON first; the table for the terminal and the Markdown file are views of it."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from gen.compiler.engines import Sources
from gen.device.board import Board
from gen.device.build import Firmware
from gen.files import write_if_changed
from gen.model.quantized import QuantizedModel
from gen.tables import _console
from gen.verify.compare import Verdict
from gen.verify.mlperf import Score

Report = dict[str, Any]

# JSON key -> (what it is called in tables, unit)
TITLES = {
    "verdict": ("verdict", ""),
    "model": ("model", ""),
    "board": ("board", ""),
    "engine": ("engine", ""),
    "optimize": ("optimized for", ""),
    "model_sha256": ("model SHA-256", ""),
    "vectors": ("vectors", ""),
    "vectors_source": ("vectors are", ""),
    "distinct_outputs": ("distinct outputs expected", ""),
    "operators_compared": ("vectors compared operator by operator", ""),
    "mismatches": ("mismatches", ""),
    "worst_difference": ("worst difference", ""),
    "explanation": ("why", ""),
    "reference": ("reference", ""),
    "accuracy": ("accuracy on the device", "%"),
    "roc_auc": ("ROC AUC on the device", "%"),
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


def built(model: QuantizedModel, board: Board, sources: Sources, firmware: Firmware) -> Report:
    """The report of `build`."""
    return {
        "model": model.name,
        "model_sha256": model.graph.sha256,
        "board": board.id,
        "engine": sources.engine,
        "optimize": sources.level,
        "arena_bytes": sources.arena_bytes,
        "const_bytes": sources.const_bytes,
        "const_growth": sources.const_growth,
        "flash_bytes": firmware.flash_bytes,
        "flash_limit_bytes": board.flash_bytes,
        "ram_bytes": firmware.ram_bytes,
        "ram_limit_bytes": board.ram_bytes,
        "model_bytes": sources.model_bytes,
        "kernels": [{"op": index, "kind": kind, "kernel": kernel} for index, kind, kernel in sources.kernels],
        "elf": os.path.relpath(firmware.elf),
    }


def verified(build: Report, verdict: Verdict | Score) -> Report:
    """The report of `verify`: what was built, and the verdict on it. Its figure is under its own key."""
    found = asdict(verdict)
    figure = found.pop("figure")
    measured = {"accuracy": None} if figure is None else {figure["key"]: figure["value"]}
    return {"verdict": found.pop("kind"), **build, **found, **measured}


def rows(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The figures of a report that a person reads, in TITLES' order."""
    return [(title, text(report, key)) for key, (title, _) in TITLES.items() if report.get(key) is not None]


def text(report: Mapping[str, Any], key: str) -> str:
    """One figure with its unit and, for flash and RAM, what the board has."""
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


def show_rows(title: str, report: Mapping[str, Any]) -> None:
    """Two columns on stdout: what and how much."""
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False)
    for name, value in rows(report):
        table.add_row(name, value)
    _console().print(table)


def save(report: Report, folder: Path) -> None:
    """report.json and report.md in the build folder."""
    lines = [f"# {report['model']} on {report['board']}: {report['verdict']}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows(report)]
    lines += ["", "| operator | kind | kernel |", "|--:|---|---|"]
    lines += [f"| {k['op']} | {k['kind'].upper()} | `{k['kernel']}` |" for k in report["kernels"]]
    write_if_changed(folder / "report.md", "\n".join(lines) + "\n")
    write_if_changed(folder / "report.json", json.dumps(report, indent=2) + "\n")
