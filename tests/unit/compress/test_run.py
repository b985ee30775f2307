"""Compression: a whole run of a small task, its files and views, and what is refused."""

import contextlib
import dataclasses
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.cli.main import main
from gen.compress import figures as compress_figures
from gen.compress import prune
from gen.compress import report as compress_report
from gen.compress import run as compress
from gen.compress.recipe import Recipe, parse, parse_all
from gen.compress.run import CompressOptions, Costs, Metrics, Outcome, Result
from gen.data.examples import Dataset, Examples, Splits
from gen.device import board, build
from gen.errors import MissingTool
from gen.importer.load import load_model
from gen.learn import task, tensorflow
from gen.learn.objective import Metric
from gen.learn.stats import wilson
from gen.learn.task import Task, Training
from gen.learn.train import FloatModel
from gen.model import values
from gen.model.graph import Array
from gen.verify import vectors

BOARD = "qemu_mps2_an386"
DIGITS = task.load_task("digits")


def test_epochs_are_counted_as_they_are_trained() -> None:
    one = CompressOptions(parse_all(("distill+prune=0.5+qat", "distill+ptq")), 3, board.load("host"), "aot")
    assert [str(stage) for stage in one.stages] == ["distill+ptq", "distill+prune=0.5+ptq", "distill+prune=0.5+qat"]
    fine = compress.fine_tuning(DIGITS.student_training).epochs
    assert compress.planned(DIGITS, one) == 25 + 3 * (60 + 2 * fine)
    assert compress.planned(DIGITS, dataclasses.replace(one, recipes=(parse("ptq"),))) == 3 * 60


# --- what figures say, of results made up


def made_up(
    rows: dict[str, Array], weights: dict[str, int] | None = None, zipped: dict[str, int] | None = None
) -> Outcome:
    """Of recipes with these credits as int8 on the test set; others of their stages are not in it."""
    recipes = parse_all(list(rows))

    def result(found: Array, seed: int) -> Result:
        figure = Metric("accuracy", "accuracy", float(found.mean()), *wilson(int(found.sum()), len(found)))
        figures = Metrics(figure, figure, found)
        return Result(seed, b"", figures, figures)

    def costs(name: str) -> Costs:
        size = (weights or {}).get(name, 1000)
        return Costs(2 * size, (zipped or {}).get(name, 900), size, 0.0, size, size, size, "exact", 10 * size, None)

    @dataclasses.dataclass(frozen=True)
    class Asked(CompressOptions):
        @property
        def stages(self) -> tuple[Recipe, ...]:
            return self.recipes

    few = Examples(np.zeros((1, 8, 8, 1), np.float32), np.zeros(1, np.int64))
    return Outcome(
        task=DIGITS,
        options=Asked(recipes, 3, board.load(BOARD), "aot"),
        splits=Splits(few, few, few),
        teacher=None,
        results={recipe: [result(row, n) for n, row in enumerate(rows[str(recipe)])] for recipe in recipes},
        costs={recipe: costs(str(recipe)) for recipe in recipes},
        layers=(),
    )


PLAIN = np.tile(np.arange(100) % 5 > 0, (3, 1)).astype(np.float64)  # 80 of 100 right from every seed
GOOD = np.tile(np.arange(100) % 20 > 0, (3, 1)).astype(np.float64)  # 95, these 80 among them
HALVED = {"prune=0.5+ptq": 500, "narrow=0.5+ptq": 500, "narrow=0.5+distill+ptq": 500, "distill+prune=0.5+ptq": 500}


