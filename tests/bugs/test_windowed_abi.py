"""Exports for the ESP32 carried assembly for CALL0, which compiles and links where compilers use register windows, and
crashes at the first call. That they compute what they should is for tests/device/test_windowed.py to say."""

import re
import subprocess
from pathlib import Path

import pytest

from gen.compiler.engines import ENGINES, Sources
from gen.export.library import FORMATS
from gen.export.sources import tree
from gen.paths import FIRMWARE
from tests import windowed
from tests.export_host import library, quantized, run

FILES = sorted(path.name for path in (FIRMWARE / "kernels" / "xtensa").glob("*.S"))
# What only abi.inc may say: how a function begins and ends, and calls.
OF_AN_ABI = r"(entry|ret|retw|_?retw?\.n|callx?(0|4|8|12)|jx|movsp)\b"
ENTRY, RETW = 0x136, 0x000090  # entry a1; in bits 12 and up an eighth of its bytes
ABIS = {"call0": (), "windowed": windowed.ABI}


def exported(folder: Path) -> Path:
    """Every file of an export with every kernel for Xtensa."""
    files = tuple(f"kernels/xtensa/{name}" for name in FILES)
    sources = Sources("aot", "all", quantized("digits").graph, {}, files, (".", "kernels"), 0, "", 0, 0, ())
    for path, text in tree(sources, "mine").items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder / "kernels" / "xtensa"


def instructions(source: Path, abi: str) -> list[tuple[int, str, str]]:
    """The code, mnemonics and operands of a file with one function; the disassembler doesn't know windows either."""
    built = source.with_suffix(f".{abi}.o")
    run(f"{windowed.TOOLCHAIN}gcc", *ABIS[abi], "-c", source, "-o", built)
    (section,) = re.findall(r"\.text\.\S+ .* 2\*\*(\d+)", run(f"{windowed.TOOLCHAIN}objdump", "-h", built))
    assert int(section) >= 2, "an entry lies at a multiple of 4"
    text = run(f"{windowed.TOOLCHAIN}objdump", "-dz", built)
    assert len(re.findall(r"^0+ <\w+>:$", text, re.MULTILINE)) == 1
    found = re.findall(r"^ *[0-9a-f]+:\s+([0-9a-f]+) +\t(\S+)\s*(.*)$", text, re.MULTILINE)
    return [(int(code, 16), mnemonic, operands) for code, mnemonic, operands in found]


@pytest.mark.parametrize("name", FILES)
def test_functions_begin_and_end_as_the_abi_wants(name: str, tmp_path: Path) -> None:
    source = exported(tmp_path) / name
    call0, windows = (instructions(source, abi) for abi in ABIS)
    moves = re.compile(r"a1, a1, (-?\d+)")
    down, *others = [int(match[1]) for _, _, operands in call0 if (match := moves.fullmatch(operands))]
    returns = sum(mnemonic.removesuffix(".n") == "ret" for _, mnemonic, _ in call0)
    assert call0[0][1:] == ("addi", f"a1, a1, {down}") and down % 16 == 0
    assert returns > 0 and others == [-down] * returns
    code = windows[0][0]
    assert code & 0xFFF == ENTRY and (code >> 12) * 8 == 32 - down
    assert sum(code == RETW for code, _, _ in windows) == returns
    assert not any(mnemonic.startswith("ret") for _, mnemonic, _ in windows)
    # An interrupt that spills windows stores just below a1.
    stores = ("s8i", "s16i", "s32i", "s32i.n")
    assert [m for _, m, operands in windows[1:] if operands.startswith("a1,") and m not in stores] == []


@pytest.mark.parametrize("name", FILES)
def test_an_abi_that_is_neither_is_refused(name: str, tmp_path: Path) -> None:
    source = exported(tmp_path) / name
    compiler = (f"{windowed.TOOLCHAIN}gcc", "-U__XTENSA_CALL0_ABI__")
    done = subprocess.run([*compiler, "-E", source], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "names neither of Xtensa's ABIs" in done.stderr


def test_no_kernel_has_a_return_or_a_call_of_its_own(tmp_path: Path) -> None:
    folder = exported(tmp_path)
    assert re.search(rf"^\s*{OF_AN_ABI}", (folder / "abi.inc").read_text(), re.MULTILINE)
    for name in FILES:
        text = re.sub(r"/\*.*?\*/", "", (folder / name).read_text(), flags=re.DOTALL)
        assert re.findall(rf"^(?:.*:)?\s*({OF_AN_ABI}.*)$", text, re.MULTILINE) == [], name
        assert text.count("NN_ENTRY") == text.count("NN_FUNCTION") == 1 and "NN_RETURN" in text, name


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("form", FORMATS)
def test_an_export_carries_the_abi_and_says_what_it_is_tested_with(form: str, engine: str) -> None:
    files = library("digits", engine, form, "xtensa").files
    assembly = [path for path in files if path.endswith(".S")]
    assert assembly and all('#include "abi.inc"\n' in files[path] for path in assembly)
    assert "src/digits/kernels/xtensa/abi.inc" in files
    readme = files["README.md"]
    assert "register windows (Arduino-ESP32, ESP-IDF, PlatformIO's espressif32)" in readme
    assert "nor on a real chip" in readme
    assert "register windows" not in library("digits", engine, form).files["README.md"]
