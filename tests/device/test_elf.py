"""What a firmware looks like to the chip and to the linker: vectors, memory, symbols."""

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from gen.compiler.engines import ENGINES
from gen.device import board, build
from gen.device.board import Board, Layout
from gen.device.rp2040 import BOOT2_BYTES
from gen.model import tflite
from gen.model.quantized import QuantizedModel
from gen.paths import ROOT
from tests import dummy
from tests.tiny import O, T, model

DIGITS = ROOT / "models" / "digits.tflite"
CHIPS = [found for found in board.load_all() if found.flash is not None and not found.vendor]
ALL = [
    *((chip, "aot") for chip in CHIPS),
    *((chip, "tflm") for chip in {chip.isa: chip for chip in CHIPS}.values()),  # one board for each ISA
]
CORTEX_M = [case for case in ALL if "cortex_m.c" in case[0].port]

# By the chips' manuals: what the UART that the board uses raises.
UART_INTERRUPT = {
    "bluepill_f103c8": 37,
    "disco_f407vg": 38,
    "netduino_plus_2": 37,
    "nrf52840dk": 2,
    "nucleo_f446re": 38,
    "nucleo_h743zi": 39,
    "nucleo_l4r5zi": 70,
    "pico": 20,
    "qemu_microbit": 2,
    "qemu_mps2_an385": 0,
    "qemu_mps2_an386": 0,
    "qemu_mps2_an500": 0,
    "qemu_mps2_an505": 32,
    "qemu_mps3_an547": 33,
    "stm32vldiscovery": 37,
}

# Prefixes by layer; C++ names are inside a namespace, tflm or tflite, or are the generated engine_resolver().
OURS = re.compile(r"main|(engine|nn|link|port)_\w+|_ZT?[SIV]?N?K?\d*(4tflm|6tflite)\w*|_Z15engine_resolverv")
# The C library's and the compiler's, as firmware may call them.
LIBRARY = re.compile(r"mem(cmp|cpy|move|set)|__aeabi_\w+|__\w+[sd][if][0-9]?|_ctype_|__global_pointer\$|__clz_tab")
FORBIDDEN = re.compile(r"_?_?(malloc|calloc|realloc|free|sbrk|v?s?n?printf|puts|exit|abort|_Zn[wa]\w+|_Zd[la]\w+)(_r)?")


def convolution() -> bytes:
    """A .tflite file of one CONV_2D, so that the interpreter and its largest operator are linked."""
    return model(
        [
            T((1, 4, 4, 2), scale=0.5),
            T((3, 2, 2, 2), scale=(0.1, 0.2, 0.3), zero_point=(0, 0, 0), data=[1] * 24),
            T((3,), dtype="int32", scale=(0.05, 0.1, 0.15), zero_point=(0, 0, 0), data=[1, 2, 3]),
            T((1, 3, 3, 3), scale=0.7),
        ],
        [O("CONV_2D", [0, 1, 2], [3], {"padding": 1, "strideW": 1, "strideH": 1}, "Conv2DOptions")],
        [0],
        [3],
    )


@dataclass(frozen=True)
class Image:
    """A firmware: its board, where its parts belong, and the ELF file."""

    chip: Board
    layout: Layout
    path: Path
    elf: Any


@pytest.fixture(scope="module")
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """What request.param, a board and an engine, names: of aot the digits, of tflm a small model."""
    chip, engine = request.param
    content = convolution() if engine == "tflm" else DIGITS.read_bytes()
    sources = ENGINES[engine](QuantizedModel(content, tflite.read(content, "probe")), chip.target)
    path = build.build(sources, chip, tmp_path_factory.mktemp(chip.id)).elf
    layout = chip.layout(sources.const_bytes, sources.arena_bytes)
    assert layout is not None
    with path.open("rb") as file:
        yield Image(chip, layout, path, ELFFile(file))


def of(cases: Iterable[tuple[Board, str]]) -> pytest.MarkDecorator:
    """The test once for each board and engine."""
    return pytest.mark.parametrize(
        "image", cases, indirect=True, scope="module", ids=lambda case: f"{case[0].id}-{case[1]}"
    )


def symbols(elf: Any) -> list[Any]:
    """Global, defined ones."""
    found = elf.get_section_by_name(".symtab").iter_symbols()
    return [s for s in found if s["st_info"]["bind"] in ("STB_GLOBAL", "STB_WEAK") and s["st_shndx"] != "SHN_UNDEF"]


def values(elf: Any) -> dict[str, int]:
    """Addresses of all symbols, local ones too."""
    return {s.name: s["st_value"] for s in elf.get_section_by_name(".symtab").iter_symbols()}


def words(elf: Any, start: int, count: int) -> tuple[int, ...]:
    """Words of the image as they lie in flash."""
    for segment in elf.iter_segments("PT_LOAD"):
        if segment["p_paddr"] <= start < segment["p_paddr"] + segment["p_filesz"]:
            return struct.unpack_from(f"<{count}I", segment.data(), start - segment["p_paddr"])
    raise AssertionError(f"nothing is loaded at {start:#x}")


