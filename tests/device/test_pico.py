"""What the RP2040's boot ROM does with a firmware: it checks the second-stage boot, runs it, and that starts the rest.

The checksum and the processor are written here anew, so that nothing is compared with itself."""

import struct
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from gen.device import board, build
from tests import dummy

FLASH = 0x10000000
RAN_AT = 0x20041F00  # where the boot ROM copies the 256 bytes to
SSI = 0x18000000
VTOR = 0xE000ED08


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the smallest firmware."""
    return build.build(dummy.sources(), board.load("pico"), tmp_path_factory.mktemp("pico")).elf.parent


@pytest.fixture(scope="module")
def image(folder: Path) -> bytes:
    """The flash from its start."""
    return (folder / "firmware.bin").read_bytes()


def remainder(data: bytes) -> int:
    """Of all bits as a polynomial, the first 32 inverted, by CRC-32's: 0 where a message ends with its checksum."""
    number = int.from_bytes(data) ^ 0xFFFFFFFF << 8 * (len(data) - 4)
    for bit in reversed(range(32, 8 * len(data))):
        if number >> bit & 1:
            number ^= 0x104C11DB7 << (bit - 32)
    return number


def test_the_checksum_is_right_in_every_file(folder: Path, image: bytes) -> None:
    with (folder / "firmware.elf").open("rb") as file:
        first = next(s for s in ELFFile(file).iter_segments("PT_LOAD") if s["p_paddr"] == FLASH).data()
    for boot2 in (image[:256], first[:256]):
        stored = struct.unpack("<I", boot2[252:])[0]
        assert remainder(boot2[:252] + stored.to_bytes(4)) == 0


def test_the_usb_drives_file_holds_the_image(folder: Path, image: bytes) -> None:
    content = (folder / "firmware.uf2").read_bytes()
    blocks = [content[at : at + 512] for at in range(0, len(content), 512)]
    flash = b""
    for number, block in enumerate(blocks):
        fields = struct.unpack("<8I", block[:32])
        assert fields[:2] == (0x0A324655, 0x9E5D5157) and block[508:] == struct.pack("<I", 0x0AB16F30)
        assert fields[2:] == (0x2000, FLASH + len(flash), 256, number, len(blocks), 0xE48BFF56)
        flash += block[32 : 32 + 256]
    assert flash[: len(image)] == image and not any(flash[len(image) :]) and len(flash) < len(image) + 256


def test_the_second_stage_sets_the_flash_up_and_starts_the_firmware(image: bytes) -> None:
    stores, stack, place = run(image)
    ssi = [(address - SSI, value) for address, value in stores if address != VTOR]
    assert ssi[0] == (0x08, 0) and ssi[-1] == (0x08, 1)  # everything else while it is off
    written = dict(ssi[1:-1])
    assert written[0x14] % 2 == 0 and 125e6 / written[0x14] <= 50e6  # an even divider; command 03h bears 50 MHz
    assert written[0x00] == 31 << 16 | 3 << 8 and written[0x04] == 0  # frames of 32 bits, one after command and address
    assert written[0xF4] == 0x03 << 24 | 2 << 8 | 6 << 2  # 8 bits of command, 24 of address, on one line
    assert (VTOR, FLASH + 0x100) in stores
    assert (stack, place) == struct.unpack_from("<2I", image, 0x100)


def run(image: bytes) -> tuple[list[tuple[int, int]], int, int]:
    """Interprets the second-stage boot where the boot ROM puts it (ARMv6-M Architecture Reference Manual, A6.7):
    its stores (address, value), then the stack pointer and the address that it jumps to."""
    memory: dict[int, Any] = {RAN_AT + at: struct.unpack_from("<I", image, at)[0] for at in range(0, 256, 4)}
    memory |= {FLASH + at: struct.unpack_from("<I", image, at)[0] for at in range(0, 0x200, 4)}
    registers, stores = [0] * 16, []
    for at in range(RAN_AT, RAN_AT + 252, 2):
        code = memory[at & ~3] >> 8 * (at & 2) & 0xFFFF
        low, middle, byte = code & 7, code >> 3 & 7, code & 0xFF
        if code >> 11 == 0b01001:  # LDR literal
            registers[code >> 8 & 7] = memory[(at + 4 & ~3) + 4 * byte]
        elif code >> 11 == 0b00100:  # MOVS immediate
            registers[code >> 8 & 7] = byte
        elif code >> 11 == 0b01100:  # STR
            stores.append((registers[middle] + 4 * (code >> 6 & 31), registers[low]))
        elif code >> 11 == 0b01101:  # LDR
            registers[low] = memory[registers[middle] + 4 * (code >> 6 & 31)]
        elif code >> 8 == 0b01000110:  # MOV
            registers[low | code >> 4 & 8] = registers[code >> 3 & 15]
        elif code >> 7 == 0b010001110:  # BX
            return stores, registers[13], registers[code >> 3 & 15]
        else:
            raise AssertionError(f"{code:#06x} at {at:#x} is no instruction that this knows")
    raise AssertionError("it ran into its checksum")
