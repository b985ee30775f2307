"""What a search decides by, its errors, and the command line."""

import dataclasses
import json
import shlex
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.cli import search as search_command
from gen.cli.main import main
from gen.device import board
from gen.errors import MissingTool, UsageError
from gen.importer.load import load_model
from gen.learn import task, tensorflow
from gen.model.quantized import QuantizedModel
from gen.search import cost, report, space, storage, study
from gen.search.budget import Budget, Evaluator, Needs, of_board, roomy
from gen.search.report import Row
from gen.verify import vectors
from tests import search_child

NEEDS = Needs(20_000, 4_000, 1_000, 9_000, 150_000, "built")


def test_a_budget_says_what_is_too_much_and_by_how_much() -> None:
    assert Budget(20_000, 4_000, None).misses(NEEDS) is None
    assert Budget(None, None, 150_000).misses(NEEDS) is None
    budget = Budget(16_000, 8_000, 100_000)
    assert budget.misses(NEEDS) == "20,000 bytes of flash, 4,000 too many; 150,000 instructions, 50,000 too many"
    assert budget.over(NEEDS) == {"flash_bytes": 0.25, "ram_bytes": -0.5, "instructions": 0.5}
    unknown = dataclasses.replace(NEEDS, instructions=None)
    assert set(budget.over(unknown)) == {"flash_bytes", "ram_bytes"}


def test_a_board_s_own_sizes_are_the_budget_unless_less_is_asked_for() -> None:
    small = board.load("stm32vldiscovery")
    assert of_board(small, None, None, None) == Budget(131072, 8192, None)
    assert of_board(small, 1000, None, 7) == Budget(1000, 8192, 7)
    assert of_board(board.load("host"), None, None, None) == Budget(None, None, None)
    with pytest.raises(UsageError, match="--ram: 8,193 bytes are more than the 8,192 that stm32vldiscovery has"):
        of_board(small, None, 8193, None)


def row(number: int, figure: float | None, costs: int, state: str = "finished") -> Row:
    return Row(number, state, space.Candidate(), None, figure, None, None, None, None, costs, None, None, number)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_the_front_is_what_no_other_beats(points: list[tuple[int, int]]) -> None:
    found = [row(n, figure / 10, costs) for n, (figure, costs) in enumerate(points)]
    kept = report.front([*found, row(99, None, 0, "stopped")])

    def beats(one: Row, other: Row) -> bool:
        assert None not in (one.figure, other.figure, one.cost, other.cost)
        as_good = one.figure >= other.figure and one.cost <= other.cost  # type: ignore[operator]
        return as_good and (one.figure, one.cost) != (other.figure, other.cost)

    best = {(r.figure, r.cost) for r in found if not any(beats(other, r) for other in found)}
    assert {(r.figure, r.cost) for r in kept} == best
    assert len(kept) == len(best)


class Study:
    """Trials that ended, for Worker._dominated()."""

    def __init__(self, *trials: tuple[float, int]) -> None:
        self.found = [
            type("T", (), {"number": n, "values": (short, costs), "user_attrs": {"short": short, "cost": costs}})
            for n, (short, costs) in enumerate(trials)
        ]

    def get_trials(self, **_: Any) -> list[Any]:
        return self.found


@pytest.mark.parametrize(
    ("short", "costs", "stopped"),
    [
        (0.70, 100, True),  # trial 0 costs as much and is far better
        (0.70, 99, False),  # nothing as cheap is better
        (0.88, 100, False),  # worse, but within the noise of 100 examples
        (0.95, 500, False),
        (0.50, 60, True),
        (0.72, 40, False),
        (0.69, 40, True),  # the smallest, but 20 points behind
    ],
)
def test_a_trial_is_stopped_by_a_clearly_better_one_that_costs_no_more_or_a_far_better_one(
    short: float, costs: int, stopped: bool
) -> None:
    validation = type("E", (), {"y": np.zeros(100)})
    trainer: Any = type("R", (), {"splits": type("S", (), {"validation": validation})})
    order, target = search_child.order(Path("x"), 3), search_child.target(Path("x"))
    worker = study.Worker(order, target, trainer, Study((0.9, 100), (0.6, 50)), lambda _: None, 0)
    reason = worker._dominated(short, costs)
    assert (reason is not None) == stopped
    assert reason is None or ("too far behind" in reason) == (costs == 40)


@pytest.fixture(scope="module")
def digits() -> QuantizedModel:
    return load_model("digits")


def test_needs_are_what_the_board_s_own_build_says(digits: QuantizedModel, tmp_path: Path) -> None:
    """And what does not fit is told from a link with room for it, exactly."""
    small = board.load("stm32vldiscovery")
    costs = cost.load(small.isa, "aot")
    assert costs is not None
    target = Evaluator(small, "aot", "balanced", Budget(131072, 8192, None), costs, tmp_path / "b")
    needs, measured = target.needs(digits), target.measured(digits)
    assert (needs.how, measured.how) == ("built", "measured")
    assert dataclasses.replace(needs, how="", instructions=0) == dataclasses.replace(measured, how="", instructions=0)
    assert needs.instructions == pytest.approx(measured.instructions, rel=0.15)
    tight = dataclasses.replace(target, budget=Budget(measured.flash_bytes - 1, 8192, None))
    assert tight.budget.misses(tight.needs(digits)) == f"{measured.flash_bytes:,} bytes of flash, 1 too many"
    at_once = dataclasses.replace(target, budget=Budget(131072, 100, None), folder=tmp_path / "never")
    assert at_once.needs(digits).how == "estimated"
    assert not (tmp_path / "never").exists()


