"""`verify --port` against lines on which something is wrong: one sentence, exit code 5, and quickly."""

import os
import socket
import subprocess
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from gen.cli.main import main
from gen.compiler.engines import ENGINES
from gen.device import board as boards
from gen.device import build
from gen.model import tflite
from gen.model.quantized import QuantizedModel
from tests import tiny


def model(weight: int) -> bytes:
    weights = np.full((2, 4), weight, np.int8)
    tensors = [tiny.T((1, 4), scale=0.1), tiny.T((2, 4), scale=0.1, data=weights), tiny.T((1, 2), scale=0.1)]
    op = tiny.O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")
    return tiny.model(tensors, [op], [0], [2])


@pytest.fixture(scope="module")
def verify(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], int]:
    """`verify` of a small model on the device behind a port; returns the exit code."""
    folder = tmp_path_factory.mktemp("model")
    path = folder / "small.tflite"
    path.write_bytes(model(3))
    words = ["verify", str(path), "--board", "host", "--vectors", "5", "--out", str(folder / "out")]
    return lambda port: main([*words, "--port", port])


def firmware(content: bytes, folder: Path) -> Path:
    """The host's firmware of a model."""
    host = boards.load("host")
    sources = ENGINES["tflm"](QuantizedModel(content, tflite.read(content, "small")), host.target)
    return build.build(sources, host, folder).elf


@contextmanager
def serving(elf: Path, cut_after: int | None = None) -> Iterator[str]:
    """A pyserial URL with the firmware behind it; the line is cut after so many bytes from the device."""
    server = socket.create_server(("localhost", 0))
    process = subprocess.Popen([elf], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    to_device, from_device = process.stdin, process.stdout

    def serve() -> None:
        line, _ = server.accept()

        def receive() -> None:
            while data := line.recv(4096):
                to_device.write(data)
                to_device.flush()

        threading.Thread(target=receive, daemon=True).start()
        left = cut_after
        while (left is None or left > 0) and (data := os.read(from_device.fileno(), 4096 if left is None else left)):
            line.sendall(data)
            left = None if left is None else left - len(data)
        line.shutdown(socket.SHUT_RDWR)
        line.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"socket://localhost:{server.getsockname()[1]}"
    finally:
        process.kill()
        process.wait()
        to_device.close()
        from_device.close()
        server.close()


def test_the_line_itself_works(verify: Callable[[str], int], tmp_path: Path) -> None:
    with serving(firmware(model(3), tmp_path)) as port:
        assert verify(port) == 0


def test_wrong_model(verify: Callable[[str], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(firmware(model(4), tmp_path)) as port:
        assert verify(port) == 5
    assert "runs the model 'small' with SHA-256" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_unplugged_in_the_middle(
    verify: Callable[[str], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(firmware(model(3), tmp_path), cut_after=300) as port:
        start = time.monotonic()
        assert verify(port) == 5
        assert time.monotonic() - start < 8  # building included
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: ")


@pytest.mark.parametrize("noise", [b"", bytes(range(256))], ids=["silent", "only noise"])
def test_no_valid_answer(verify: Callable[[str], int], noise: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    master, slave = os.openpty()
    tty.setraw(slave)
    stop = threading.Event()

    def babble() -> None:
        os.set_blocking(master, False)
        while not stop.wait(0.1):
            try:
                os.write(master, noise)
                os.read(master, 4096)
            except BlockingIOError:
                pass

    talker = threading.Thread(target=babble)
    talker.start()
    try:
        assert verify(os.ttyname(slave)) == 5
    finally:
        stop.set()
        talker.join()
        os.close(master)
        os.close(slave)
    message = capsys.readouterr().err.splitlines()[-1]
    assert "no valid answer from" in message and "check the port" in message
