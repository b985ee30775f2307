"""Tracebacks where stdout or stderr was closed, full or a broken pipe; a full disk was called everything else."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from gen import child, files
from gen.cli.main import SUBCOMMANDS, main
from gen.device import board as boards
from gen.device import build
from gen.errors import DiskFull, UsageError
from gen.export import folder
from gen.paths import ROOT
from gen.search import storage
from tests import dummy


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of bash with `gen` in it; its status is that of the first command that fails."""
    text = f'set -o pipefail\ngen() {{ "{sys.executable}" -m gen "$@"; }}\n{line}'
    done = subprocess.run(
        ["bash", "-c", text], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("words", ["boards", "boards --json", "--help", "--version", "bords --json"])
@pytest.mark.parametrize(
    ("where", "why"),
    [(">&-", "standard output is closed"), ("> /dev/full", "standard output can't be written: the disk is full")],
)
def test_stdout_that_takes_nothing(words: str, where: str, why: str) -> None:
    done = shell(f"gen {words} {where}")
    assert done.returncode == 2 and done.stdout == ""
    assert [line for line in done.stderr.splitlines() if why in line and line.startswith("error: ")]
    assert ("did you mean 'boards'?" in done.stderr) == ("bords" in words)
    assert shell(f"gen {words} {where} 2>&-").returncode == 2


@pytest.mark.parametrize("where", ["2>&-", "2> /dev/full"])
def test_stderr_that_takes_nothing(where: str, tmp_path: Path) -> None:
    """What is asked for is on stdout, whole; the exit code is the right one."""
    words = f"--board host --engine aot --vectors 1 --out {tmp_path}"
    done = shell(f"gen verify digits {words} --json {where}")
    assert done.returncode == 0 and json.loads(done.stdout)["verdict"] == "exact"
    done = shell(f"gen bords {where}")
    assert (done.returncode, done.stdout) == (2, "")
    assert json.loads(shell(f"gen bords --json {where}").stdout)["exit_code"] == 2


def test_no_file_becomes_standard_error(tmp_path: Path) -> None:
    """With 2 closed, the next file that is opened has that number, and a compiler's words would go there."""
    line = f"gen build digits --board host --engine aot --out {tmp_path} 2>&- <&-"
    assert shell(line).returncode == 0
    assert shell(f"gen build digits --board host --engine aot --out {tmp_path}").returncode == 0


@pytest.mark.parametrize("words", ["boards --json", "ops", "--help"])
def test_a_reader_that_goes_away_is_no_error(words: str) -> None:
    """The shell's first process waits until the reader is gone for sure."""
    done = shell(f"{{ sleep 0.3; gen {words}; }} | true")
    assert (done.returncode, done.stdout, done.stderr) == (141, "", "")
    assert shell(f"gen {words} | head -1").stderr == ""


def test_a_reader_of_both_that_goes_away() -> None:
    assert shell("{ sleep 0.3; gen bords 2>&1; } | true").returncode == 2
    assert shell("{ sleep 0.3; gen boards 2>&1; } | true").returncode == 141


def test_a_name_that_the_terminal_can_not_show(tmp_path: Path) -> None:
    done = shell(f"gen verify digits --board host --dry-run --out '{tmp_path}/ü'", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and "\\xfc" in done.stdout


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 40 kB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=40k", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield tmp_path
    subprocess.run(["umount", "--lazy", tmp_path], check=True)


@pytest.mark.parametrize(
    "words",
    [
        ["build", "digits", "--board", "netduino_plus_2", "--engine", "aot", "--out", "{}/o"],
        ["build", "digits", "--board", "host", "--engine", "tflm", "--out", "{}/o"],
        ["export", "digits", "--format", "c", "--out", "{}/e"],
        ["bench", "digits", "--boards", "host", "--engines", "aot", "--optimize", "size", "--markdown", "{}/a/b/c.md"],
    ],
    ids=lambda words: " ".join(words[:4]),
)
def test_a_full_disk_is_called_one(words: list[str], small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if words[0] == "bench":
        (small / "filler").write_bytes(bytes(40 << 10))
    assert main([word.format(small) for word in words]) == 2
    assert "the disk is full" in capsys.readouterr().err.splitlines()[-1]
    assert not list(small.rglob("firmware.elf")) and not list(small.rglob("*.partial"))


def test_a_compiler_without_room_for_its_own_files(small: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (small / "filler").write_bytes(bytes(40 << 10))
    out = tmp_path_factory.mktemp("out")
    done = shell(f"gen build digits --board netduino_plus_2 --engine aot --out {out}", TMPDIR=str(small))
    assert done.returncode == 2 and "error: the disk is full: " in done.stderr


def refuse(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_whatever_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(UsageError, match=r"a\.md can't be written: the disk is full"):
        files.write_if_changed(tmp_path / "a.md", "a")
    with pytest.raises(OSError, match="No space left") as caught:
        files.write_together(tmp_path, {"card.json": b"a"})
    assert caught.value.filename == str(tmp_path / "card.json")
    with pytest.raises(UsageError, match="can't be written: the disk is full"):
        folder.write(tmp_path / "lib", {"a": "b"})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", ["linked", "compiled"])
def test_a_build_that_finds_the_disk_full(stage: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = "collect2: fatal error: final link failed: No space left on device\n"
    monkeypatch.setattr(child, "run", lambda *_, **__: (1, said if stage == "linked" else "[Errno 28] no\n"))
    with pytest.raises(DiskFull, match="the disk is full: host's firmware"):
        build.build(dummy.sources(), boards.load("host"), tmp_path)


def test_an_error_of_a_file_that_nobody_expected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(SUBCOMMANDS, "boards", replace(SUBCOMMANDS["boards"], run=refuse))
    assert main(["boards"]) == 2
    assert capsys.readouterr().err == (
        "error: the disk is full: a file could not be written; make room, and do it again.\n"
    )
    assert main(["boards", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"] == "disk_full"


def test_a_study_on_a_full_disk() -> None:
    from sqlalchemy.exc import OperationalError

    with pytest.raises(DiskFull), storage.storage_errors("sqlite:///a.db"):
        raise OperationalError("insert", {}, Exception("database or disk is full"))
