"""`verify --emulator renode` and the Robot file's command; `renode` is a stand-in: QEMU behind the same socket."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gen.cli.main import main
from tests.robot import program, run_process

BOARD = "netduino_plus_2"
# Takes the port and the script from the command line, the firmware and the UART from the script, as Renode would.
STAND_IN = r"""
set -e
[ "$1 $2 $3" = "--disable-xwt --console -e" ]
port=$(expr "$4" : '$port=\([0-9]*\); include @firmware.resc$')
grep -qx 'emulation CreateServerSocketTerminal $port "line" false' firmware.resc
grep -qx 'connector Connect sysbus.usart1 line' firmware.resc
elf=$(sed -n 's|^$elf?=$ORIGIN/||p' firmware.resc)
exec qemu-system-arm -icount shift=0 -display none -monitor none -M netduinoplus2 -kernel "$elf" \
  -serial "tcp:localhost:$port,server=on,wait=off"
"""


@pytest.fixture(autouse=True)
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder, STAND_IN)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exact, and no figure that Renode's clock can't give."""
    words = ["digits", "--board", BOARD, "--emulator", "renode", "--vectors", "2", "--out", str(tmp_path / "out")]
    assert main(["verify", *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "exact" and found["vectors"] == 2
    assert found["instructions"] is None and found["cycles"] is None


def test_the_robot_file_s_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the Robot file would run beside Renode exits with 0."""
    folder = tmp_path / "out"
    assert main(["build", "digits", "--board", BOARD, "--engine", "aot", "--out", str(folder)]) == 0
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        port = listener.getsockname()[1]
    words, named = run_process(folder, PORT=str(port), PYTHON=sys.executable)
    script = f"$port={port}; include @firmware.resc"
    renode = subprocess.Popen(["renode", "--disable-xwt", "--console", "-e", script], cwd=folder)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("localhost", port)) == 0:
                    break
            time.sleep(0.1)
        done = subprocess.run(words, cwd=named["cwd"], capture_output=True, text=True, timeout=60, check=False)
    finally:
        renode.kill()
        renode.wait()
    assert done.returncode == 0, done.stderr
    assert "exact" in done.stdout
