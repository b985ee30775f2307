"""gen/device/transport.py with real programs, pseudo-terminals and sockets."""

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import serial
from serial.tools import list_ports

from gen import child
from gen.device import transport
from gen.device.transport import ProcessStream, SerialStream, Stream, open_stream
from gen.errors import DeviceGone, DeviceSilent, MissingTool, UsageError


def read_all(stream: Stream, nbytes: int) -> bytes:
    data = b""
    deadline = time.monotonic() + 10
    while len(data) < nbytes and time.monotonic() < deadline:
        data += stream.read(1.0)
    return data


def wait_until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
    return true()


def running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("spec", ["", "serial", "serial:", "exec:", "exec: ", "tcp:localhost", "/dev/ttyUSB0"])
def test_no_transport(spec: str) -> None:
    with pytest.raises(UsageError, match=r'neither "serial:<port>\[\?baud=N\]" nor "exec:<command line>"'):
        open_stream(spec)


# --- exec ---


def test_exec_there_and_back() -> None:
    data = bytes(range(256)) * 16
    with open_stream("exec:cat") as stream:
        stream.write(data)
        assert read_all(stream, len(data)) == data
        assert stream.name == "cat"


def test_exec_words_as_a_shell_would() -> None:
    with open_stream("exec:printf '%s|' 'a b' c\\ d $HOME") as stream:
        assert read_all(stream, 14) == b"a b|c d|$HOME|"


def test_exec_read_returns_at_once_or_in_time() -> None:
    with open_stream("exec:cat") as stream:
        start = time.monotonic()
        assert stream.read(0.05) == b""
        assert 0.04 < time.monotonic() - start < 5
        stream.write(b"x")
        start = time.monotonic()
        assert stream.read(30) == b"x"
        assert time.monotonic() - start < 15


def test_exec_end_is_explained() -> None:
    with open_stream("exec:sh -c 'echo last words; echo no kernel >&2; echo bye >&2; exit 3'") as stream:
        assert read_all(stream, 11) == b"last words\n"
        for _ in range(2):
            with pytest.raises(DeviceGone, match=r"^sh ended with exit status 3: no kernel \| bye$"):
                stream.read(5)


def test_exec_signal_is_named() -> None:
    with (
        open_stream("exec:sh -c 'kill -SEGV $$'") as stream,
        pytest.raises(DeviceGone, match=r"^sh ended by SIGSEGV: it wrote nothing to stderr$"),
    ):
        stream.read(5)


def test_exec_line_closed_by_a_program_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "END_DEADLINE_S", 0.05)
    with (
        open_stream("exec:sh -c 'exec >&-; exec sleep 600'") as stream,
        pytest.raises(DeviceGone, match="sh closed its end of the line"),
    ):
        stream.read(5)


def test_exec_long_stderr_is_cut() -> None:
    with (
        open_stream("exec:sh -c 'yes noise | head -c 1000000 >&2; echo the end >&2; exit 1'") as stream,
        pytest.raises(DeviceGone) as caught,
    ):
        stream.read(10)
    assert str(caught.value).endswith("the end") and len(str(caught.value)) < 2 * transport.STDERR_BYTES


def test_exec_write_to_one_that_ended() -> None:
    with open_stream("exec:true") as stream, pytest.raises(DeviceGone, match="true ended with exit status 0"):
        while True:
            stream.write(bytes(1000))


def test_exec_write_to_one_that_does_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "WRITE_DEADLINE_S", 0.2)
    start = time.monotonic()
    with (
        open_stream("exec:sleep 600") as stream,
        pytest.raises(DeviceSilent, match=r"sleep took no data within 0\.2 s"),
    ):
        stream.write(bytes(1 << 20))
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("program", "package"),
    [("qemu-system-xtensa", "qemu-system-misc"), ("qemu-system-arm", "qemu-system-arm"), ("nowhere", "nowhere")],
)
def test_exec_program_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, package: str) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match=f"^{program} is not installed: `apt-get install {package}` brings it$"):
        open_stream(f"exec:{program} -M x")


def test_exec_firmware_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"firmware\.elf: no such file or directory; build the firmware first"):
        open_stream(f"exec:{tmp_path}/firmware.elf")
    (tmp_path / "text").write_text("not a program")
    with pytest.raises(UsageError, match="permission denied"):
        open_stream(f"exec:{tmp_path}/text")


def test_exec_unbalanced_quote() -> None:
    with pytest.raises(UsageError, match="no closing quotation"):
        open_stream("exec:cat 'a")


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
def test_exec_ends_with_its_children_and_leaves_no_zombie(error: type[BaseException] | None) -> None:
    pids: list[int] = []

    def use() -> None:
        with open_stream("exec:sh -c 'sleep 600 & echo $$ $!; wait'") as stream:
            while not pids or len(pids) < 2:
                pids.extend(int(word) for word in stream.read(5).split())
            assert all(running(pid) for pid in pids)
            if error is not None:
                raise error

    if error is None:
        use()
    else:
        with pytest.raises(error):
            use()
    assert wait_until(lambda: not any(running(pid) for pid in pids))
    assert not Path(f"/proc/{pids[0]}").exists()  # ours is reaped; its child is init's to reap


def test_exec_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "KILL_DEADLINE_S", 0.1)
    with open_stream("exec:sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.05; done'") as stream:
        pid = int(stream.read(5))
    assert not running(pid)


