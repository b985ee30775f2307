"""What an ESP32's flash takes from 0x1000 on: the boot ROM's image of what it loads into RAM, then the constants that
stay in flash (firmware/port/esp32.c maps them).

The ROM's format is esptool's business; its quad modes need a second boot loader's help, so DIO."""

import subprocess
import sys
from pathlib import Path

IMAGE = 0x1000  # where the boot ROM looks in flash
CONSTANTS = 0x60000  # PORT_FLASH_CONSTANTS in boards/esp32.ini: where the constants are in flash, a page of 64 kB
WINDOW = range(0x3F400000, 0x3F800000)  # where the core sees them


def image(elf: Path, target: Path) -> None:
    """Writes to target what is flashed at IMAGE. Raises subprocess.CalledProcessError where esptool refuses."""
    from elftools.elf.elffile import ELFFile

    with elf.open("rb") as file:
        segments = [s for s in ELFFile(file).iter_segments("PT_LOAD") if s["p_filesz"]]
        in_flash = {s["p_paddr"]: s.data() for s in segments if s["p_paddr"] in WINDOW}
    loaded = _without_flash(elf, target)
    command = [sys.executable, "-m", "esptool", "--chip", "esp32", "elf2image", "--use-segments"]
    command += ["--flash-mode", "dio", "--flash-freq", "40m", "--flash-size", "4MB"]
    subprocess.run([*command, "-o", str(target), str(loaded)], check=True, stdout=subprocess.DEVNULL)
    loaded.unlink()
    for address, data in sorted(in_flash.items()):
        content = target.read_bytes()
        offset = CONSTANTS - IMAGE + address - WINDOW.start
        assert len(content) <= offset
        target.write_bytes(content.ljust(offset, b"\xff") + data)


def _without_flash(elf: Path, target: Path) -> Path:
    """A copy of the ELF whose segments in the window are of no size, which esptool leaves out."""
    from elftools.elf.elffile import ELFFile

    content = bytearray(elf.read_bytes())
    with elf.open("rb") as file:
        header = ELFFile(file).header
    for number in range(header["e_phnum"]):
        entry = header["e_phoff"] + number * header["e_phentsize"]
        if int.from_bytes(content[entry + 12 : entry + 16], "little") in WINDOW:  # p_paddr
            content[entry + 16 : entry + 20] = bytes(4)  # p_filesz
    copy = target.with_suffix(".ram.elf")
    copy.write_bytes(content)
    return copy