@of(CORTEX_M)
def test_the_vectors_are_where_the_core_looks(image: Image) -> None:
    flash, ram, by_name = image.layout.code, image.layout.ram, values(image.elf)
    boot2_bytes = BOOT2_BYTES if "rp2040_boot2.S" in image.chip.port else 0
    assert by_name["port_vectors"] == flash.origin + boot2_bytes
    stack, *handlers = words(image.elf, by_name["port_vectors"], 16)
    assert ram.origin + image.chip.stack_bytes == stack and stack % 8 == 0
    assert handlers[0] == by_name["port_reset"] == image.elf["e_entry"]
    assert handlers[14] == by_name["port_tick_wrapped"]
    assert all(handlers[core] == by_name["port_fault"] for core in (1, 2, 3, 4, 5))
    assert all(handler == 0 or (handler & 1 and handler in flash) for handler in handlers)


@of([case for case in ALL if "riscv.S" in case[0].port])
def test_an_esp32c3_finds_the_trap(image: Image) -> None:
    """Its mtvec keeps the upper 24 bits of an address alone (ESP32-C3 Technical Reference Manual, chapter 1)."""
    trap = values(image.elf)["trap"]
    assert trap % 256 == 0 and trap in image.layout.code


@of(CORTEX_M)
def test_the_only_device_interrupt_is_the_uarts(image: Image) -> None:
    by_name, number = values(image.elf), UART_INTERRUPT[image.chip.id]
    assert by_name["device_vectors"] == by_name["port_vectors"] + 64
    aligned = 1 << (64 + 4 * number + 3).bit_length()  # as VTOR wants a table of that size
    assert by_name["port_vectors"] % aligned == 0
    *others, handler = words(image.elf, by_name["device_vectors"], number + 1)
    assert handler in (by_name.get("uart_interrupt"), by_name.get("usart_interrupt"))
    assert handler & 1 and handler in image.layout.code and not any(others)


@of(ALL)
def test_sections_are_inside_the_memories_of_the_board(image: Image) -> None:
    regions = (image.layout.code, image.layout.constants, image.layout.ram)
    loaded = [region for region in (image.chip.flash, *regions[:2]) if region]
    allocated = [s for s in image.elf.iter_sections() if s["sh_flags"] & SH_FLAGS.SHF_ALLOC and s["sh_size"]]
    assert {".text", ".stack", ".bss"} <= {s.name for s in allocated}
    for section in allocated:
        first, last = section["sh_addr"], section["sh_addr"] + section["sh_size"] - 1
        assert any(first in region and last in region for region in regions), section.name
    for segment in image.elf.iter_segments("PT_LOAD"):
        first, last = segment["p_paddr"], segment["p_paddr"] + segment["p_filesz"] - 1
        assert segment["p_filesz"] == 0 or any(first in region and last in region for region in loaded)


@of(ALL)
def test_variables_are_in_ram(image: Image) -> None:
    by_name, ram = values(image.elf), image.layout.ram
    for start, end in (("port_bss_start", "port_bss_end"), ("port_data_start", "port_data_end")):
        assert ram.origin + image.chip.stack_bytes <= by_name[start] <= by_name[end] <= ram.origin + ram.bytes


@of(ALL)
def test_the_stack_is_lowest_so_that_too_deep_a_call_leaves_the_ram(image: Image) -> None:
    stack = image.elf.get_section_by_name(".stack")
    assert (stack["sh_addr"], stack["sh_size"]) == (image.layout.ram.origin, image.chip.stack_bytes)
    by_name = values(image.elf)
    assert by_name["port_stack_top"] - by_name["port_stack_low"] == image.chip.stack_bytes


@of(ALL)
def test_no_heap_and_no_printf(image: Image) -> None:
    names = [s.name for s in symbols(image.elf)]
    assert "memcpy" in names
    assert [name for name in names if FORBIDDEN.fullmatch(name)] == []


@of(ALL)
def test_every_global_symbol_has_the_prefix_of_its_layer(image: Image) -> None:
    names = [s.name for s in symbols(image.elf)]
    assert "engine_invoke" in names and any(name.startswith("nn_") for name in names)
    assert [name for name in names if not (OURS.fullmatch(name) or LIBRARY.fullmatch(name))] == []


@pytest.mark.parametrize("name", ["malloc", "_malloc_r", "free", "snprintf", "vsnprintf", "_sbrk", "_Znwj"])
def test_what_is_forbidden_is_recognized(name: str) -> None:
    assert FORBIDDEN.fullmatch(name) and not OURS.fullmatch(name) and not LIBRARY.fullmatch(name)


def test_a_symbol_without_a_prefix_is_found(tmp_path: Path) -> None:
    stray = "int stray_global(void);\n__attribute__((used)) int stray_global(void) {\n    return 1;\n}\n"
    call = "int stray_global(void);\n__attribute__((constructor)) static void f(void) {\n    stray_global();\n}\n"
    sources = dummy.sources(files={"stray.c": stray, "call.c": call})
    with build.build(sources, CHIPS[0], tmp_path).elf.open("rb") as file:
        names = [s.name for s in symbols(ELFFile(file))]
    assert [name for name in names if not (OURS.fullmatch(name) or LIBRARY.fullmatch(name))] == ["stray_global"]
