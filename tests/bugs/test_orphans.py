"""An emulator went on for ever where `gen` ended by kill -9."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gen.device import board as boards
from gen.device import build, renode
from gen.device.transport import open_stream
from gen.errors import BuildError
from gen.paths import ROOT
from tests import dummy

SOON_S = 1.0
STREAM = "import sys, threading, time\nfrom gen.device.transport import open_stream\n"


def of_session(mark: str) -> list[int]:
    """The processes with this in their environment, but for zombies: all that come from one."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            here = f"MARK={mark}".encode() in (path / "environ").read_bytes().split(b"\0")
            if here and path.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                found.append(int(path.name))
        except OSError:
            continue
    return found


def commands(mark: str) -> list[bytes]:
    found = []
    for pid in of_session(mark):
        with contextlib.suppress(OSError):
            found.append(Path(f"/proc/{pid}/cmdline").read_bytes())
    return found


def until(true: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return true()


@pytest.fixture
def mark(request: pytest.FixtureRequest) -> Iterator[str]:
    """Of this test's processes; none of them outlives it, whatever it found."""
    word = f"{os.getpid()}-{request.node.name}"
    yield word
    for pid in of_session(word):
        os.kill(pid, signal.SIGKILL)


def start(mark: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=os.environ | {"MARK": mark}, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip


def kill(process: subprocess.Popen[str], mark: str) -> None:
    """As the kernel does when memory is short; nothing is left soon after."""
    process.kill()
    process.wait()
    assert until(lambda: of_session(mark) == [], SOON_S), commands(mark)
    assert process.stdout is not None
    process.stdout.close()


def test_verify_is_killed_while_the_emulator_runs(mark: str, tmp_path: Path) -> None:
    words = ["verify", "digits", "--board", "netduino_plus_2,stm32vldiscovery", "--engine", "aot", "--jobs", "2"]
    process = start(mark, "-m", "gen", *words)
    assert until(lambda: any(b"qemu" in line for line in commands(mark)), 60)
    kill(process, mark)


def test_a_build_is_killed_while_it_compiles(mark: str, tmp_path: Path) -> None:
    process = start(mark, "-m", "gen", "build", "digits", "--board", "host", "--out", str(tmp_path))
    assert until(lambda: any(b"cc1" in line for line in commands(mark)), 60)
    kill(process, mark)


@pytest.mark.parametrize("how", ["a program", "its child", "a program that hears nothing"])
def test_who_holds_a_line_is_killed(how: str, mark: str) -> None:
    script = {"a program": "exec sleep 100", "its child": "sleep 100 & sleep 100",
              "a program that hears nothing": "trap '' TERM HUP INT; sleep 100; sleep 100"}[how]  # fmt: skip
    text = f"{STREAM}stream = open_stream('exec:sh -c \"{script}\"')\nprint('open', flush=True)\ntime.sleep(100)\n"
    process = start(mark, "-c", text)
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    assert len(of_session(mark)) >= 2
    kill(process, mark)


def test_a_program_outlives_the_thread_that_started_it(mark: str) -> None:
    text = (
        f"{STREAM}found = []\nthread = threading.Thread(target=lambda: found.append(open_stream('exec:cat')))\n"
        "thread.start()\nthread.join()\ntime.sleep(0.3)\nfound[0].write(b'still here')\n"
        "print(found[0].read(5).decode(), flush=True)\ntime.sleep(100)\n"
    )
    process = start(mark, "-c", text)
    assert process.stdout is not None and process.stdout.readline() == "still here\n"
    kill(process, mark)


def test_renode_is_killed_with_us(mark: str, tmp_path: Path) -> None:
    program = tmp_path / "renode"
    program.write_text("#!/bin/sh\nsleep 100 & sleep 100\n")
    program.chmod(0o755)
    text = (
        "import os\nfrom pathlib import Path\nfrom gen.device import renode\n"
        f"here = {str(tmp_path)!r}\nos.environ['PATH'] = here + ':' + os.environ['PATH']\n"
        "renode.RenodeStream(Path(here))\n"
    )
    process = start(mark, "-c", text)
    assert until(lambda: len(of_session(mark)) >= 4, 20)
    kill(process, mark)
    assert renode.START_S > SOON_S


def test_a_converter_is_killed_with_us(mark: str, tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("import time\ndef work(path, examples, options):\n    time.sleep(100)\n")
    text = (
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfrom pathlib import Path\n"
        "from gen.importer import float_file\n"
        "import work\nif __name__ == '__main__':\n"
        "    float_file.in_child(work.work, Path('a'), Path('b'), float_file.UNTRUSTED)\n"
    )
    (tmp_path / "main.py").write_text(text)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "main.py")], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=os.environ | {"MARK": mark, "PYTHONPATH": str(ROOT)}, text=True, start_new_session=True,
    )  # fmt: skip
    assert until(lambda: len(of_session(mark)) >= 3, 30)  # the converter, and multiprocessing's tracker
    time.sleep(3)
    kill(process, mark)


def test_nothing_watches_a_program_that_has_ended(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARK", mark)
    with open_stream("exec:cat") as stream:
        stream.write(b"x")
        assert len([pid for pid in of_session(mark) if pid != os.getpid()]) == 2
    assert until(lambda: [pid for pid in of_session(mark) if pid != os.getpid()] == [], SOON_S)


def test_a_compiler_that_fails_leaves_nothing(mark: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MARK", mark)
    with pytest.raises(BuildError):
        build.build(dummy.sources(files={"bad.c": "#error no\n"}), boards.load("host"), tmp_path)
    assert until(lambda: [pid for pid in of_session(mark) if pid != os.getpid()] == [], SOON_S)
