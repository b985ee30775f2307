"""What a firmware looks like to the chip and to the linker: vectors, memory, symbols."""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from gen import board, build, tflite
from gen.board import Board
from gen.engines import ENGINES
from tests import dummy
from tests.tiny import O, T, model

CHIPS = [found for found in board.load_all() if found.flash is not None]

# Prefixes by layer; C++ names are inside a namespace, tflm or tflite, or are the generated engine_resolver().
OURS = re.compile(r"main|(engine|nn|link|port)_\w+|_ZT?[SIV]?N?K?\d*(4tflm|6tflite)\w*|_Z15engine_resolverv")
# The C library's and the compiler's, as firmware may call them.
LIBRARY = re.compile(r"mem(cmp|cpy|move|set)|__aeabi_\w+|__\w+[sd][if][0-9]?|_ctype_")
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


@pytest.fixture(scope="module", params=CHIPS, ids=lambda chip: chip.id)
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Board, Any]]:
    """A board and the ELF of the small model for it, by engine tflm."""
    chip: Board = request.param
    content = convolution()
    sources = ENGINES["tflm"](tflite.read(content, "small"), content, chip.isa, chip.pointer_bytes)
    firmware = build.build(sources, chip, tmp_path_factory.mktemp(chip.id))
    with firmware.elf.open("rb") as file:
        yield chip, ELFFile(file)


def regions(chip: Board) -> tuple[board.Region, board.Region]:
    assert chip.flash is not None and chip.ram is not None
    return chip.flash, chip.ram


def symbols(elf: Any) -> list[Any]:
    """Global, defined ones."""
    found = elf.get_section_by_name(".symtab").iter_symbols()
    return [s for s in found if s["st_info"]["bind"] in ("STB_GLOBAL", "STB_WEAK") and s["st_shndx"] != "SHN_UNDEF"]


def test_the_vectors_are_where_the_core_looks(image: tuple[Board, Any]) -> None:
    chip, elf = image
    flash, ram = regions(chip)
    text = elf.get_section_by_name(".text")
    assert text["sh_addr"] == flash.origin
    stack, *handlers = struct.unpack("<16I", text.data()[:64])
    assert ram.origin + chip.stack_bytes == stack and stack % 8 == 0
    by_name = {s.name: s["st_value"] for s in symbols(elf)}
    assert handlers[0] == by_name["port_reset"] == elf["e_entry"]
    assert handlers[14] == by_name["port_tick_wrapped"]
    assert all(handlers[core] == by_name["port_fault"] for core in (1, 2, 3, 4, 5))
    assert all(handler == 0 or (handler & 1 and handler in flash) for handler in handlers)


def test_sections_are_inside_the_memories_of_the_board(image: tuple[Board, Any]) -> None:
    chip, elf = image
    allocated = [s for s in elf.iter_sections() if s["sh_flags"] & SH_FLAGS.SHF_ALLOC and s["sh_size"]]
    assert {".text", ".stack", ".bss"} <= {s.name for s in allocated}
    for section in allocated:
        first, last = section["sh_addr"], section["sh_addr"] + section["sh_size"] - 1
        assert any(first in region and last in region for region in regions(chip)), section.name
    for segment in elf.iter_segments("PT_LOAD"):
        assert segment["p_filesz"] == 0 or segment["p_paddr"] in regions(chip)[0]


def test_the_stack_is_lowest_so_that_too_deep_a_call_leaves_the_ram(image: tuple[Board, Any]) -> None:
    chip, elf = image
    stack = elf.get_section_by_name(".stack")
    assert (stack["sh_addr"], stack["sh_size"]) == (regions(chip)[1].origin, chip.stack_bytes)


def test_no_heap_and_no_printf(image: tuple[Board, Any]) -> None:
    names = [s.name for s in symbols(image[1])]
    assert "memcpy" in names
    assert [name for name in names if FORBIDDEN.fullmatch(name)] == []


def test_every_global_symbol_has_the_prefix_of_its_layer(image: tuple[Board, Any]) -> None:
    names = [s.name for s in symbols(image[1])]
    assert "engine_invoke" in names and any(name.startswith("nn_") for name in names)
    assert [name for name in names if not (OURS.fullmatch(name) or LIBRARY.fullmatch(name))] == []


@pytest.mark.parametrize("name", ["malloc", "_malloc_r", "free", "snprintf", "vsnprintf", "_sbrk", "_Znwj"])
def test_what_is_forbidden_is_recognised(name: str) -> None:
    assert FORBIDDEN.fullmatch(name) and not OURS.fullmatch(name) and not LIBRARY.fullmatch(name)


def test_a_symbol_without_a_prefix_is_found(tmp_path: Path) -> None:
    stray = "int stray_global(void);\n__attribute__((used)) int stray_global(void) {\n    return 1;\n}\n"
    call = "int stray_global(void);\n__attribute__((constructor)) static void f(void) {\n    stray_global();\n}\n"
    sources = dummy.sources(files={"stray.c": stray, "call.c": call})
    with build.build(sources, CHIPS[0], tmp_path).elf.open("rb") as file:
        names = [s.name for s in symbols(ELFFile(file))]
    assert [name for name in names if not (OURS.fullmatch(name) or LIBRARY.fullmatch(name))] == ["stray_global"]
