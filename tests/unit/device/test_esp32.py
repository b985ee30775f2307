"""The file that is flashed on an ESP32: what the boot ROM loads, and the constants behind it."""

import hashlib
import itertools
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from gen.device import board, build, esp32
from gen.device.board import OTHER_CONSTANTS, Layout
from gen.errors import DoesNotFit
from gen.paths import BOARDS
from tests import dummy

ESP32 = board.load("esp32")
IRAM, DRAM, WORK_RAM, WINDOW = ESP32.code, ESP32.ram, ESP32.work_ram, ESP32.flash
MAGIC, CHECKSUM_SEED = 0xE9, 0xEF


KEPT = "__attribute__((constructor)) static void keep(void) {{\n    __asm volatile({});\n}}\n"


def constants(count: int) -> str:
    """C source of a table that is linked."""
    table = f"static const unsigned char table[{count}] = {{[0] = 0x12, [{count - 1}] = 0x34}};\n"
    return table + KEPT.format('"" ::"r"(table)')


@dataclass(frozen=True)
class Image:
    """A parsed image of the boot ROM's format (esptool's documentation, "Firmware Image Format")."""

    mode: int
    entry: int
    segments: dict[int, bytes]
    bytes: int


def parse(content: bytes) -> Image:
    magic, count, mode, _, entry = struct.unpack_from("<BBBBI", content)
    assert magic == MAGIC
    segments, at, checksum = {}, 24, CHECKSUM_SEED
    for _ in range(count):
        address, size = struct.unpack_from("<II", content, at)
        segments[address] = content[at + 8 : at + 8 + size]
        for byte in segments[address]:
            checksum ^= byte
        at += 8 + size
    end = (at | 15) + 1
    assert content[end - 1] == checksum
    assert content[end : end + 32] == hashlib.sha256(content[:end]).digest()
    return Image(mode, entry, segments, end + 32)


def test_a_small_model_is_loaded_whole(tmp_path: Path) -> None:
    built = build.build(dummy.sources(files={"constants.c": constants(5000)}, const_bytes=5000), ESP32, tmp_path)
    content = (tmp_path / "firmware.bin").read_bytes()
    image = parse(content)
    assert image.mode == 2 and image.bytes == len(content)  # DIO
    assert IRAM and DRAM and image.entry in IRAM
    assert all(address in IRAM or address in DRAM for address in image.segments)
    with built.elf.open("rb") as file:
        text = ELFFile(file).get_section_by_name(".text")
        assert image.segments[text["sh_addr"]][: text["sh_size"]] == text.data()
    loaded = b"".join(data for address, data in image.segments.items() if address in DRAM)
    assert b"\x12" + bytes(4998) + b"\x34" in loaded


def test_a_large_one_leaves_its_constants_in_flash(tmp_path: Path) -> None:
    count = 200_000
    built = build.build(dummy.sources(files={"constants.c": constants(count)}, const_bytes=count), ESP32, tmp_path)
    content = (tmp_path / "firmware.bin").read_bytes()
    image = parse(content)
    assert IRAM and WINDOW and all(address in IRAM for address in image.segments)
    start = esp32.CONSTANTS - esp32.IMAGE
    assert set(content[image.bytes : start]) == {0xFF}
    with built.elf.open("rb") as file:
        rodata = ELFFile(file).get_section_by_name(".rodata")
        assert rodata["sh_addr"] == WINDOW.origin and rodata["sh_size"] > count
        assert content[start : start + rodata["sh_size"]] == rodata.data()


def test_the_port_maps_what_the_image_holds() -> None:
    text = (BOARDS / "esp32.ini").read_text(encoding="utf-8")
    assert int(re.findall(r"-DPORT_FLASH_CONSTANTS=(\w+)", text)[0], 0) == esp32.CONSTANTS
    assert esp32.CONSTANTS % 0x10000 == 0 and WINDOW and WINDOW.bytes == (4 << 20) - esp32.CONSTANTS
    assert WINDOW.origin == esp32.WINDOW.start and IRAM and DRAM
    assert esp32.IMAGE + IRAM.bytes + DRAM.bytes < esp32.CONSTANTS


def test_constants_and_arena_are_in_ram_where_both_fit() -> None:
    assert IRAM and DRAM and WORK_RAM and WINDOW
    in_ram, in_flash = Layout(IRAM, DRAM, WORK_RAM), Layout(IRAM, WINDOW, DRAM)
    most = DRAM.bytes - OTHER_CONSTANTS
    assert [ESP32.layout(count, 1000) for count in (most, most + 1)] == [in_ram, in_flash]
    assert [ESP32.layout(1000, count) for count in (100_000, 110_000)] == [in_ram, in_flash]


def test_what_does_not_fit_is_said_of_the_memory_that_it_is_meant_for(tmp_path: Path) -> None:
    assert DRAM and WINDOW
    build.check_fits(ESP32, dummy.sources(arena_bytes=DRAM.bytes - ESP32.stack_bytes, const_bytes=WINDOW.bytes))
    with pytest.raises(DoesNotFit, match=r"bytes of RAM .* has 196608: does not fit by 1 bytes"):
        build.check_fits(ESP32, dummy.sources(arena_bytes=DRAM.bytes - ESP32.stack_bytes + 1))
    with pytest.raises(DoesNotFit, match=r"bytes of flash .* has 3801088: does not fit by 1 bytes"):
        build.check_fits(ESP32, dummy.sources(const_bytes=WINDOW.bytes + 1))
    code = KEPT.format('".space 140000"')
    with pytest.raises(DoesNotFit, match=r"bytes of RAM for code and esp32 has 131072: does not fit by \d+ bytes"):
        build.build(dummy.sources(files={"code.c": code}), ESP32, tmp_path / "code")
    with pytest.raises(DoesNotFit, match=r"bytes of RAM for constants and esp32 has 196608: does not fit by \d+ bytes"):
        build.build(dummy.sources(files={"constants.c": constants(200_000)}), ESP32, tmp_path / "constants")


def test_regions_do_not_overlap() -> None:
    regions = sorted((r for r in (IRAM, DRAM, WORK_RAM, WINDOW) if r), key=lambda region: region.origin)
    assert all(a.origin + a.bytes <= b.origin for a, b in itertools.pairwise(regions))
    assert regions == [WINDOW, DRAM, WORK_RAM, IRAM]
