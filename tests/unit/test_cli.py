"""Every way to misuse the command line: one sentence, the right exit code, no traceback, nothing left behind."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gen import stages
from gen.__main__ import EXIT_CODES, main, parser
from tests import tiny


def refused(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    """The sentence with which these words are refused, from stderr; --json says the same."""
    assert main(words) == code
    plain = capsys.readouterr()
    *progress, last = plain.err.splitlines()
    assert plain.out == "" and last.startswith("error: ")
    assert all(line.startswith("build: ") for line in progress)
    assert main([*words, "--json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert found["exit_code"] == code
    assert f"error: {found['message']}" == last
    return str(found["message"])


def float_model() -> bytes:
    weights = np.ones((2, 4), np.float32)
    tensors = [tiny.T((1, 4), "float32"), tiny.T((2, 4), "float32", data=weights), tiny.T((1, 2), "float32")]
    op = tiny.O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")
    return tiny.model(tensors, [op], [0], [2])


def hybrid_model() -> bytes:
    weights = np.ones((2, 4), np.int8)
    tensors = [tiny.T((1, 4), "float32"), tiny.T((2, 4), scale=0.1, data=weights), tiny.T((1, 2), "float32")]
    op = tiny.O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")
    return tiny.model(tensors, [op], [0], [2])


def unsupported_model() -> bytes:
    tensors = [tiny.T((1, 4), scale=0.1), tiny.T((1, 4), scale=0.1)]
    return tiny.model(tensors, [tiny.O("TANH", [0], [1])], [0], [1])


def dense_model(inputs: int, outputs: int) -> bytes:
    weights = np.ones((outputs, inputs), np.int8)
    tensors = [tiny.T((1, inputs), scale=0.1), tiny.T((outputs, inputs), scale=0.1, data=weights),
               tiny.T((1, outputs), scale=0.1)]  # fmt: skip
    op = tiny.O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")
    return tiny.model(tensors, [op], [0], [2])


BOARD = ("--board", "qemu_mps2_an386")


def test_misspelt_words_get_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'verify'?" in refused(capsys, 2, "verfy", "digits")
    assert "did you mean 'digits'?" in refused(capsys, 2, "build", "digit", *BOARD)
    assert "did you mean 'netduino_plus_2'?" in refused(capsys, 2, "build", "digits", "--board", "netduino_plus")
    assert "python -m gen boards" in refused(capsys, 2, "build", "digits", "--board", "zzz")
    assert "did you mean 'tflm'?" in refused(capsys, 2, "build", "digits", *BOARD, "--engine", "tflmm")


def test_wrong_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--board" in refused(capsys, 2, "build", "digits")
    assert "--vectors" in refused(capsys, 2, "verify", "digits", *BOARD, "--vectors", "0")
    assert "--vectors" in refused(capsys, 2, "verify", "digits", *BOARD, "--vectors", "many")
    assert "VERB" in refused(capsys, 2)


def test_missing_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "No such file" in refused(capsys, 2, "build", str(tmp_path / "none.tflite"), *BOARD)
    assert "director" in refused(capsys, 2, "build", str(tmp_path), *BOARD)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "TFL3"),
        (b"#!/bin/sh\nexit 0\n" * 9, "TFL3"),
        (dense_model(4, 2)[:200], "damaged or cut off"),
        (float_model(), "float32"),
        (hybrid_model(), "float32"),
        (unsupported_model(), "TANH"),
    ],
    ids=["empty", "no tflite", "cut off", "float", "hybrid", "unsupported"],
)
def test_models_that_cannot_be_used(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, says: str
) -> None:
    path, out = tmp_path / "m.tflite", tmp_path / "out"
    path.write_bytes(content)
    assert says in refused(capsys, 4, "build", str(path), *BOARD, "--out", str(out))
    assert not out.exists()


def test_too_big(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Too little flash, too little RAM: by how many bytes, why, and what to try; before anything is compiled."""
    path, out = tmp_path / "m.tflite", tmp_path / "out"
    for content, what in ((dense_model(400, 400), "flash"), (dense_model(9000, 2), "RAM")):
        path.write_bytes(content)
        message = refused(capsys, 1, "build", str(path), "--board", "stm32vldiscovery", "--out", str(out))
        assert f"bytes of {what}" in message and "does not fit by " in message and "try " in message
        assert not out.exists()


def test_ports(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ("verify", "digits", *BOARD, "--vectors", "1", "--out", str(tmp_path), "--port", str(tmp_path / "ttyNONE"))
    assert main(words) == 2
    assert "ttyNONE" in capsys.readouterr().err


def test_missing_compiler_and_emulator(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("verify", "digits", *BOARD, "--vectors", "1", "--out", str(tmp_path / "out"))
    assert main(words) == 0
    capsys.readouterr()
    tools = tmp_path / "bin"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))
    assert "gcc-arm-none-eabi" in refused(capsys, 3, *words)


def test_help_has_an_example_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in stages.VERBS:
        with pytest.raises(SystemExit) as ended:
            main([verb, "--help"])
        assert ended.value.code == 0
        text = capsys.readouterr().out
        assert f"example: python -m gen {verb}" in text and EXIT_CODES in text
    assert "verify" in parser().format_help()


def test_lists_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("boards", "tasks", "ops", "doctor"):
        assert main([verb, "--json"]) == 0
        assert len(json.loads(capsys.readouterr().out)) > 0
        assert main([verb]) == 0
        assert capsys.readouterr().out.count("\n") > 3


def test_start_is_quick_and_without_tensorflow() -> None:
    """`build` needs no TensorFlow, and importing all it needs takes less than a second."""
    code = (
        "import time, sys; t = time.monotonic(); import gen.__main__, gen.stages, gen.report, gen.build, gen.board, "
        "gen.model, gen.engines, gen.verify; print(time.monotonic() - t, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, tensorflow = done.stdout.split()
    assert tensorflow == "False"
    assert float(seconds) < 2.0, seconds  # 1 s alone; the suite runs on both cores
