"""The start-up of real boards on labwired's models of their chips: oscillators and PLLs that become ready after what
they depend on. A step that fails leaves a port on its internal oscillator. QEMU's machines have no clocks at all."""

from pathlib import Path

import labwired
import pytest
from elftools.elf.elffile import ELFFile

from gen.device import board, build
from tests import dummy

# Register, mask, value: of the clocks in use, the PLL's dividers, the wait states.
CASES = {
    "bluepill_f103c8": ("stm32f103", [(0x40021004, 0x3D070C, 0x1D0408), (0x40022000, 0x17, 0x12)]),
    "disco_f407vg": ("stm32f407", [(0x40023808, 0xFCFC, 0x9408), (0x40023804, 0x437FFF, 0x405408), (0x40023C00, 7, 5)]),
    "netduino_plus_2": (
        "stm32f405",
        [(0x40023808, 0xFCFC, 0x9408), (0x40023804, 0x437FFF, 0x405419), (0x40023C00, 7, 5)],
    ),
    "nrf52840dk": ("nrf52840-dk", [(0x40000100, 1, 1), (0x40002500, 0xF, 4)]),
    "nucleo_l4r5zi": (
        "stm32l476",
        [(0x40021008, 0xFC, 0x0C), (0x4002100C, 0x67F73, 0x3C32), (0x40022000, 0x707, 0x705)],
    ),
    "pico": ("rp2040", [(0x4000803C, 0xE1, 1), (0x40028008, 0xFFF, 125), (0x4002800C, 0x77000, 0x62000)]),
}
VTOR = 0xE000ED08
# The nearest chip that labwired knows has no port G: there the start-up ends at the UART's pins, after the clocks.
NO_UART_PINS = ("nucleo_l4r5zi",)


@pytest.mark.parametrize("board_id", CASES)
def test_the_core_gets_its_rated_clock(board_id: str, tmp_path: Path) -> None:
    model, registers = CASES[board_id]
    found = board.load(board_id)
    elf = build.build(dummy.sources(), found, tmp_path).elf
    with elf.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        (tick_hz,), (vectors,) = (symbols.get_symbol_by_name(name) for name in ("tick_hz", "port_vectors"))
    system = Path(labwired.__file__).parent / "configs" / "systems" / f"{model}.yaml"
    with labwired.Sim(elf, system=system) if system.is_file() else labwired.Sim(elf, chip=model) as chip:
        chip.run_for("1ms")
        assert chip.read_u32(VTOR) == vectors["st_value"]
        for address, mask, value in registers:
            assert chip.read_u32(address) & mask == value, f"{address:#x} is {chip.read_u32(address):#x}"
        assert chip.read_u32(tick_hz["st_value"]) == found.clock_hz or board_id in NO_UART_PINS
