"""What a search found: every trial, the front, the chosen student with its card, as tables, JSON, a plot and a page."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gen import tables
from gen.files import write_if_changed, write_whole
from gen.render import render
from gen.search.budget import NAMES
from gen.search.space import Candidate, from_json
from gen.search.storage import ended

Json = dict[str, Any]
COLUMNS = ("trial", "student", "validation", "instructions", "flash", "RAM", "arena", ".tflite")
NONE = "–"


@dataclass(frozen=True)
class Row:
    """One trial. The fields are keys of the search's JSON."""

    number: int
    state: str  # finished, stopped (early), misfit
    candidate: Candidate
    why: str | None  # it was stopped or does not fit
    figure: float | None  # the metric of the int8 model on validation
    float_figure: float | None  # of the float model
    short: float | None  # of the float model after the short training
    needs: Mapping[str, Any] | None  # as budget.Needs; None where the candidate could not be compiled
    predicted: int | None  # instructions, before it was trained
    cost: int | None  # what the front has besides the metric
    tflite_bytes: int | None
    params: int | None
    model_of: int  # the trial whose model it is, itself or an earlier one of the same candidate


def rows(study: Any) -> list[Row]:
    """Every trial that has its answer."""
    collected = []
    for trial in ended(study):
        facts = trial.user_attrs
        state = "finished" if trial.values else "stopped" if facts.get("short") is not None else "misfit"
        if state == "stopped" and facts.get("figure") is not None:
            state = "misfit"
        fields = ("why", "figure", "float_figure", "short", "needs", "predicted", "cost", "tflite_bytes",
                  "params")  # fmt: skip
        known = {name: facts.get(name) for name in fields}
        collected.append(
            Row(
                trial.number,
                state,
                from_json(facts["candidate"]),
                model_of=facts.get("same_as", trial.number),
                **known,
            )
        )
    return collected


def front(rows: Sequence[Row]) -> list[Row]:
    """The finished trials that no other beats, by cost: who costs more has a better figure."""
    kept: list[Row] = []
    for row in sorted((r for r in rows if r.state == "finished"), key=lambda r: (r.cost, -(r.figure or 0), r.number)):
        if not kept or (row.figure or 0) > (kept[-1].figure or 0):
            kept.append(row)
    return kept


def table_row(row: Json) -> tuple[str, ...]:
    """A trial of the JSON, in COLUMNS' order."""
    needs = row["needs"] or {}
    numbers = (needs.get(k) for k in ("instructions", "flash_bytes", "ram_bytes", "arena_bytes"))
    texts = (NONE if n is None else f"{n:,}" for n in (*numbers, row["tflite_bytes"]))
    return (str(row["number"]), str(from_json(row["candidate"])), f"{row['figure']:.2%}", *texts)


def front_rows(search: Json) -> list[tuple[str, ...]]:
    """Those of the front, the chosen one marked."""
    by_number = {row["number"]: row for row in search["trials"]}
    lines = [table_row(by_number[number]) for number in search["front"]]
    return [
        (f"{cells[0]} *" if cells[0] == str(search["chosen"]["trial"]) else cells[0], *cells[1:]) for cells in lines
    ]


def counts(search: Json) -> dict[str, int]:
    """How many trials ended how."""
    states = [row["state"] for row in search["trials"]]
    return {state: states.count(state) for state in ("finished", "stopped", "misfit")}


def summary(search: Json) -> list[tuple[str, str]]:
    """The chosen one in a few rows: (what, figure)."""
    best, key = search["chosen"], search["figure"]["key"]
    on_board, test = best["on_board"], best["test_int8"]
    low, high = (f"{test[name]:.2%}" for name in ("low_95", "high_95"))
    limits = {name: search[name] for name in NAMES}
    told = [
        f"{on_board[name]:,}" + (f" of {limit:,}" if limit else "") + f" {NAMES[name]}"
        for name, limit in limits.items()
        if on_board[name] is not None
    ]
    if on_board["instructions"] is None and best["instructions_predicted"]:
        told.append(f"about {best['instructions_predicted']:,} instructions, not counted")
    n = counts(search)
    return [
        ("trials", f"{n['finished']} finished, {n['stopped']} stopped early, {n['misfit']} do not fit"),
        ("chosen", f"trial {best['trial']}: {from_json(best['candidate'])}"),
        (f"validation, {search['figure']['chosen_by']}", f"{best['validation_int8']:.2%}, and "
                                                        f"{best['validation_float']:.2%} as float"),
        (f"test, {search['figure']['name']}", f"{test[key]:.2%} ({low} to {high})"),
        (search["board"], ", ".join([str(on_board["verdict"] or "built, not run"), *told])),
    ]  # fmt: skip


def show(search: Json) -> None:
    """On stdout: the front, then the chosen one."""
    tables.show_table(COLUMNS, front_rows(search))
    tables.show_table(("", "figure"), summary(search))


def plot(search: Json) -> bytes:
    """A PNG: the figure on validation against the cost; trials that do not fit along the bottom."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 4.8), layout="constrained")
    axes = figure.subplots()
    limit = search["instructions" if search["cost"] == "instructions" else "flash_bytes"]
    trials = [row for row in search["trials"] if row["needs"]]
    key = "instructions" if search["cost"] == "instructions" else "flash_bytes"

    def draw(state: str, name: str, style: str, color: str, label: str) -> None:
        shown = [row for row in trials if row["state"] == state and row[name] is not None]
        axes.plot([row["needs"][key] for row in shown], [100 * row[name] for row in shown], style, color=color,
                  label=label, markersize=6)  # fmt: skip

    draw("stopped", "short", "x", "#d9822b", "stopped early, after the short training")
    draw("finished", "figure", "o", "#1f6fb2", "trained in full, int8")
    kept = [row for number in search["front"] for row in trials if row["number"] == number]
    axes.step([row["needs"][key] for row in kept], [100 * row["figure"] for row in kept], where="post",
              color="#1f6fb2", linewidth=1)  # fmt: skip
    best = next(row for row in trials if row["number"] == search["chosen"]["trial"])
    axes.plot(best["needs"][key], 100 * best["figure"], "*", color="#228833", markersize=15, label="chosen")
    figures = [100 * row["figure"] for row in trials if row["state"] == "finished"]
    low = max(0.0, 10 * math.floor((min(figures) - 1) / 10))
    misfits = [row["needs"][key] for row in trials if row["state"] == "misfit" and row["needs"][key]]
    axes.plot(misfits, [low] * len(misfits), "|", color="#999999", markersize=14, label="does not fit, not trained")
    if limit:
        axes.axvline(limit, color="#999999", linestyle="--", linewidth=1, label="budget")
    axes.set(xscale="log", ylim=(low, 100.5), xlabel=f"{search['cost']} of one inference" if key == "instructions" else
             search["cost"], ylabel=f"{search['figure']['chosen_by']} on validation, %")  # fmt: skip
    axes.set_title(f"{search['task']} on {search['board']}: {len(search['trials'])} trials")
    axes.legend(frameon=False, fontsize=9)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=120, metadata={"Software": None})
    return png.getvalue()


def save_page(search: Json, page: Path, command: str) -> None:
    """The page about a search, and its picture beside it."""
    picture = page.with_suffix(".png")
    text = render(
        "search.md",
        command=command,
        found=search,
        counts=counts(search),
        minutes=f"{search['trial_minutes']:.0f}",
        picture=picture.name,
        columns=COLUMNS,
        front=front_rows(search),
        summary=summary(search),
    )
    write_if_changed(page, text)
    write_whole(picture, plot(search))
