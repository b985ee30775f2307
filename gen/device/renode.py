"""Renode: a script and a Robot file for it beside the firmware, and the firmware run in it, where it is installed.

Its ServerSocketTerminal is the serial line at a TCP port; see https://renode.readthedocs.io, "UART integration" and
"Testing with Renode".
"""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from gen.child import Child
from gen.device.board import Board, load_all, own_file
from gen.device.transport import BAUD, Closing, SerialStream
from gen.errors import DeviceGone, DeviceSilent, MissingTool, UsageError
from gen.files import write_if_changed, write_whole
from gen.model.quantized import QuantizedModel
from gen.paths import INSTALLED, ROOT
from gen.render import render

PORT = 3456  # unless the command line says otherwise
START_S = 60.0  # until the port must be open: Renode loads the whole machine first


def require(target: Board) -> None:
    """Raises UsageError for a board that Renode has no machine for."""
    if not target.renode:
        known = ", ".join(board.id for board in load_all() if board.renode)
        raise UsageError(f"{target.id} has no machine in Renode: choose one of {known}, or leave --emulator out.")


def save(target: Board, folder: Path, model: QuantizedModel, options: Mapping[str, str]) -> None:
    """firmware.resc, firmware.robot and the model that the latter verifies with these options of the command line.

    folder is that of firmware.elf. Nothing for a board that Renode has no machine for."""
    if not target.renode:
        return
    folder = folder.resolve()
    platform, uart = target.renode
    words = {"model": model.name, "board": target.id, "port": PORT, "platform": platform, "uart": uart}
    words["board_file"] = robot_cell(str(own_file(target.id) or ""))
    project = "." if INSTALLED else os.path.relpath(ROOT, folder)
    for name in ("firmware.resc", "firmware.robot"):
        text = render(name, **words, project=robot_cell(project), file=robot_cell(model.name), options=options)
        write_if_changed(folder / name, text)
    write_whole(folder / f"{model.name}.tflite", model.content)


def robot_cell(text: str) -> str:
    """text as a cell of a Robot file, or a part of one; see "Escaping" in Robot Framework's User Guide."""
    escaped = re.sub(r"[\\$@&%#=|*{}]", lambda match: f"\\{match[0]}", text)
    for letter, word in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(letter, word)
    return re.sub("^ | $| (?= )", "${SPACE}", escaped)


def command(port: int) -> list[str]:
    """Runs firmware.resc of the current folder, without a window, and the line at port."""
    return ["renode", "--disable-xwt", "--console", "-e", f"$port={port}; include @firmware.resc"]


class RenodeStream(Closing):
    """The line of the firmware in folder while Renode runs it; Renode ends when the stream is closed."""

    def __init__(self, folder: Path, start_s: float = START_S) -> None:
        """Raises MissingTool where Renode is not installed, DeviceGone and DeviceSilent where it does not start."""
        program = shutil.which("renode")
        if program is None:
            raise MissingTool("renode is not on PATH: get it from https://renode.io, Debian and PyPI do not have it.")
        self.name = "renode"
        self._log = folder / "renode.log"
        port = _free_port()
        with self._log.open("wb") as log:
            # A standard input that stays open, or its console ends it.
            words = [program, *command(port)[1:]]
            self._child = Child(words, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
        try:
            self._line = self._connect(f"socket://localhost:{port}", start_s)
        except BaseException:
            self._end()
            raise

    def read(self, timeout_s: float) -> bytes:
        return self._line.read(timeout_s)

    def write(self, data: bytes) -> None:
        self._line.write(data)

    def close(self) -> None:
        self._line.close()
        self._end()

    def _connect(self, url: str, start_s: float) -> SerialStream:
        """The line, as soon as Renode listens."""
        deadline = time.monotonic() + start_s
        while time.monotonic() < deadline:
            try:
                return SerialStream(url, BAUD)
            except UsageError:
                status = self._child.process.poll()
                if status is not None:
                    raise DeviceGone(f"renode ended with exit status {status}, see {self._shown()}") from None
                time.sleep(0.1)
        raise DeviceSilent(f"renode opened no line within {start_s:g} s, see {self._shown()}")

    def _shown(self) -> str:
        return os.path.relpath(self._log)

    def _end(self) -> None:
        self._child.end()
        if self._child.process.stdin:
            self._child.process.stdin.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return int(listener.getsockname()[1])
