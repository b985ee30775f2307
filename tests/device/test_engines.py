"""Both engines and every optimization level on the emulated boards: the same bytes. `gen bench` makes them all."""

import json
from pathlib import Path
from typing import Any

import pytest

from gen.cli.main import main
from tests import shared

MODELS = Path(__file__).resolve().parents[2] / "models" / "mlperf"
NAMES = ("ad", "kws", "ic", "vww", "sww")
BOARDS = ("qemu_mps2_an385", "qemu_mps2_an386", "qemu_mps3_an547")  # one for each set of kernels
OTHERS = ("qemu_mps2_an500", "qemu_mps2_an505")  # M7 and M33: the M4's kernels
CASES = [
    *((name, board, "aot", "balanced") for name in NAMES for board in BOARDS),
    *(("kws", board, engine, "balanced") for board in OTHERS for engine in ("aot", "tflm")),
    *(("kws", board, "tflm", "balanced") for board in BOARDS),
    *(("kws", board, "aot", "balanced") for board in ("qemu_riscv32_virt", "qemu_lx60")),
    *((name, "qemu_mps2_an386", "aot", level) for name in ("ic", "kws") for level in ("size", "speed")),
]


def verify(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main(["verify", *words, "--vectors", "2", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_engines_are_exact(case: tuple[str, str, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, board, engine, level = case
    path = str(MODELS / f"{name}.tflite")
    report = verify(capsys, path, "--board", board, "--engine", engine, "--optimize", level, "--out", str(tmp_path))
    assert report["verdict"] == "exact"
    if engine == "aot":
        assert report["stack_bytes"] <= 1024
        assert "<svg" in (tmp_path / "src" / "memory.svg").read_text()


@shared.needed
def test_published_vww_loses_its_dead_half(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = verify(
        capsys, str(shared.path("vww_96_int8")), "--board", "qemu_mps2_an386", "--engine", "aot", "--out", str(tmp_path)
    )
    assert report["verdict"] == "exact"
    assert report["flash_bytes"] < report["model_bytes"] / 4
    assert report["arena_bytes"] < 56_000