def test_boards_of_several_memories_are_built_as_they_are() -> None:
    for name in ("host", "esp32"):
        assert roomy(board.load(name)) == board.load(name)
    bigger = roomy(board.load("stm32vldiscovery"))
    assert bigger.ram is not None
    assert bigger.ram.bytes > 1 << 20


def test_a_smaller_model_is_verified_with_the_test_set_in_its_resolution(
    digits: QuantizedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors = list(digits.graph.tensors)
    index = digits.graph.inputs[0]
    tensors[index] = dataclasses.replace(tensors[index], shape=(1, 4, 4, 1))
    smaller = dataclasses.replace(digits, graph=dataclasses.replace(digits.graph, tensors=tuple(tensors)))
    whole, means = vectors.known_test_set(digits), vectors.known_test_set(smaller)
    assert whole is not None
    assert means is not None
    assert means.x.shape[1:] == (4, 4, 1)
    assert means.x == pytest.approx(whole.x.reshape(-1, 4, 2, 4, 2, 1).mean(axis=(2, 4)), abs=1e-6)


def searching(options: str) -> list[str]:
    return ["search", *shlex.split(options)]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ("digit --board stm32vldiscovery", 2, "unknown task 'digit': did you mean 'digits'?"),
        ("digits --board stm32vl", 2, "unknown board"),
        ("digits --board stm32vldiscovery --flash 64kB", 2, "--flash '64kB': give bytes as a number"),
        ("digits --board stm32vldiscovery --flash 1M", 2, "more than the 131,072 that stm32vldiscovery has"),
        ("digits --board stm32vldiscovery --engine oat", 2, "unknown engine 'oat'"),
        ("digits --board stm32vldiscovery --study a/b", 2, "--study 'a/b'"),
        ("digits --board host --instructions 2M", 2, "nothing tells how many"),
        ("digits --board stm32vldiscovery --out {file}/x", 2, "can't write to"),
        ("digits --board stm32vldiscovery --storage nonsense", 2, "nonsense can't be used"),
        ("digits --board stm32vldiscovery --storage sqlite:///{folder}/none/a.db", 2, "unable to open database file"),
        ("digits --board stm32vldiscovery --storage sqlite:///{file}", 2, "file is not a database"),
        ("digits --board stm32vldiscovery --storage nosuch://host/db", 2, "can't be used"),
    ],
)
def test_errors_are_a_sentence_before_anything_is_trained(
    options: str, code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("no database " * 500, encoding="utf-8")
    words = options.format(file=tmp_path / "file", folder=tmp_path)
    out = "" if "--out" in words else f" --out {tmp_path / 'out'}"
    assert main([*searching(words + out), "--json"]) == code
    streams = capsys.readouterr()
    assert message in json.loads(streams.out)["message"]
    assert streams.err.count("\n") == 1


def test_a_locked_database_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "LOCK_SECONDS", 0.1)
    monkeypatch.setattr(storage, "ATTEMPTS", 1)
    holder = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UsageError, match="database is locked"):
        storage.open_study(search_child.order(tmp_path, 1))
    holder.close()


def test_without_optuna_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "find_spec", lambda name: None)
    with pytest.raises(MissingTool, match=r"optuna: run `pip install -e '.\[search\]'`"):
        study.require_optuna()


def test_an_interrupted_search_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The trial that Ctrl-C ended is in line again, so that the next process takes it up."""

    def interrupted(self: Any, number: int, candidate: Any, always: bool) -> dict[str, Any]:
        raise KeyboardInterrupt

    monkeypatch.setattr(study.Worker, "_try", interrupted)
    monkeypatch.setattr(tensorflow, "start_tensorflow", lambda: None)
    words = searching(f"digits --board stm32vldiscovery --out {tmp_path}/d --study s")
    monkeypatch.setattr("sys.argv", ["gen", *words])
    assert main(words) == 130
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(
        f"interrupted: what is finished is in sqlite:///{tmp_path}/d.db; `python -m gen search digits"
    )
    order, _ = search_command.search_order(parsed(words))
    states = [trial.state.name for trial in storage.open_study(order).trials]
    assert states == ["FAIL", "WAITING"]
    assert task.list_tasks()


def parsed(words: list[str]) -> Any:
    from gen.cli.main import parser

    return parser().parse_args(words)


def test_nobody_reads_a_databases_password() -> None:
    assert storage.shown("postgresql://me:secret@host/db") == "postgresql://me:***@host/db"
    words = ["sqlite:///a.db", "--trials", "30"]
    assert [storage.shown(word) for word in words] == words
