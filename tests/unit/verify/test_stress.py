"""What `stress` shows of a board."""

import pytest

from gen import tables
from gen.device import board as boards
from gen.verify.compare import EXACT, Verdict
from gen.verify.stress import COLUMNS, KEYS, Stress

VERDICT = Verdict(
    kind=EXACT, vectors=20, distinct_outputs=20, operators_compared=0, mismatches=0, vectors_source="random",
    reference="NumPy", worst_difference=0, explanation=None, instructions=1, cycles=None, stack_bytes=96, metric=None,
    resends=1_234,
)  # fmt: skip


def test_the_table_has_room_for_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    emulated = [board.id for board in boards.load_all() if board.transport.startswith("exec:")]
    row = Stress(
        board=max(emulated, key=len),
        engine="aot",
        rate=0.01,
        verdict=VERDICT,
        bytes_passed=123_456,
        faults={"drop": 1_000, "flip": 234},
        frames=2_500,
        seconds=100.0,
        unplugged="the port is gone",
        unplug_seconds=4.9,
        noise_bytes=10_000_000,
        noise_seconds=123.0,
    )
    tables.show_table(COLUMNS, [row.as_row()])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5 and "…" not in lines[3]
    assert all(figure in lines[3] for figure in row.as_row())
    assert list(row.as_json()) == list(KEYS)
    assert row.as_json()["verdict"] == "exact" and row.as_json()["resends"] == 1_234 and row.passed
