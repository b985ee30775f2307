"""The picture of compression: for every recipe the figure with its interval, those of one size side by side."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]
COLUMNS = 2  # of tasks
TRAINED = {  # recipe's words -> color
    (): "#d9822b",
    ("distill",): "#1f6fb2",
    ("features",): "#2a8a57",
    ("distill", "features"): "#7a4fa3",
}
LABELS = {
    (): "trained alone",
    ("distill",): "soft targets",
    ("features",): "features",
    ("distill", "features"): "soft targets and features",
}
GRAY = "#555555"
MARKS = {"ptq": "o", "qat": "s"}


def plot(reports: Sequence[Json]) -> bytes:
    """A PNG with a panel for each report, see compress_figures.describe()."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    columns = min(COLUMNS, len(reports))
    rows = -(-len(reports) // columns)
    tallest = max(sum(stage["asked"] for stage in report["stages"]) for report in reports)
    figure = Figure(figsize=(6.6 * columns, rows * (1.3 + 0.3 * tallest) + 0.5), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, report in zip(panels, reports, strict=False):
        _draw(panel, report)
    for panel in panels[len(reports) :]:
        panel.set_axis_off()
    names = [stage["recipe"].split("+") for report in reports for stage in ordered(report)]
    used = {_trained(words) for words in names}
    entries = [
        *(Line2D([], [], color=TRAINED[kind], marker="o", linestyle="", label=LABELS[kind])
          for kind in TRAINED if kind in used),
        *(Line2D([], [], color=GRAY, marker=MARKS[end], linestyle="", label=end)
          for end in MARKS if any(words[-1] == end for words in names)),
        *([Line2D([], [], color=GRAY, linestyle=":", label="teacher, float")]
          if any(report["teacher"] for report in reports) else []),
    ]  # fmt: skip
    figure.legend(handles=entries, loc="outside lower center", ncols=3 * columns, frameon=False, fontsize=9)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=110, metadata={"Software": None})
    return png.getvalue()


def ordered(report: Json) -> list[Json]:
    """The stages asked for: the largest weights first, then fewest words."""
    asked = [stage for stage in report["stages"] if stage["asked"]]
    return sorted(asked, key=lambda stage: (-stage["weights_bytes"], -stage["macs"]))


def _trained(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word in ("distill", "features"))


def _draw(axes: Any, report: Json) -> None:
    stages = ordered(report)
    for place, stage in enumerate(stages):
        words = stage["recipe"].split("+")
        color = TRAINED[_trained(words)]
        percent = {key: 100 * stage["int8"][key] for key in ("test", "low_95", "high_95")}
        reach = [[percent["test"] - percent["low_95"]], [percent["high_95"] - percent["test"]]]
        axes.errorbar(percent["test"], place, xerr=reach, fmt=MARKS[words[-1]], color=color, capsize=3, markersize=6)
        each = [100 * run["int8"]["test"][report["figure"]["key"]] for run in stage["runs"]]
        axes.plot(each, [place] * len(each), "|", color=color, markersize=9)
    for place in range(1, len(stages)):
        if stages[place]["weights_bytes"] != stages[place - 1]["weights_bytes"]:
            axes.axhline(place - 0.5, color="#999999", linewidth=0.8)
    if report["teacher"]:
        test = 100 * report["teacher"]["test"][report["figure"]["key"]]
        axes.axvline(test, color=GRAY, linestyle=":", linewidth=1.2)
    labels = [f"{stage['recipe']}\n{_costs(stage)}" for stage in stages]
    axes.set_yticks(range(len(stages)), labels, fontsize=7.5)
    axes.set_ylim(len(stages) - 0.4, -0.6)
    axes.grid(alpha=0.3, axis="x")
    axes.spines[["top", "right"]].set_visible(False)
    seeds = f"{len(report['seeds'])} seeds" if len(report["seeds"]) > 1 else "one seed"
    axes.set_xlabel(f"{report['figure']['name']}, % of int8 on the test set; 95 %, {seeds} (|)", fontsize=8)
    axes.set_title(f"{report['task']}: {report['title']}", fontsize=9)


def _costs(stage: Json) -> str:
    run = stage["instructions"]
    return f"{stage['tflite_bytes'] / 1000:.1f} kB" + (f", {run / 1000:,.0f}k instructions" if run else "")
