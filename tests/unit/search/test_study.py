"""A study that several processes share, that outlives kill -9, and whose result is a verified card."""

import contextlib
import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gen.errors import DoesNotFit, UsageError
from gen.learn import task, tensorflow
from gen.paths import ROOT
from gen.search import report, result, storage
from gen.search import study as search
from gen.search.budget import Budget
from tests import search_child

TRIALS = 3
PATIENCE = 300  # seconds, for a machine that does much else


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.search_child", str(folder), str(TRIALS)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def facts(study: Any) -> dict[int, Any]:
    return {trial.number: (trial.state, trial.values, trial.user_attrs) for trial in storage.ended(study)}


@pytest.fixture(scope="module")
def survived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, Any], dict[str, float], list[str]]:
    """A study that one process began until it was killed in its second trial, and two others ended at the same time,
    this one and another: its folder, what was finished at the kill, when its models were written, and what the two
    said."""
    folder = tmp_path_factory.mktemp("search")
    first = start(folder)
    before: dict[int, Any] = {}
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and first.poll() is None:
        with contextlib.suppress(UsageError):
            if (folder / "study.db").exists():
                study = storage.open_study(search_child.order(folder, TRIALS))
                before = facts(study)
                running = [trial for trial in study.trials if not trial.state.is_finished()]
                if before and running:
                    break
        time.sleep(0.1)
    first.send_signal(signal.SIGKILL)
    told = first.communicate()[0]
    assert before, told
    models = (folder / "trials" / "tiny").glob("*.tflite")
    written = {path.name: path.stat().st_mtime for path in models}
    other, said = start(folder), list[str]()
    with pytest.MonkeyPatch.context() as patch:
        search_child.shrink(patch.setattr)
        search.run(search_child.order(folder, TRIALS), search_child.target(folder), said.append)
    others = other.communicate(timeout=PATIENCE)[0]
    assert other.returncode == 0, others
    return folder, before, written, [*said, *others.splitlines()]


def test_a_kill_loses_no_finished_trial_and_two_processes_double_none(survived: Any) -> None:
    folder, before, written, said = survived
    study = storage.open_study(search_child.order(folder, TRIALS))
    after = facts(study)
    assert len(after) == TRIALS
    assert {number: after[number] for number in before} == before
    models = folder / "trials" / "tiny"
    assert {name: (models / name).stat().st_mtime for name in written} == written
    for trial in storage.ended(study):
        if trial.values:
            assert (models / f"{trial.user_attrs.get('same_as', trial.number)}.tflite").exists()
    told = [line for line in said if line.startswith("trial ")]
    assert len(told) == TRIALS - len(before)
    assert not list(models.glob("*.partial"))


def test_what_the_killed_process_was_at_is_tried_again(survived: Any) -> None:
    study = storage.open_study(search_child.order(survived[0], TRIALS))
    failed = {trial.number for trial in study.trials if trial.state.name == "FAIL"}
    again = {trial.system_attrs.get("failed_trial") for trial in storage.ended(study)}
    assert failed & again


def test_another_budget_under_the_same_name_is_refused(survived: Any) -> None:
    order = search_child.order(survived[0], TRIALS)
    with pytest.raises(UsageError, match=r"the study 'tiny' in .* is of flash_bytes 20000: name another one"):
        storage.open_study(dataclasses.replace(order, budget=Budget(10_000, 8192, None)))


def test_the_chosen_student_is_verified_and_its_card_and_plot_are_whole(
    survived: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, target = search_child.order(survived[0], TRIALS), search_child.target(tmp_path)
    monkeypatch.setattr(task, "load_task", lambda name: search_child.tiny())
    said: list[str] = []
    study = search.run(order, target, said.append)
    found = result.chosen(order, target, study, said.append)
    best = found["chosen"]
    assert best["on_board"]["verdict"] == "exact"
    assert best["on_board"]["vectors"] == found["dataset"]["test"] == best["test_int8"]["of"]
    assert best["on_board"]["accuracy"] == best["test_int8"]["accuracy"]
    assert best["on_board"]["flash_bytes"] <= 20_000
    assert best["trial"] == found["front"][-1]
    assert json.loads((order.folder / "digits.json").read_text("utf-8")) == json.loads(json.dumps(found))
    assert (order.folder / "digits.png").read_bytes().startswith(b"\x89PNG")
    assert len((order.folder / "digits.tflite").read_bytes()) == best["tflite_bytes"]
    page = tmp_path / "page.md"
    report.save_page(found, page, "python -m gen search tiny")
    text = page.read_text("utf-8")
    assert "python -m gen search tiny" in text
    assert f"| {best['trial']} * |" in text
    report.show(found)


def test_a_model_that_another_machine_has_is_trained_again_to_the_same_bytes(survived: Any, tmp_path: Path) -> None:
    from gen.search.trainer import Trainer

    order = search_child.order(survived[0], TRIALS)
    row = next(row for row in report.rows(storage.open_study(order)) if row.state == "finished")
    elsewhere = dataclasses.replace(order, folder=tmp_path)
    shutil.copytree(order.trial_folder, elsewhere.trial_folder, ignore=shutil.ignore_patterns("*.tflite"))
    tensorflow.start_tensorflow()
    trainer = Trainer(order.task, order.task.splits(), elsewhere.trial_folder, lambda _: None)
    model = result.load(elsewhere, trainer, row, lambda _: None)
    assert model.content == search.model_file(order, row.model_of).read_bytes()


def test_nothing_fits_is_told_with_the_nearest(survived: Any) -> None:
    order = search_child.order(survived[0], TRIALS)
    needs = {"flash_bytes": 30_000, "ram_bytes": 4000, "instructions": None}
    row = report.rows(storage.open_study(order))[0]
    misfits = [
        dataclasses.replace(row, number=n, state="misfit", needs={**needs, "flash_bytes": 30_000 + n}, why=f"w{n}")
        for n in (3, 1, 2)
    ]
    with pytest.raises(DoesNotFit, match=r"none of 3 candidates .* the nearest, trial 1, w1: raise --flash"):
        result.require_fit(misfits, order)
