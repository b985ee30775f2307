"""Every way to misuse the command line: one sentence, the right exit code, no traceback, nothing left behind."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gen import tables
from gen.cli.main import SUBCOMMANDS, main, parser
from gen.cli.options import EXIT_CODES
from gen.device import flash
from gen.device.board import Board
from gen.errors import UsageError
from gen.files import write_if_changed
from gen.progress import Progress
from gen.verify import built
from gen.verify.built import Built
from tests import tiny
from tests.tiny import dense_model, float_model, hybrid_model


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


def unsupported_model() -> bytes:
    tensors = [tiny.T((1, 4), scale=0.1), tiny.T((1, 4), scale=0.1)]
    return tiny.model(tensors, [tiny.O("TANH", [0], [1])], [0], [1])


BOARD = ("--board", "qemu_mps2_an386")


def test_misspelled_words_get_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'verify'?" in refused(capsys, 2, "verfy", "digits")
    assert "did you mean 'digits'?" in refused(capsys, 2, "build", "digit", *BOARD)
    assert "did you mean 'netduino_plus_2'?" in refused(capsys, 2, "build", "digits", "--board", "netduino_plus")
    assert "python -m gen boards" in refused(capsys, 2, "build", "digits", "--board", "zzz")
    assert "did you mean 'tflm'?" in refused(capsys, 2, "build", "digits", *BOARD, "--engine", "tflmm")


def test_wrong_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--board" in refused(capsys, 2, "build", "digits")
    assert "--vectors" in refused(capsys, 2, "verify", "digits", *BOARD, "--vectors", "0")
    assert "--vectors" in refused(capsys, 2, "verify", "digits", *BOARD, "--vectors", "many")
    assert "SUBCOMMAND" in refused(capsys, 2)


def test_a_model_is_named_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert "verify takes one MODEL" in refused(capsys, 2, "verify", *BOARD)
    assert "verify takes one MODEL" in refused(capsys, 2, "verify", "digits", "--model", "digits", *BOARD)
    assert main(["verify", "--model", "digits", "--dry-run", *BOARD]) == 0
    assert "digits" in capsys.readouterr().out


def test_a_word_of_no_use_names_the_subcommands_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert "boards does not take --bord; see `python -m gen boards --help`" in refused(capsys, 2, "boards", "--bord")


def test_monitor_is_no_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["monitor", "--board", "esp32", "--json"]) == 2
    assert "leave out --json" in capsys.readouterr().err


def test_ctrl_c_while_it_starts_leaves_no_traceback() -> None:
    """Before main() can catch it, the signal ends the process."""
    process = subprocess.Popen([sys.executable, "-m", "gen", "monitor", "--help"], stderr=subprocess.PIPE)
    time.sleep(0.25)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert b"Traceback" not in said


def test_cells_of_tables_are_taken_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    tables.show_table(("what", "how"), [("[/x]", "pip install -e '.[train]' :smile:")])
    assert "pip install -e '.[train]' :smile:" in capsys.readouterr().out


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


def test_words_that_do_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--flash" in refused(capsys, 2, "verify", "digits", *BOARD, "--tool", "openocd")
    assert "no board that can be flashed" in refused(capsys, 2, "verify", "digits", *BOARD, "--flash")
    assert "host twice" in refused(capsys, 2, "verify", "digits", "--board", "host,pico,host")
    assert "host twice" in refused(capsys, 2, "stress", "digits", "--board", "host,host")
    assert "nucleo_f446re has no emulator" in refused(capsys, 2, "stress", "digits", "--board", "host,nucleo_f446re")


@pytest.mark.parametrize("percent", ["-1", "101", "nan", "many"])
def test_rates_that_cannot_be(percent: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--errors" in refused(capsys, 2, "stress", "digits", "--board", "host", f"--errors={percent}")


def test_folders_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert "can't be written" in refused(capsys, 2, "build", "digits", *BOARD, "--out", str(file / "below"))
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_is_left_of_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(UsageError, match="taken can't be written: is a directory"):
        write_if_changed(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_dry_run_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["verify", "digits", "--board", "host"], ["flash", "digits", "--board", "nucleo_f446re"],
                  ["verify", "digits", "--board", "nucleo_f446re", "--flash"]):  # fmt: skip
        assert main([*words, "--dry-run"]) == 0
        command = capsys.readouterr().out.rstrip("\n")
        assert main([*words, "--dry-run", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == [{"board": words[3], "command": command}]
        assert command.endswith("firmware.elf") or command.startswith("openocd ")


def test_ctrl_c_ends_every_board(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The main thread alone hears of it; the boards end at the next thing that they do."""
    at_work, ended = threading.Event(), threading.Event()

    def held_build(found: object, target: Board, request: object, progress: Progress) -> Built:
        if target.id == "host":
            at_work.wait(10)
            raise KeyboardInterrupt
        at_work.set()
        try:
            for done in range(1000):
                progress("device", done, 1000)
                time.sleep(0.01)
        finally:
            ended.set()
        raise AssertionError("it was not stopped")

    monkeypatch.setattr(built, "held_build", held_build)
    assert main(["verify", "digits", "--board", "host,pico", "--jobs", "2", "--vectors", "1"]) == 130
    assert ended.is_set() and "interrupted" in capsys.readouterr().err


def test_junit_and_flash_go_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The board is flashed, and asked at the port that was named."""
    commands: list[list[str]] = []
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(flash, "run", lambda command, board: commands.append(command))
    monkeypatch.setattr(built, "held_build", lambda model, board, options, progress: nullcontext(SimpleNamespace(
        board=board, folder=tmp_path)))  # fmt: skip
    ports: list[str | None] = []

    def open_line(what: object, port: str | None, in_renode: bool) -> Any:
        ports.append(port)
        raise UsageError("no board is here")

    monkeypatch.setattr(built, "open_line", open_line)
    words = ["--flash", "--port", "P", "--junit", str(tmp_path / "j.xml"), "--vectors", "1"]
    assert main(["verify", "digits", "--board", "nucleo_f446re", *words]) == 2
    assert ports == ["P"] and [command[0] for command in commands] == ["openocd"]
    assert "no board is here" in (tmp_path / "j.xml").read_text() and "no board is here" in capsys.readouterr().out


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
    for subcommand in SUBCOMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([subcommand, "--help"])
        assert ended.value.code == 0
        text = capsys.readouterr().out
        assert f"example: python -m gen {subcommand}" in text and EXIT_CODES in text
    assert "verify" in parser().format_help()


def test_lists_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    for subcommand in ("boards", "tasks", "ops", "doctor"):
        assert main([subcommand, "--json"]) == 0
        assert len(json.loads(capsys.readouterr().out)) > 0
        assert main([subcommand]) == 0
        assert capsys.readouterr().out.count("\n") > 3


def test_start_is_quick_and_without_tensorflow() -> None:
    """`build` needs no TensorFlow, and importing all it needs takes less than a second."""
    code = (
        "import time, sys; t = time.process_time(); import gen.cli.main, gen.device.build, "
        "gen.importer.load, gen.compiler.engines, gen.verify.pipeline; "
        "print(time.process_time() - t, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, tensorflow = done.stdout.split()
    assert tensorflow == "False"
    assert float(seconds) < 2.0, seconds  # of the CPU
