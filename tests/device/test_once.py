"""Nothing that is measured is generated or compiled twice: one way leads to the device."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gen.cli.main import main
from gen.compiler import engines
from gen.compress import run as compress
from gen.device import board, build
from gen.importer.load import load_model
from gen.learn import task
from gen.search import budget, cost

M4 = "qemu_mps2_an386"
ONCE = {"generated": 1, "compiled": 1}
ENGINES = tuple(engines.ENGINES)


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often an engine generated and PlatformIO compiled."""
    found = Counter[str]()

    def counted(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **more: Any) -> Any:
            found[what] += 1
            return function(*words, **more)

        return call

    ours = {name: counted("generated", engine) for name, engine in engines.ENGINES.items()}
    for name, engine in ours.items():
        monkeypatch.setitem(engines.ENGINES, name, engine)
    monkeypatch.setattr(build, "compile_in", counted("compiled", build.compile_in))
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_verify(engine: str, counts: Counter[str], tmp_path: Path) -> None:
    words = ("--engine", engine, "--vectors", "2", "--out", str(tmp_path))
    assert main(["verify", "digits", "--board", M4, *words]) == 0
    assert counts == ONCE


def test_several_boards(counts: Counter[str]) -> None:
    assert main(["verify", "digits", "--board", f"{M4},host", "--vectors", "2", "--jobs", "2"]) == 0
    assert counts == {"generated": 2, "compiled": 2}


@pytest.mark.parametrize("engine", ENGINES)
def test_bench(engine: str, counts: Counter[str]) -> None:
    words = ("--boards", M4, "--engines", engine, "--optimize", "balanced")
    assert main(["bench", "digits", *words, "--profile", "--cycles"]) == 0
    assert counts == ONCE


def test_stress(counts: Counter[str]) -> None:
    assert main(["stress", "digits", "--board", M4, "--vectors", "1", "--noise", "5000"]) == 0
    assert counts == ONCE


@pytest.mark.parametrize("engine", ENGINES)
def test_compress(engine: str, counts: Counter[str], tmp_path: Path) -> None:
    """Of each stage's model, costs and instructions."""
    options = compress.CompressOptions((), 1, board.load(M4), engine)
    costs = compress.cost(task.load_task("digits"), options, load_model("digits").content, tmp_path)
    assert costs.verdict == "exact" and costs.instructions and costs.arena_bytes
    assert counts == ONCE


def test_compress_where_it_does_not_fit(counts: Counter[str], tmp_path: Path) -> None:
    """The costs that need no device are told all the same."""
    options = compress.CompressOptions((), 1, board.load("stm32vldiscovery"), "aot")
    costs = compress.cost(task.load_task("faces"), options, load_model("models/mlperf/vww.tflite").content, tmp_path)
    assert costs.verdict == "does_not_fit" and costs.instructions is None and costs.arena_bytes
    assert counts == {"generated": 1}


def test_search_calibration(counts: Counter[str]) -> None:
    models = [load_model(name) for name in ("digits", "vowels")]
    assert cost.calibrate(board.load(M4), "aot", models, lambda line: None).models == 2
    assert counts == {"generated": 2, "compiled": 2}


def test_search_trial(counts: Counter[str], tmp_path: Path) -> None:
    """What a trial measures of a trained model."""
    target = board.load(M4)
    limits = budget.of_board(target, None, None, None)
    needs = budget.Evaluator(target, "aot", "balanced", limits, None, tmp_path).measured(load_model("digits"))
    assert needs.how == "measured" and needs.instructions
    assert counts == ONCE
