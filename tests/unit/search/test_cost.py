"""The model of instructions: its fit, its file, and how far it is from what `bench` measured."""

from pathlib import Path

import numpy as np
import pytest

from gen.bench import baseline
from gen.device import board
from gen.errors import UsageError
from gen.importer.load import load_model
from gen.paths import MODELS
from gen.search import cost
from gen.search.cost import CostModel, Run
from gen.verify import built

LENGTH = 16  # of cost.work()


def test_a_fit_finds_the_rates_that_the_counts_were_made_of() -> None:
    rng = np.random.default_rng(3)
    does = rng.integers(1, 1000, (60, LENGTH)).astype(float)
    does[:, 0] = 1.0
    true = np.zeros(LENGTH)
    true[[0, 1, 5]] = 200.0, 2.5, 30.0
    runs = [Run(n // 6, "conv_2d", "nn_a", tuple(row), round(float(row @ true))) for n, row in enumerate(does)]
    rates = cost.fit(runs)
    assert set(rates) == {"conv_2d", "nn_a"}
    assert rates["nn_a"] == pytest.approx(true, abs=2.0, rel=0.02)
    totals = {n: sum(run.instructions for run in runs if run.model == n) for n in range(10)}
    assert max(cost.errors(runs, totals)) < 0.01


def test_a_kernel_that_ran_seldom_has_the_rates_of_its_kind_of_operator() -> None:
    runs = [Run(n, "relu", "nn_often", (1.0,) * LENGTH, 100) for n in range(8)]
    rates = cost.fit([*runs, Run(9, "relu", "nn_seldom", (1.0,) * LENGTH, 100)])
    assert set(rates) == {"relu", "nn_often"}
    assert sum(rates["relu"]) == pytest.approx(100)


def test_the_file_keeps_what_it_has_of_other_kernels(tmp_path: Path) -> None:
    path = tmp_path / "instructions.json"
    first, second = (CostModel(name, 3, 0.1, 0.2, {"nn_a": (1.0, 2.0)}) for name in ("a", "b"))
    assert cost.load("dsp", "aot", path) is None
    cost.save("dsp", "aot", first, path)
    cost.save("mve", "aot", second, path)
    cost.save("dsp", "tflm", second, path)
    kept = cost.load("dsp", "aot", path)
    assert kept is not None
    assert kept.board == "a"
    assert list(kept.rates["nn_a"]) == [1.0, 2.0]
    assert cost.load("mve", "tflm", path) is None
    path.write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match=r"damaged: `python -m gen bench --calibrate`"):
        cost.load("dsp", "aot", path)


@pytest.mark.parametrize("target", ["qemu_mps2_an385", "qemu_mps2_an386", "qemu_riscv32_virt", "qemu_lx60"])
def test_committed_students_need_about_what_the_committed_model_says(target: str) -> None:
    """Of models that the fit has not seen, one of them far larger than those, against what `bench --save` measured of
    the very same files."""
    machine = board.load(target)
    costs = cost.load(machine.isa, "aot")
    assert costs is not None
    measured = {
        (row["model"], row["model_sha256"]): row["instructions"]
        for row in baseline.load()
        if (row["board"], row["engine"], row["optimize"]) == (target, "aot", "balanced")
    }
    off = []
    for word in ("digits", str(MODELS / "mlperf" / "sww.tflite")):
        found = load_model(word)
        predicted = costs.predict(built.generate(found, machine, "aot", "balanced"))
        assert predicted is not None
        off.append(abs(predicted / measured[found.name, found.graph.sha256] - 1.0))
    assert min(off) < 0.05
    assert max(off) < 0.25


def test_boards_without_a_count_are_refused() -> None:
    with pytest.raises(UsageError, match="not emulated"):
        cost.calibrate(board.load("host"), "aot", [], lambda _: None)
