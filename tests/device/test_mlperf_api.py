"""`verify --protocol mlperf`: firmware that speaks MLPerf Tiny's serial API, driven as its runner would, end to end."""

import json
from pathlib import Path

import pytest

from gen.cli.main import main
from gen.device import transport
from tests import shared

MODELS = Path(__file__).resolve().parents[2] / "models"
BOARD = "netduino_plus_2"
CASES = [
    ("digits", BOARD, "tflm", 10),
    ("mlperf/kws", BOARD, "aot", 3),
    ("mlperf/ad", BOARD, "aot", 1),
    ("mlperf/vww", "host", "aot", 2),
    ("mlperf/ad", "qemu_lx60", "aot", 1),  # compilers without a C library, and floating point in software
    ("digits", "qemu_riscv32_virt", "tflm", 2),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_results_are_the_reference_s(
    case: tuple[str, str, str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, board, engine, vectors = case
    words = ["--board", board, "--engine", engine, "--protocol", "mlperf", "--vectors", str(vectors)]
    assert main(["verify", str(MODELS / f"{name}.tflite"), *words, "--out", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["vectors"], found["worst_difference"]) == ("exact", vectors, 0)
    assert found["reference"].endswith(", in thousandths")
    assert found["instructions"] is None and found["inferences_per_second"] is None
    assert (found["accuracy"] is not None) == (name == "digits")


@shared.needed
def test_a_published_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--board", "host", "--engine", "aot", "--protocol", "mlperf", "--vectors", "3", "--out", str(tmp_path)]
    assert main(["verify", str(shared.path("ad01_int8")), *words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "exact"


def test_a_transcript_of_an_emulated_board(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Greeting and commands as they go over the line; the time stamps grow."""
    assert main(["build", "digits", "--board", BOARD, "--protocol", "mlperf", "--out", str(tmp_path)]) == 0
    line = "exec:qemu-system-arm -icount shift=0 -display none -monitor none -M netduinoplus2 -serial stdio -kernel "
    sent = b"name%profile%timestamp%timestamp%"
    received = b""
    with transport.open_stream(line + str(tmp_path / "firmware.elf")) as stream:
        while received.count(b"m-ready\r\n") < 1 and (data := stream.read(10)):
            received += data
        stream.write(sent)
        while received.count(b"m-ready\r\n") < 5 and (data := stream.read(10)):
            received += data
    lines = received.decode().split("\r\n")
    laps = [int(text.removeprefix("m-lap-us-")) for text in lines if text.startswith("m-lap-us-")]
    assert [text for text in lines if not text.startswith("m-lap-us-")] == [
        "m-timestamp-mode-performance",
        "m-init-done",
        "m-ready",
        "m-name-dut-[unspecified]",
        "m-ready",
        "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
        "m-model-[digits]",
        "m-ready",
        "m-ready",
        "m-ready",
        "",
    ]
    assert len(laps) == 3 and laps == sorted(laps) and laps[0] < laps[2]


def test_both_protocols_keep_folders_of_their_own_and_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["verify", "digits", "--board", BOARD, "--dry-run"]
    assert main(words) == 0 and main([*words, "--protocol", "mlperf"]) == 0
    own, theirs = capsys.readouterr().out.splitlines()
    assert f"digits-{BOARD}-tflm/firmware.elf" in own and f"digits-{BOARD}-tflm-mlperf/firmware.elf" in theirs


def test_explain_needs_our_own_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "digits", "--board", BOARD, "--protocol", "mlperf", "--explain"]) == 2
    assert "--explain" in capsys.readouterr().err
