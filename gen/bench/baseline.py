"""Metrics of an earlier `bench --save`, and which have regressed since."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gen.bench.measure import Row
from gen.bench.peers import NAME as PEER
from gen.errors import UsageError
from gen.files import write_if_changed
from gen.paths import BENCHMARKS

FILE = BENCHMARKS / "baseline.json"
TOLERANCE = 0.02
CHECKED = {"instructions": "instructions", "code_bytes": "bytes of code", "arena_bytes": "bytes of arena"}
KEY = ("model", "board", "engine", "optimize")
KEPT = (*KEY, "model_sha256", "verdict", "instructions", "code_bytes", "const_bytes", "arena_bytes", "stack_bytes")

Metrics = Mapping[str, Any]


def load(path: Path = FILE) -> list[Metrics]:
    """The rows of a baseline file. Raises UsageError where there is none or it is damaged."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        if any(set(KEPT) - set(row) for row in rows):
            raise KeyError("a figure is missing")
    except OSError:
        raise UsageError(f"there is no baseline {path}: `python -m gen bench --save` writes it.") from None
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"the baseline {path} is damaged: `python -m gen bench --save` writes it anew.") from None
    return list(rows)


def save(rows: Iterable[Row], path: Path = FILE) -> None:
    """Puts our rows in the file, in place of those of the same model, board, engine and level; others stay."""
    known = {_key(row): dict(row) for row in (load(path) if path.exists() else [])}
    for row in rows:
        if row.engine != PEER:
            figures = row.as_json()
            known[_key(figures)] = {key: figures[key] for key in KEPT}
    lines = ",\n".join(f"  {json.dumps(known[key])}" for key in sorted(known))
    write_if_changed(path, f'{{"rows": [\n{lines}\n]}}\n')


def worse(rows: Sequence[Row], baseline: Sequence[Metrics]) -> list[str]:
    """A sentence for each of our rows that grew by more than TOLERANCE, has another verdict or can't be compared."""
    known = {_key(row): row for row in baseline}
    sentences: list[str] = []
    ours = [row for row in rows if row.engine != PEER]
    for row in ours:
        figures = row.as_json()
        name = " ".join(str(word) for word in _key(figures) if word)
        old = known.get(_key(figures))
        if old is None:
            sentences.append(f"{name} is not in the baseline: `bench --save` puts it there.")
        elif old["model_sha256"] != row.model_sha256:
            sentences.append(f"{name}: the baseline is of another file of that name: `bench --save` measures it anew.")
        elif old["verdict"] != row.verdict:
            sentences.append(
                f"{name}: verdict {row.verdict}, was {old['verdict']}{': ' + row.note if row.note else ''}"
            )
        else:
            sentences += [f"{name}: {sentence}" for sentence in _grown(figures, old)]
    return sentences if ours else ["none of the rows is ours: there is nothing to check."]


def _grown(new: Metrics, old: Metrics) -> Iterable[str]:
    for key, unit in CHECKED.items():
        if old[key] is not None and (new[key] is None or new[key] > old[key] * (1 + TOLERANCE)):
            grown = "no longer measured" if new[key] is None else f"grew by {100 * (new[key] / old[key] - 1):.1f} %"
            yield f"{grown}: {old[key]:,} -> {'none' if new[key] is None else format(new[key], ',')} {unit}"


def _key(figures: Metrics) -> tuple[str, ...]:
    return tuple(figures[name] or "" for name in KEY)