def test_only_recipes_of_one_size_are_compared_and_combining_has_to_beat_each_alone() -> None:
    rows = {"ptq": GOOD, **dict.fromkeys(HALVED, PLAIN), "distill+prune=0.5+ptq": GOOD}
    (group,) = compress_figures.equal_sizes(made_up(rows, HALVED))
    assert set(group["recipes"]) == set(HALVED)
    pairs = {(pair["recipe"], pair["other"]): pair["verdict"] for pair in group["pairs"]}
    assert len(pairs) == 6
    assert {pairs["distill+prune=0.5+ptq", other] for other in HALVED if other != "distill+prune=0.5+ptq"} == {"better"}
    assert pairs["narrow=0.5+ptq", "prune=0.5+ptq"] == "within noise"
    told = {line.split(":")[0]: line for line in group["sentences"]}
    assert "beats prune=0.5+ptq (+15.00, " in told["distill+prune=0.5+ptq"]
    assert told["distill+prune=0.5+ptq"].endswith("Combining beats all that is simpler.")
    assert "no difference beyond noise to" in told["narrow=0.5+distill+ptq"]
    assert told["narrow=0.5+distill+ptq"].endswith("Combining beats none of the 2 simpler ones.")
    swapped = {name: PLAIN if row is GOOD else GOOD for name, row in rows.items()}
    (group,) = compress_figures.equal_sizes(made_up(swapped, HALVED))
    assert "is beaten by" in group["sentences"][-1]


def test_each_word_is_told_with_what_it_changes() -> None:
    outcome = made_up(
        {"ptq": PLAIN, "sparse=0.5+ptq": PLAIN, "distill+ptq": GOOD, "distill+prune=0.5+ptq": PLAIN},
        HALVED,
        {"sparse=0.5+ptq": 600},
    )
    found = {entry["recipe"]: entry for entry in compress_figures.words(outcome)}
    assert {name: (entry["word"], entry["verdict"]) for name, entry in found.items()} == {
        "sparse=0.5+ptq": ("sparse=0.5", "within noise"),
        "distill+ptq": ("distill", "better"),
        "distill+prune=0.5+ptq": ("prune=0.5", "worse"),
    }
    assert found["distill+prune=0.5+ptq"]["instructions"] == [10_000, 5_000]
    said = compress_figures.brought([{"words": compress_figures.words(outcome)}])
    assert said == [
        "sparse=0.5: better in 0 and worse in 0 of 1 comparisons, +0.00 points on average; no cost on the device "
        "changes (the .tflite in a zip file: -33 %).",
        "distill: better in 1 and worse in 0 of 1 comparisons, +15.00 points on average; no cost on the device changes "
        "(the .tflite in a zip file: same).",
        "prune=0.5: better in 0 and worse in 1 of 1 comparisons, -15.00 points on average; constants -50 %, "
        "arena -50 %, instructions -50 %.",
    ]


def test_where_all_is_right_the_interval_is_still_one() -> None:
    stage = compress_figures.describe(made_up({"ptq": np.ones((3, 40))}))["stages"][0]["int8"]
    assert (stage["low_95"], stage["test"], stage["high_95"]) == pytest.approx((wilson(40, 40)[0], 1.0, 1.0))


