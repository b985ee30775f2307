"""Flashing with tools that only say what they were told, and ports that are only listed."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from serial.tools import list_ports

from gen.cli.main import main
from gen.device import board as boards
from gen.device import flash
from gen.device.board import Board
from gen.device.flash import FlashFailed, choose, find_port, run
from gen.errors import MissingTool, UsageError
from gen.paths import ROOT

REAL = [board for board in boards.load_all() if board.flash_tools]
FOLDER = Path("build") / "some"


@dataclass
class Port:
    """As pyserial's list_ports gives it."""

    device: str
    vid: int | None
    pid: int | None
    description: str = "a port"


def no_port() -> str:
    raise AssertionError("this tool needs no port")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(flash, "DRIVES", (str(tmp_path / "media"),))
    return tmp_path


def install(folder: Path, name: str, status: int = 0) -> Path:
    """A tool that writes down its arguments; returns the file that it writes."""
    told = folder / f"{name}.json"
    script = f"import json, sys\njson.dump(sys.argv[1:], open({str(told)!r}, 'w'))\nsys.exit({status})\n"
    (folder / name).write_text(f"#!{sys.executable}\n{script}")
    (folder / name).chmod(0o755)
    return told


def plug_in(monkeypatch: pytest.MonkeyPatch, *ports: Port) -> None:
    monkeypatch.setattr(list_ports, "comports", lambda: list(ports))


@pytest.mark.parametrize("board", REAL, ids=lambda b: b.id)
def test_every_tool_of_every_board_has_a_command(board: Board, path: Path) -> None:
    for tool in board.flash_tools:
        command = choose(board, FOLDER, tool.partition(":")[0], lambda: "/dev/ttyUSB7", dry=True)
        assert any(str(FOLDER / "firmware.") in word for word in command)
        assert all(command), command


def test_commands(path: Path) -> None:
    def words(board: str, tool: str) -> str:
        return " ".join(choose(boards.load(board), FOLDER, tool, lambda: "/dev/ttyUSB7", dry=True))

    assert words("stm32vldiscovery", "openocd") == (
        "openocd -f board/stm32vldiscovery.cfg -c program {build/some/firmware.elf} verify reset exit"
    )
    assert words("nucleo_f446re", "st-flash") == "st-flash --reset write build/some/firmware.bin 0x08000000"
    assert words("nrf52840dk", "pyocd") == "pyocd flash --target nrf52840 build/some/firmware.hex"
    assert words("pico", "picotool") == "picotool load --verify --execute build/some/firmware.uf2"
    assert words("esp32", "esptool").endswith(
        "-m esptool --chip esp32 --port /dev/ttyUSB7 write-flash 0x1000 build/some/firmware.bin"
    )
    assert words("esp32c3", "esptool").endswith("write-flash 0x0 build/some/firmware.bin")


def test_the_first_tool_that_is_here(path: Path) -> None:
    nucleo = boards.load("nucleo_f446re")
    install(path, "pyocd")
    assert choose(nucleo, FOLDER, None, no_port)[0] == "pyocd"
    install(path, "openocd")
    assert choose(nucleo, FOLDER, None, no_port)[0] == "openocd"
    assert choose(nucleo, FOLDER, "pyocd", no_port)[0] == "pyocd"


def test_nothing_here_can_flash_it(path: Path) -> None:
    with pytest.raises(MissingTool, match=r"openocd: `apt-get install openocd`; or st-flash: .*stlink-tools"):
        choose(boards.load("nucleo_f446re"), FOLDER, None, no_port)
    with pytest.raises(UsageError, match="did you mean 'openocd'"):
        choose(boards.load("nucleo_f446re"), FOLDER, "openocdd", no_port)
    with pytest.raises(UsageError, match="is no board that can be flashed"):
        choose(boards.load("qemu_mps2_an386"), FOLDER, None, no_port)


def test_a_tool_runs_and_its_failure_is_ours(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    nucleo = boards.load("nucleo_f446re")
    told = install(path, "st-flash")
    command = choose(nucleo, FOLDER, "st-flash", no_port)
    run(command, nucleo)
    assert json.loads(told.read_text()) == command[1:]
    install(path, "st-flash", status=3)
    with pytest.raises(FlashFailed, match=r"st-flash could not flash nucleo_f446re \(exit status 3"):
        run(command, nucleo)
    assert FlashFailed.exit_code == 5
    with pytest.raises(FlashFailed, match="esptool could not flash esp32 "):
        run([sys.executable, "-m", "esptool", "no-such-command"], boards.load("esp32"))
    assert capfd.readouterr().out == ""


def test_uf2_is_copied_to_the_drive(path: Path) -> None:
    pico = boards.load("pico")
    (path / "firmware.uf2").write_bytes(b"UF2\n")
    with pytest.raises(MissingTool, match="hold the board's BOOTSEL button"):
        choose(pico, path, "uf2", no_port)
    drive = path / "media" / "somebody" / "RPI-RP2"
    drive.mkdir(parents=True)
    run(choose(pico, path, None, no_port), pico)
    assert (drive / "firmware.uf2").read_bytes() == b"UF2\n"
    (path / "firmware.uf2").unlink()
    with pytest.raises(FlashFailed, match="could not be copied"):
        run(choose(pico, path, None, no_port), pico)


def test_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    nucleo = boards.load("nucleo_f446re")
    own = Port("/dev/ttyACM0", 0x0483, 0x374B)
    other = Port("/dev/ttyUSB0", 0x10C4, 0xEA60)
    console = Port("/dev/ttyS0", None, None)
    plug_in(monkeypatch, console)
    assert find_port(nucleo, "/dev/ttyS0") == "/dev/ttyS0"
    with pytest.raises(UsageError, match="no serial port over USB is here for nucleo_f446re"):
        find_port(nucleo, None)
    plug_in(monkeypatch, console, other)
    assert find_port(nucleo, None) == "/dev/ttyUSB0"
    plug_in(monkeypatch, console, other, own)
    assert find_port(nucleo, None) == "/dev/ttyACM0"
    plug_in(monkeypatch, own, Port("/dev/ttyACM1", 0x0483, 0x374B))
    with pytest.raises(UsageError, match=r"several ports may be nucleo_f446re.*ttyACM0 .*ttyACM1 .*0483:374b"):
        find_port(nucleo, None)


def test_dry_run_prints_one_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flash", "digits", "--board", "bluepill_f103c8", "--tool", "openocd", "--dry-run"]) == 0
    assert capsys.readouterr().out == (
        "openocd -f interface/stlink.cfg -f target/stm32f1x.cfg -c "
        f"'program {{{os.path.relpath(ROOT)}/build/digits-bluepill_f103c8-tflm/firmware.elf}} "
        "verify reset exit'\n"
    ).replace("./", "")
