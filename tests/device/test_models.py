"""The main job, through the command line: build, run in an emulator, every byte compared."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gen.cli.main import main
from gen.compiler.engines import ENGINES
from gen.device import board as boards
from gen.device import build, transport
from gen.device.session import ENGINE, Session
from gen.importer import load
from gen.learn import task
from tests import shared

VECTORS = 4  # the extremes and two random ones
# Instructions per inference of upstream TFLM's reference kernels on a Cortex-M4, counted in QEMU.
TFLM_REFERENCE = {
    "ad01_int8": 1_953_803,
    "kws_ref_model": 43_112_787,
    "pretrainedResnet_quant": 107_492_394,
    "vww_96_int8": 100_471_961,
}


def gen(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """Exit code and what --json printed, which must be JSON and nothing else."""
    code = main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


@shared.needed
@pytest.mark.parametrize("board", ["qemu_mps2_an386", "netduino_plus_2"])
@pytest.mark.parametrize("name", shared.NAMES)
def test_published_models_are_exact(name: str, board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, report = gen(
        capsys, "verify", str(shared.path(name)), "--board", board, "--vectors", str(VECTORS), "--out", str(tmp_path)
    )
    assert (code, report["verdict"], report["vectors"], report["mismatches"]) == (0, "exact", VECTORS, 0)
    assert "confirmed by tflite-micro" in report["reference"]
    assert 0 < report["instructions"] <= TFLM_REFERENCE[name]
    limit = boards.load(board).stack_bytes
    assert 0 < report["stack_bytes"] <= limit
    assert report["arena_bytes"] + limit <= report["ram_bytes"] <= report["ram_limit_bytes"]
    assert report["model_bytes"] < report["flash_bytes"] <= report["flash_limit_bytes"]
    saved = json.loads((tmp_path / "report.json").read_text())
    assert saved == report


# Models that people really use, and what they answer with random inputs; those with state go through steps.
PUBLIC = ("fingerprint", "magic_wand", "mnist_lstm", "rnnoise", "wake_alexa_v1", "wake_hey_jarvis_v2")


@shared.needed
@pytest.mark.parametrize("engine", ["aot", "tflm"])
@pytest.mark.parametrize("name", PUBLIC)
def test_public_models_are_exact(name: str, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(shared.FOLDER / "public" / f"{name}.tflite")
    words = ["verify", path, "--board", "qemu_mps2_an386", "--engine", engine, "--vectors", "6", "--out", str(tmp_path)]
    code, report = gen(capsys, *words)
    assert (code, report["verdict"], report["vectors"]) == (0, "exact", 6)
    assert "confirmed by tflite-micro" in report["reference"]


@shared.needed
@pytest.mark.parametrize("name", shared.NAMES)
def test_small_board_is_refused_before_compiling(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    code, report = gen(capsys, "build", str(shared.path(name)), "--board", "stm32vldiscovery", "--out", str(out))
    assert (code, report["error"]) == (1, "does_not_fit")
    assert "does not fit by " in report["message"] and "because" in report["message"] and "; try " in report["message"]
    assert not out.exists()


@pytest.mark.parametrize(
    "board", ["host", "netduino_plus_2", "qemu_lx60", "qemu_mps2_an386", "qemu_riscv32_virt", "stm32vldiscovery"]
)
def test_digits_on_every_board(board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole test set, so that the accuracy is the device's own."""
    code, report = gen(capsys, "verify", "digits", "--board", board, "--out", str(tmp_path))
    assert (code, report["verdict"]) == (0, "exact")
    assert report["accuracy"] >= 0.975
    assert report["model_bytes"] <= 10_000


@pytest.mark.parametrize("engine", sorted(ENGINES))
@pytest.mark.parametrize("name", sorted({*task.list_tasks()} - {"digits"}))
def test_every_other_task_on_the_smallest_board(
    name: str, engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """128 kB of flash and 8 kB of RAM are enough for each student on either engine."""
    words = ("--board", "stm32vldiscovery", "--engine", engine, "--vectors", str(VECTORS), "--out", str(tmp_path))
    code, report = gen(capsys, "verify", name, *words)
    assert (code, report["verdict"], report["vectors"]) == (0, "exact", VECTORS)
    assert f"test examples of {name}" in report["vectors_source"]


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_anomalies_are_found_from_the_devices_own_outputs(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All test windows: exact, and the figure is within a point of the float student's."""
    words = ("--board", "netduino_plus_2", "--engine", engine, "--out", str(tmp_path))
    code, report = gen(capsys, "verify", "anomaly", *words)
    card = json.loads(task.card_path("anomaly").read_text("utf-8"))
    figures = card["models"]["distilled"]
    assert (code, report["verdict"], report["vectors"]) == (0, "exact", card["dataset"]["test"])
    assert report["roc_auc"] == figures["test_int8"]["roc_auc"]
    assert abs(report["roc_auc"] - figures["test_float"]["roc_auc"]) <= 0.01
    assert "accuracy" not in report
    assert "ROC AUC on the device" in (tmp_path / "report.md").read_text("utf-8")


def arenas() -> list[Any]:
    """Models and boards: both sizes of pointers, and each compiler."""
    sizes = ("qemu_mps2_an386", "host")
    return [
        *(pytest.param("digits", board, id=f"digits-{board}") for board in (*sizes, "qemu_lx60", "qemu_riscv32_virt")),
        *(
            pytest.param(str(shared.path(name)), board, id=f"{name}-{board}", marks=shared.needed)
            for name in shared.NAMES
            for board in sizes
        ),
    ]


@pytest.mark.parametrize(("word", "board_id"), arenas())
def test_arena_is_exact(word: str, board_id: str, tmp_path: Path) -> None:
    """On the device exactly that size works, all of it used, and 16 bytes less fails with the reason."""
    board, found = boards.load(board_id), load.load_model(word)
    sources = ENGINES["tflm"](found, board.target)
    size = sources.arena_bytes
    header = sources.files["engine_model.h"]
    for arena, status in ((size, 0), (size - 16, 1)):
        changed = header.replace(f"#define ENGINE_ARENA_BYTES {size}", f"#define ENGINE_ARENA_BYTES {arena}")
        assert (changed == header) == (arena == size)
        firmware = build.build(
            replace(sources, files={**sources.files, "engine_model.h": changed}), board, tmp_path / str(arena)
        )
        with transport.open_stream(board.transport.format(elf=firmware.elf)) as stream:
            info = Session(stream).hello()
        assert (info.arena_bytes, info.engine_status) == (arena, status)
        if status == 0:
            assert info.arena_used == size
        else:
            assert "arena is too small" in ENGINE[status]
