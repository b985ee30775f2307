"""Two builds into one folder at once both reported success, and one ELF was there."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gen.cli.main import main
from gen.device import board as boards
from gen.device import build, place
from gen.errors import BuildError, UsageError
from gen.paths import ROOT
from tests import dummy

HOST = boards.load("host")
HOLDER = "import sys, time\nfrom pathlib import Path\nfrom gen.device import place\n"
HOLDER += "with place.alone(Path(sys.argv[1]), sys.argv[2]):\n    print('held', flush=True)\n    sys.stdin.readline()\n"


@contextmanager
def held(folder: Path, what: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that builds in folder."""
    command = [sys.executable, "-c", HOLDER, str(folder), what]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def words(subcommand: str, model: str, engine: str, out: Path) -> list[str]:
    return [subcommand, model, "--board", "host", "--engine", engine, "--out", str(out), "--json"]


def test_two_models_at_once_into_one_folder(tmp_path: Path) -> None:
    """Whoever reports success has built the ELF that is there, or had before the other began."""
    builds = [
        subprocess.Popen(
            [sys.executable, "-m", "gen", *words("build", model, "aot", tmp_path)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for model in ("digits", "motion")
    ]  # fmt: skip
    said = [build.communicate(timeout=100) for build in builds]
    assert sorted(build.returncode for build in builds) == [0, 2], said
    (lost,) = (json.loads(out) for (out, _), build in zip(said, builds, strict=True) if build.returncode == 2)
    (won,) = (json.loads(out) for (out, _), build in zip(said, builds, strict=True) if build.returncode == 0)
    assert "is building something else in" in lost["message"] and "--out" in lost["message"]
    assert bytes.fromhex(won["model_sha256"]) in (tmp_path / "firmware.elf").read_bytes()


def test_nothing_is_written_while_another_builds_there(tmp_path: Path) -> None:
    with held(tmp_path, "other"):
        with pytest.raises(UsageError, match=r"another gen \(process \d+\) is building something else in .*--out"):
            build.build(dummy.sources(), HOST, tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == [place.LOCK]
    build.build(dummy.sources(), HOST, tmp_path)  # who is killed holds nothing


def test_who_builds_the_same_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with held(tmp_path, build.digest(dummy.sources(), HOST)) as holder:
        assert holder.stdin is not None
        waits = 0

        def check() -> None:
            nonlocal waits
            waits += 1
            if waits == 5 and holder.stdin is not None:
                holder.stdin.close()

        with place.alone(tmp_path, build.digest(dummy.sources(), HOST), check=check):
            assert holder.wait(10) == 0
    assert waits >= 5 and capsys.readouterr().err.count("waiting for process") == 1


def test_a_verification_keeps_its_folder_until_it_has_run(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gen", *words("verify", "digits", "aot", tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as verifying:
        deadline = time.monotonic() + 60
        while not (tmp_path / "firmware.elf").is_file():
            assert time.monotonic() < deadline and verifying.poll() is None
            time.sleep(0.01)
        assert main(words("build", "digits", "tflm", tmp_path)) == 2
        assert verifying.stdout is not None and json.loads(verifying.stdout.read())["verdict"] == "exact"
    assert main(words("build", "digits", "tflm", tmp_path)) == 0


@pytest.mark.parametrize("what", ["other sources", "another model"])
def test_what_was_linked_is_looked_at(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if something that knows no lock had written to the folder after the sources were there."""
    sources = dummy.sources()
    if what == "another model":
        sources = replace(sources, graph=replace(dummy.EMPTY, sha256=os.urandom(32).hex()))
    else:
        write = build._write_sources
        monkeypatch.setattr(
            build, "_write_sources", lambda s, plan, folder: write(s, {**plan, "generation": "engine_of_0"}, folder)
        )
    with pytest.raises(BuildError, match="is not what was to be linked"):
        build.build(sources, HOST, tmp_path)
    assert not list(tmp_path.glob("firmware.*"))


def test_a_folder_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"can't be written: not a directory"):
        build.build(dummy.sources(), HOST, tmp_path / "file" / "out")