def test_exec_close_twice() -> None:
    stream = ProcessStream("cat")
    stream.close()
    stream.close()


# --- serial ---


def test_serial_loop() -> None:
    with open_stream("serial:loop://") as stream:
        assert stream.read(0) == b""
        stream.write(bytes(range(256)))
        assert read_all(stream, 256) == bytes(range(256))


@pytest.fixture
def pty() -> tuple[int, str]:
    """The far end of a pseudo-terminal and the name of the near one."""
    far, near = os.openpty()
    name = os.ttyname(near)
    os.close(near)
    return far, name


def test_serial_port(pty: tuple[int, str]) -> None:
    far, name = pty
    data = bytes(range(256))
    with open_stream(f"serial:{name}?baud=57600") as stream:
        assert isinstance(stream, SerialStream) and stream._port.baudrate == 57600
        stream.write(data)
        assert os.read(far, 1000) == data
        os.write(far, data)
        assert read_all(stream, 256) == data
        assert stream.name == name
        with pytest.raises(UsageError, match="another program uses it"):
            open_stream(f"serial:{name}")
    os.close(far)


def test_serial_read_wakes_up_on_data(pty: tuple[int, str]) -> None:
    far, name = pty
    with open_stream(f"serial:{name}") as stream:
        threading.Timer(0.1, os.write, (far, b"late")).start()
        start = time.monotonic()
        assert read_all(stream, 4) == b"late"
        assert time.monotonic() - start < 5
        start = time.monotonic()
        assert stream.read(0.12) == b""
        assert 0.1 < time.monotonic() - start < 5
    os.close(far)


def test_serial_port_vanishes(pty: tuple[int, str]) -> None:
    far, name = pty
    with open_stream(f"serial:{name}") as stream:
        os.close(far)
        with pytest.raises(DeviceGone, match=f"{name} is gone"):
            stream.read(1)
        with pytest.raises(DeviceGone, match=f"{name} is gone"):
            stream.write(b"x")


def test_serial_write_to_one_that_does_not_read(monkeypatch: pytest.MonkeyPatch, pty: tuple[int, str]) -> None:
    monkeypatch.setattr(transport, "WRITE_DEADLINE_S", 0.2)
    far, name = pty
    with open_stream(f"serial:{name}") as stream, pytest.raises(DeviceSilent, match=r"took no data within 0\.2 s"):
        stream.write(bytes(1 << 20))
    os.close(far)


def test_serial_port_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Port:
        device = "/dev/ttyACM7"

    monkeypatch.setattr(list_ports, "comports", lambda: [Port()])
    with pytest.raises(UsageError, match=r"can't open /dev/ttyNONE: no such file or directory; ports here: .*ACM7$"):
        open_stream("serial:/dev/ttyNONE")
    monkeypatch.setattr(list_ports, "comports", list)
    with pytest.raises(UsageError, match="there is no serial port on this machine: plug the board in"):
        open_stream("serial:/dev/ttyNONE")


def test_serial_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(13, "could not open port: [Errno 13] Permission denied: '/dev/ttyACM0'")

    monkeypatch.setattr(serial, "serial_for_url", refuse)
    with pytest.raises(UsageError, match=r"permission denied .*dialout"):
        open_stream("serial:/dev/ttyACM0")


def test_serial_socket_and_its_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with open_stream(f"serial:socket://127.0.0.1:{port}") as stream:
            far, _ = server.accept()
            stream.write(b"ping")
            assert far.recv(10) == b"ping"
            far.sendall(bytes(1000))
            assert read_all(stream, 1000) == bytes(1000)
            far.close()
            with pytest.raises(DeviceGone, match="is gone"):
                stream.read(5)
    with pytest.raises(UsageError, match="connection refused"):
        open_stream(f"serial:socket://127.0.0.1:{port}")


def test_serial_last_bytes_before_the_end_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with open_stream(f"serial:socket://127.0.0.1:{port}") as stream:
            far, _ = server.accept()
            far.sendall(bytes(range(100)))
            far.close()
            assert stream.read(5) == bytes(range(100))
            with pytest.raises(DeviceGone, match="is gone"):
                stream.read(5)


@pytest.mark.parametrize(
    ("url", "split"),
    [
        ("/dev/ttyUSB0", ("/dev/ttyUSB0", 9600)),
        ("/dev/ttyUSB0?baud=921600", ("/dev/ttyUSB0", 921600)),
        ("COM3?baud=300", ("COM3", 300)),
        ("loop://?logging=debug", ("loop://?logging=debug", 9600)),
        ("loop://?baud=1&logging=debug", ("loop://?logging=debug", 1)),
        ("loop://?logging=debug&baud=1", ("loop://?logging=debug", 1)),
        ("loop://?a=1&baud=1&b=2", ("loop://?a=1&b=2", 1)),
    ],
)
def test_baud(url: str, split: tuple[str, int]) -> None:
    assert transport._split_baud(url, 9600) == split


@pytest.mark.parametrize("baud", ["", "x", "0", "-1", "1.5", "９６００"])
def test_bad_baud(baud: str) -> None:
    with pytest.raises(UsageError, match="is not a number of bits per second, such as 115200"):
        open_stream(f"serial:loop://?baud={baud}")


def test_serial_unknown_url() -> None:
    with pytest.raises(UsageError, match=r"can't open nosuch://x"):
        open_stream("serial:nosuch://x")