def test_views_show_what_could_not_be_measured(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    outcome = made_up({"ptq": PLAIN, "qat": GOOD})
    failed = dataclasses.replace(outcome.costs[parse("qat")], verdict="does_not_fit", instructions=None, note="no room")
    found = compress_figures.describe(dataclasses.replace(outcome, costs={**outcome.costs, parse("qat"): failed}))
    assert compress_report.stage_rows(found)[1][-1] == "–"
    compress_report.show(found)
    assert "qat: beats ptq (+15.00, " in capsys.readouterr().out
    compress_report.save_page([found, found], tmp_path / "page.md", "the command")
    page = (tmp_path / "page.md").read_text("utf-8")
    assert "![figures and intervals of every recipe](page.png)" in page and "    the command\n" in page
    assert "| qat | 80.00 |" not in page and "| qat | 95.00 | 95.00 |" in page
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.md", "page.png"]


# --- a whole run


def small() -> Task:
    """digits with a smaller student, few epochs and most images left out."""

    def every_eighth() -> Dataset:
        found = DIGITS.load()
        few = Examples(found.examples.x[::8], found.examples.y[::8])
        return dataclasses.replace(found, examples=few)

    def tiny() -> Any:
        from keras import Input, Sequential, layers

        convolution = layers.Conv2D(8, 3, strides=2, activation="relu", name="conv")
        return Sequential([Input((8, 8, 1)), convolution, layers.Flatten(name="flat"), layers.Dense(10, name="dense")])

    short = Training(epochs=3, batch=16, learning_rate=1e-2)
    return dataclasses.replace(
        DIGITS, load=every_eighth, teacher=tiny, student=tiny, teacher_training=short, student_training=short
    )


@dataclasses.dataclass(frozen=True)
class Run:
    report: dict[str, Any]
    folder: Path
    said: list[str]


@pytest.fixture(scope="module")
def commanded(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """The command on that task, which returns the task's folder."""

    def call(*words: str) -> Path:
        root = tmp_path_factory.mktemp("compressed")
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(task, "load_task", lambda name: small())
            assert main(["compress", "digits", "--out", str(root), *words]) == 0
        return root / "digits"

    return call


PAIR = ("--recipe", "distill+ptq", "--recipe", "distill+prune=0.5+qat")


@pytest.fixture(scope="module")
def run(commanded: Callable[..., Path]) -> Run:
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()) as out:
        folder = commanded(*PAIR, "--seeds", "2", "--json")
    report = json.loads((folder / "report.json").read_text("utf-8"))
    assert out.getvalue().endswith(json.dumps([report], indent=2) + "\n")
    return Run(report, folder, said.getvalue().splitlines())


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {stage["recipe"]: stage for stage in report["stages"]}


def test_every_step_is_done_once_for_each_seed(run: Run) -> None:
    trained = Counter(line.split(":")[0] for line in run.said if " epochs from seed " in line)
    assert trained.pop("teacher") == 1
    assert trained == {"distill": 2, "distill+prune=0.5": 2, "distill+prune=0.5+qat": 2}
    assert any("about 0.0 min for the rest" in line for line in run.said)


def test_the_report_has_every_step_with_figures_and_costs(run: Run) -> None:
    stages = by_name(run.report)
    asked = {name: stage["asked"] for name, stage in stages.items()}
    assert asked == {"distill+ptq": True, "distill+prune=0.5+ptq": False, "distill+prune=0.5+qat": True}
    assert stages["distill+prune=0.5+qat"]["steps"] == list(stages)
    for stage in stages.values():
        assert stage["verdict"] == "exact" and stage["instructions"] > 1000
        assert stage["arena_bytes"] > 0 and stage["const_bytes"] > 0 and stage["macs"] > 0
        for kind in ("float", "int8"):
            assert 0 <= stage[kind]["low_95"] <= stage[kind]["test"] <= stage[kind]["high_95"] <= 1
            each = [seed[kind]["test"]["accuracy"] for seed in stage["runs"]]
            assert stage[kind]["test"] == pytest.approx(np.mean(each)) and len(each) == 2
    whole, pruned = stages["distill+ptq"], stages["distill+prune=0.5+qat"]
    for cost in ("macs", "weights_bytes", "tflite_bytes", "const_bytes", "instructions"):
        assert pruned[cost] < whole[cost]
    assert [entry["word"] for entry in run.report["words"]] == ["prune=0.5", "qat"]


def test_a_model_s_card_names_the_task_and_its_figures_are_the_model_s(run: Run) -> None:
    names = ["digits_distill_prune05_qat", "digits_distill_ptq"]
    models = sorted(f"{name}{suffix}" for name in names for suffix in (".tflite", ".json"))
    assert sorted(path.name for path in run.folder.iterdir()) == sorted([*models, "report.json", "report.png"])
    stage, made = by_name(run.report)["distill+prune=0.5+qat"], load_model(str(run.folder / f"{names[0]}.tflite"))
    test = small().test_set()
    assert made.task == "digits" and vectors.known_test_set(made) is not None
    right = np.mean(np.argmax(values.outputs(made.graph, test.x), axis=-1) == test.y)
    assert stage["runs"][0]["int8"]["test"]["accuracy"] == right
    assert stage["runs"][0]["sha256"] == made.graph.sha256
    assert json.loads((run.folder / f"{names[0]}.json").read_text("utf-8"))["stage"] == stage


def test_a_recipe_among_others_gives_the_same_bytes_and_is_not_done_again(
    run: Run,
    commanded: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ("--recipe", "distill+ptq", "--sensitivity")
    folder = commanded(*words)
    name = "digits_distill_ptq.tflite"
    assert (folder / name).read_bytes() == (run.folder / name).read_bytes()
    found = json.loads((folder / "report.json").read_text("utf-8"))
    assert found["stages"][0]["runs"] == by_name(run.report)["distill+ptq"]["runs"][:1]
    assert {layer["layer"] for layer in found["layers"]} >= {"conv", "dense"}
    capsys.readouterr()

    page = folder.parent / "page.md"
    command = ["compress", "digits", "--out", str(folder.parent), *words, "--resume", "--markdown", str(page)]
    with monkeypatch.context() as patched:
        patched.setattr(task, "load_task", lambda name: small())
        assert main(command) == 0
    assert "taken from" in capsys.readouterr().err
    assert "| distill+ptq |" in page.read_text("utf-8")


def test_steps_begin_with_what_their_words_say() -> None:
    """Before any training: a narrow student and a pruned one have the same shapes, a sparse one has zeros."""
    tensorflow.start_tensorflow()
    chosen = small()
    maker = compress.Maker(chosen, chosen.splits(), None, 1, lambda _: None, compress.Clock(1))
    maker.models[parse("ptq")] = FloatModel(chosen.student(), 0, {})
    built = {}
    for text in ("narrow=0.5", "prune=0.5", "sparse=0.5", "qat"):
        build, training = maker._step(parse(text))
        built[text] = build()
        assert (training == chosen.student_training) == (text == "narrow=0.5")
    whole = maker.models[parse("ptq")].keras
    shapes = {text: [weight.shape for weight in found.get_weights()] for text, found in built.items()}
    assert shapes["narrow=0.5"] == shapes["prune=0.5"] != [weight.shape for weight in whole.get_weights()]
    assert prune.zeros(built["sparse=0.5"]) == pytest.approx(0.5, abs=0.01) and prune.zeros(whole) == 0.0
    assert len(built["qat"].layers) > len(whole.layers)


def test_interrupted_writing_leaves_no_half_files_and_no_report(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in run.folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def interrupted(path: Path, data: bytes) -> int:
        raise KeyboardInterrupt

    outcome = made_up({"distill+ptq": PLAIN})
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            compress_report.save(outcome, compress_figures.describe(outcome), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_missing_compiler_is_told_before_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise MissingTool("arm-none-eabi-gcc is not on PATH.")

    monkeypatch.setattr(task, "load_task", lambda name: small())
    monkeypatch.setattr(build, "compile_in", missing)
    assert main(["compress", "digits", "--out", str(tmp_path)]) == MissingTool.exit_code
    said = capsys.readouterr().err
    assert said.endswith("error: arm-none-eabi-gcc is not on PATH.\n") and "epochs from seed" not in said
    assert list((tmp_path / "digits").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["digits", "--recipe", "distil"], "did you mean 'distill'?"),
        (["digits", "--recipe", "prune=2+ptq"], "wants a share between 0 and 1"),
        (["digits", "--recipe", "ptq", "--recipe", "ptq"], "says the same as one before"),
        (["digit"], "unknown task 'digit': did you mean 'digits'?"),
        (["digits", "--board", "qemu_mps2_an38"], "unknown board 'qemu_mps2_an38': did you mean"),
        (["digits", "--board", "nucleo_f446re"], "has no emulator to count instructions in"),
        (["digits", "--engine", "aott"], "did you mean 'aot'?"),
        (["digits", "--seeds", "0"], "0 is not a positive number"),
        ([], "name tasks of"),
        (["digits", "--all"], "name tasks of"),
        (["digits", "--out", "/dev/null/x"], "can't write to /dev/null/x/digits"),
        (["digits", "--markdown", "/dev/null/x/page.md"], "can't write to /dev/null/x"),
    ],
)
def test_misuse_is_told_before_anything_starts(
    words: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compress", "--out", str(tmp_path), *words]) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    said = capsys.readouterr()
    assert says in said.err and said.err.startswith("error: ") and said.err.count("\n") == 1 and said.out == ""
