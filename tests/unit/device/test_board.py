"""boards/*.ini, the table of boards, against the files on disk and against what a wrong one must say."""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from gen.cli.main import main
from gen.device import board
from gen.device.board import Board, Region
from gen.errors import UsageError
from gen.paths import ROOT

GOOD = """\
[env:mine]
extends = cortex_m4
custom_name = Mine
custom_mcu = STM32F407VG
custom_clock_hz = 168000000
custom_flash = 0x08000000 1M
custom_ram = 0x20000000 131072
custom_stack_bytes = 4096
custom_port = stm32f4.c cortex_m.c
custom_transport = exec:emulator {elf}
custom_emulated = yes
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.ini"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_boards_that_are_promised_are_there() -> None:
    real = {"nucleo_f446re", "disco_f407vg", "bluepill_f103c8", "nucleo_l4r5zi", "nucleo_h743zi", "pico", "nrf52840dk"}
    assert set(board.known()) >= {"host", "netduino_plus_2", "stm32vldiscovery", "qemu_mps2_an386"} | real


@pytest.mark.parametrize("board_id", board.known())
def test_a_board_names_files_that_exist_and_says_everything(board_id: str) -> None:
    found = board.load(board_id)
    assert found.id == board_id
    assert found.port and all((ROOT / "firmware" / "port" / name).is_file() for name in found.port)
    assert found.vendor or found.toolchain in board.TOOLCHAINS
    assert found.pointer_bytes in (4, 8)
    assert "{elf}" in found.transport or not found.transport
    assert found.transport or found.flash_tools  # an emulator or a way to the real board
    assert len(found.as_row()) == 8
    assert json.loads(json.dumps(found.as_json()))["id"] == board_id
    if board_id != "host":
        assert found.flash and found.ram and 0 < found.stack_bytes < found.ram_bytes


def test_every_port_is_used_by_a_board() -> None:
    folder = ROOT / "firmware" / "port"
    ports = {path.relative_to(folder).as_posix() for kind in ("*.c", "*.cpp", "*.S") for path in folder.rglob(kind)}
    upstream = {"newlib.c"}  # for builds with an upstream TFLM, whatever the board
    assert ports == upstream | {name for found in board.load_all() for name in found.port}


@pytest.mark.parametrize("board_id", board.known())
def test_a_real_board_says_how_it_is_flashed(board_id: str) -> None:
    found = board.load(board_id)
    for tool in found.flash_tools:
        name, _, told = tool.partition(":")
        assert name in ("esptool", "openocd", "st-flash", "picotool", "uf2", "pyocd")
        assert bool(told) == (name not in ("st-flash", "picotool"))
    assert bool(found.flash_tools) == (board_id != "host" and not board_id.startswith("qemu_"))
    assert found.flash_tools or not found.usb_ids


def test_how_far_a_board_is_checked() -> None:
    said = {board_id: board.load(board_id).checked for board_id in ("host", "netduino_plus_2", "pico")}
    assert said == {"host": "run in CI", "netduino_plus_2": "emulated in CI: qemu-system-arm", "pico": "built in CI"}


def test_the_table_fits_120_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boards"]) == 0
    table = capsys.readouterr().out
    assert "…" not in table and max(map(len, table.splitlines())) <= 120
    assert all(f" {board_id} " in table for board_id in board.known())


def test_sizes_of_the_netduino() -> None:
    found = board.load("netduino_plus_2")
    assert (found.flash, found.ram) == (Region(0x08000000, 1 << 20), Region(0x20000000, 128 << 10))
    assert (found.clock_hz, found.pointer_bytes, found.emulated) == (168_000_000, 4, True)


def test_it_can_be_read_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = board.load_all()
    monkeypatch.chdir(tmp_path)
    assert board.load_all() == here


def test_settings_of_the_person_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = board.load("host")
    for name in [name for name in os.environ if name.startswith("PLATFORMIO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PLATFORMIO_CORE_DIR", "/nowhere")
    assert board.load("host") == expected


def test_a_board_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        board.load("host").id = "other"  # type: ignore[misc]


def test_an_unknown_board_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"unknown board 'netduino_plus2': did you mean 'netduino_plus_2'\?"):
        board.load("netduino_plus2")
    with pytest.raises(UsageError, match=r"unknown board '\.\./host': .*"):
        board.load("../host")


def test_a_region_holds_its_addresses() -> None:
    region = Region(0x100, 0x10)
    assert [address in region for address in (0xFF, 0x100, 0x10F, 0x110)] == [False, True, True, False]


def test_a_board_is_one_file(tmp_path: Path) -> None:
    found = board.read(written(tmp_path, GOOD))
    assert isinstance(found, Board)
    assert (found.id, found.core, found.isa) == ("mine", "Cortex-M4F", "dsp")
    assert (found.flash_bytes, found.ram_bytes) == (1 << 20, 128 << 10)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("env:mine", "env:yours", r"mine\.ini has no section \[env:mine\]"),
        ("custom_mcu = STM32F407VG\n", "", r"mine\.ini lacks the key custom_mcu"),
        ("168000000", "fast", r"mine\.ini has a wrong value: .*'fast'"),
        ("0x08000000 1M", "1M", r"mine\.ini has a wrong value: custom_flash is '1M'"),
        ("0x08000000 1M", "0x08000000 1G", r"mine\.ini has a wrong value: custom_flash is"),
        ("custom_emulated = yes", "custom_usb_ids = 0483:374B", r"custom_usb_ids has '0483:374B', not VENDOR:PRODUCT"),
        ("custom_emulated = yes", "custom_emulated = maybe", r"custom_emulated is 'maybe', not yes or no"),
        ("[env:mine]", "env:mine", r"mine\.ini can't be read"),
    ],
)
def test_a_wrong_file_is_said_in_a_sentence(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(UsageError, match=message):
        board.read(written(tmp_path, GOOD.replace(old, new)))
