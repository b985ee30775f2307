"""The seam between C and assembly: one number for each field, which both sides are held to; a block before each
assembly function whose signature, sizes, access and stack are true."""

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.kernels.assembly import ASSEMBLY, TARGET_OF, Block, accesses, blocks, compiler, disassembled, stack_bytes
from tests.kernels.harness import KERNEL_DIR, assembly_functions

BLOCKS = [block for path in ASSEMBLY for block in blocks(path)]
FILES = [str(path.relative_to(KERNEL_DIR)) for path in ASSEMBLY]
MOVED = 64  # bytes that every field is moved by, to see which instructions follow


def asserted() -> Iterator[tuple[str, Path, str]]:
    """(ISA, header, struct) of every struct with offsets."""
    for isa in TARGET_OF:
        for header in sorted((KERNEL_DIR / isa).glob("*.h")):
            for struct in dict.fromkeys(re.findall(r"NN_FIELD_AT\((\w+),", header.read_text())):
                yield isa, header, struct


STRUCTS = list(asserted())


def body(struct: str, text: str) -> re.Match[str]:
    found = re.search(r"typedef struct \{([^}]*)\} " + struct + ";", text)
    assert found
    return found


def fields(text: str) -> list[str]:
    """Declarations of a struct's body, one field each."""
    found = []
    for declaration in text.split(";")[:-1]:
        kind, first, *others = re.split(r"\s(?=\*?\w+(?:\[|,|$))|,\s*", declaration.strip())
        found += [f"{kind} {name}" for name in (first, *others)]
    return found


def offsets(isa: str) -> dict[str, int]:
    text = (KERNEL_DIR / isa / "offsets.h").read_text()
    return {name: int(number) for name, number in re.findall(r"#define (NN_\w+_AT_\w+) (\d+)$", text, re.MULTILINE)}


def checked_by(header: Path, struct: str) -> set[str]:
    """Fields that a header asserts."""
    found = re.findall(rf"NN_FIELD_AT\({struct}, (\w+), (\w+)\)", header.read_text())
    assert all(symbol == f"{struct[:-2]}_AT_{field}".upper() for field, symbol in found)
    return {field for field, _ in found}


def own_header(isa: str, struct: str, header: Path) -> Path:
    """Where a struct is defined."""
    return header if "} " + struct in header.read_text() else KERNEL_DIR / "portable" / "window.h"


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(KERNEL_DIR, tmp_path_factory.mktemp("seam") / "kernels"))


@pytest.mark.parametrize(("isa", "header", "struct"), STRUCTS, ids=[f"{isa}-{struct}" for isa, _, struct in STRUCTS])
def test_two_fields_swapped_do_not_compile(isa: str, header: Path, struct: str, copied: Path) -> None:
    """Each two neighbors of which assembly reads one."""
    path = copied / own_header(isa, struct, header).relative_to(KERNEL_DIR)
    text, includes = path.read_text(), ("-fsyntax-only", "-x", "c", copied / header.relative_to(KERNEL_DIR))
    found, read = body(struct, text), checked_by(header, struct)
    listed = fields(found[1])
    assert compiler(isa, *includes, folder=copied).returncode == 0
    for i in range(len(listed) - 1):
        names = {re.findall(r"\w+", re.sub(r"\[.*", "", field))[-1] for field in listed[i : i + 2]}
        if names & read:
            swapped = [*listed[:i], listed[i + 1], listed[i], *listed[i + 2 :]]
            path.write_text(text[: found.start(1)] + "".join(f"{f};\n" for f in swapped) + text[found.end(1) :])
            done = compiler(isa, *includes, folder=copied)
            path.write_text(text)
            assert done.returncode and f"assembly reads {struct}." in done.stderr, (names, done.stderr)


def test_every_isa_with_assembly_has_structs() -> None:
    assert {isa for isa, _, _ in STRUCTS} == {path.parent.name for path in ASSEMBLY} == set(TARGET_OF)


@pytest.mark.parametrize("isa", TARGET_OF)
def test_every_offset_is_asserted_in_c_and_used_by_assembly(isa: str) -> None:
    asserts = {
        symbol
        for path in (KERNEL_DIR / isa).glob("*.h")
        for symbol in re.findall(r"NN_FIELD_AT\(\w+, \w+, (\w+)\)", path.read_text())
    }
    used = {
        symbol
        for path in (KERNEL_DIR / isa).glob("*.S")
        for symbol in re.findall(r"\bNN_\w+_AT_\w+", re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL))
    }
    assert asserts == used == set(offsets(isa))


def in_struct(block: Block) -> dict[str, str]:
    """Registers that a struct's pointer comes in, and its type."""
    types = block.parameters()
    pairs = ((memory.where, types.get(memory.name, "")) for memory in block.arguments if "->" not in memory.where)
    return {where: match[1] for where, kind in pairs if (match := re.fullmatch(r"(?:const )?(nn_\w+_t) \*", kind))}


def moved(copied: Path, isa: str) -> Path:
    """A copy in which each field is somewhere else, and nobody minds."""
    path = copied / isa / "offsets.h"
    text = (KERNEL_DIR / isa / "offsets.h").read_text()
    path.write_text(
        re.sub(r"(#define NN_\w+_AT_\w+ )(\d+)$", lambda m: f"{m[1]}{int(m[2]) + MOVED}", text, flags=re.MULTILINE)
    )
    (copied / "nn_fields.inc").write_text("    .macro NN_FIELDS at:vararg\n    .endm\n")
    return copied / isa


@pytest.mark.parametrize("file", FILES)
def test_no_field_is_read_at_a_bare_number(file: str, tmp_path: Path) -> None:
    """Assembled again with every offset MOVED: what an instruction takes from a struct has moved as well. Several words
    at once, which have no number, are under NN_FIELDS."""
    path = KERNEL_DIR / file
    copied = Path(shutil.copytree(KERNEL_DIR, tmp_path / "kernels"))
    before = disassembled(path, tmp_path / "before.o")
    after = disassembled(moved(copied, path.parent.name) / path.name, tmp_path / "after.o", folder=copied)
    seen = 0
    for block in blocks(path):
        for name in block.names:
            for register in in_struct(block):
                old, new = (accesses(functions[name], register) for functions in (before, after))
                assert [access.many for access in old] == [access.many for access in new]
                pairs = [(a, b.offset - a.offset) for a, b in zip(old, new, strict=True) if not a.many]
                assert [a.text for a, by in pairs if by != MOVED] == [], f"{name}: by a number, not a name of offsets.h"
                assert all(is_listed(access.text, path.read_text()) for access in old if access.many)
                seen += len(old)
    assert seen or not any(in_struct(block) for block in blocks(path))


def listed_registers(operands: str) -> list[int]:
    """Numbers of r1-r3, r5."""
    spans = re.findall(r"r(\d+)(?:-r(\d+))?", operands.replace("lr", "r14").replace("pc", "r15"))
    return [i for first, last in spans for i in range(int(first), int(last or first) + 1)]


def is_listed(instruction: str, source: str) -> bool:
    """Whether what takes several words follows an NN_FIELDS in the source, or copies a whole struct."""
    words = re.search(r"\{(.*)\}", instruction)
    if words is None:  # of one register, to or from a pointer that walks
        return "QUAD" in source or "NN_FIELDS" in source
    checked = re.findall(r"^    NN_FIELDS .*\n.*(?:ldm|stm)\w* \w+!?, (\{.*\})", source, re.MULTILINE)
    return listed_registers(words[1]) in map(listed_registers, checked)


def test_of_two_fields_in_one_instruction_both_are_named() -> None:
    """ldrd takes the word after the one that it names: NN_FIELDS names it too, unless it is of the same array."""
    for path in ASSEMBLY:
        numbers, lines = offsets(path.parent.name), path.read_text().splitlines()
        for before, line in pairwise(lines):
            if match := re.search(r"\b(?:ldrd|strd) .*#(NN_\w+_AT_\w+)", line):
                prefix = match[1].partition("_AT_")[0] + "_AT_"
                after = {number for symbol, number in numbers.items() if symbol.startswith(prefix)}
                in_array = numbers[match[1]] + 4 not in after
                assert in_array or before.startswith(f"    NN_FIELDS {match[1]}, {match[1]}, {prefix}"), line


def test_no_copy_of_a_struct_is_read_at_a_bare_number() -> None:
    """mve/ copies some to the stack, where accesses() doesn't follow."""
    texts = [path.read_text() for path in ASSEMBLY]
    copying = [text for text in texts if "QUAD" in text]
    assert len(copying) == 2
    for text in copying:
        assert re.findall(r"\[sp(?:, #\d+)?\]", text) == []


def test_a_bare_number_is_noticed(tmp_path: Path) -> None:
    """One each in a copy: the first field that a register of the argument is used for."""
    for file, symbol in (
        ("armv7m/depthwise_plane.S", "#NN_DEPTHWISE_PLANE_AT_NEGATIVE"),
        ("dsp/depthwise_line.S", "#NN_DEPTHWISE_LINE_AT_TAPS"),
        ("dsp/depthwise_3x3.S", "#NN_DEPTHWISE_LINES_AT_LINES"),
        ("mve/gemm_block.S", "#NN_GEMM_JOB_AT_PAIRS"),
        ("riscv/depthwise_3x3.S", "NN_DEPTHWISE_3X3_AT_LINES"),
        ("xtensa/outputs.S", "NN_OUTPUTS_AT_LINES"),
    ):
        isa = file.split("/")[0]
        copied = Path(shutil.copytree(KERNEL_DIR, tmp_path / file))
        number = offsets(isa)[symbol.removeprefix("#")]
        text = (copied / file).read_text()
        assert text.count(symbol) >= 1
        (copied / file).write_text(text.replace(symbol, f"{'#' * symbol.startswith('#')}{number}"))
        before = disassembled(copied / file, tmp_path / "before.o", folder=copied)
        after = disassembled(moved(copied, isa) / Path(file).name, tmp_path / "after.o", folder=copied)
        stayed = [
            a.offset
            for block in blocks(copied / file)
            for register in in_struct(block)
            for a, b in zip(*(accesses(code[block.names[0]], register) for code in (before, after)), strict=True)
            if not a.many and a.offset == b.offset
        ]
        assert stayed and set(stayed) == {number}, file


def test_every_assembly_function_has_one_block() -> None:
    names = [name for block in BLOCKS for name in block.names]
    assert len(names) == len(set(names)) and set(names) == set(assembly_functions(ASSEMBLY))


@pytest.mark.parametrize("isa", TARGET_OF)
def test_the_signature_is_the_one_that_a_header_declares(isa: str, tmp_path: Path) -> None:
    source = tmp_path / "signatures.c"
    for block in (block for block in BLOCKS if block.isa == isa):
        lines = [f'#include "{block.header}"']
        for name in block.names:
            lines += [f"typedef __typeof__({name}) declared_{name};", f"{block.of(name)};"]
        for memory in block.arguments:
            argument, _, field = memory.where.partition("->")
            if field:
                kind = block.parameters()[argument]
                lines += [f'_Static_assert(sizeof *(({kind})0)->{field}, "a pointer");'] * (kind != "")
        source.write_text("\n".join([*lines, ""]))
        done = compiler(isa, "-Wno-pointer-arith", "-fsyntax-only", source)
        assert done.returncode == 0, done.stderr
        source.write_text("\n".join([*lines, f"int {block.names[0]}(void);", ""]))
        assert "conflicting types" in compiler(isa, "-fsyntax-only", source).stderr


REGISTERS = {"AAPCS": "r0 r1 r2 r3 sp", "AAPCS-VFP": "r0 r1 r2 r3 sp", "ilp32": "a0 a1 a2 a3 a4 a5 a6 a7",
             "CALL0 or windowed": "a2 a3 a4 a5 a6 a7"}  # fmt: skip
ABI_OF = {"armv7m": "AAPCS", "dsp": "AAPCS", "mve": "AAPCS-VFP", "riscv": "ilp32", "xtensa": "CALL0 or windowed"}


@pytest.mark.parametrize("block", BLOCKS, ids=[block.names[0] for block in BLOCKS])
def test_arguments_are_in_the_abis_registers_and_access_is_what_c_allows(block: Block) -> None:
    assert block.abi == ABI_OF[block.isa] and block.clobbers == "nothing that the ABI wants kept"
    types, direct = block.parameters(), [memory for memory in block.arguments if memory.name]
    assert [memory.name for memory in direct] == list(types)
    assert [memory.where for memory in direct] == REGISTERS[block.abi].split()[: len(direct)]
    for memory in direct:
        pointer = types[memory.name].endswith("*")
        assert (memory.access is not None) == pointer and ("bytes" in memory.size) == pointer
        assert not types[memory.name].startswith("const") or memory.access == "read"
        assert types[memory.name].startswith("const") or memory.access != "read"


@pytest.mark.parametrize("block", BLOCKS, ids=[block.names[0] for block in BLOCKS])
def test_what_a_field_points_to_is_not_written_where_it_is_const(block: Block) -> None:
    structs = {memory.name: memory.where for memory in block.arguments if memory.name}
    by_register = in_struct(block)
    for memory in (memory for memory in block.arguments if "->" in memory.where):
        argument, _, field = memory.where.partition("->")
        struct = by_register[structs[argument]]
        (header,) = (header for isa, header, name in STRUCTS if (isa, name) == (block.isa, struct))
        listed = fields(body(struct, own_header(block.isa, struct, header).read_text())[1])
        (declared,) = (text for text in listed if re.search(rf"\b{field}(\[|$)", text))
        assert "*" in declared and not (declared.startswith("const") and memory.access != "read"), declared
        assert re.search(r"bytes?\b", memory.size)


@pytest.mark.parametrize("isa", TARGET_OF)
def test_a_structs_bytes_are_those_up_to_its_last_field_that_is_read(isa: str, tmp_path: Path) -> None:
    lines, types = [], {}
    for block in (block for block in BLOCKS if block.isa == isa):
        for memory in block.arguments:
            if struct := in_struct(block).get(memory.where):
                prefix = f"{struct[:-2].upper()}_AT_"
                last = max(
                    (symbol for symbol in offsets(isa) if symbol.startswith(prefix)), key=offsets(isa).__getitem__
                )
                field = last.removeprefix(prefix).lower()
                count = re.match(r"(?:(\d+) \* )?(\d+) bytes", memory.size)
                assert count, memory
                end = f"offsetof({struct}, {field}) + sizeof(({struct} *)0)->{field}"
                types[struct] = block.header
                lines.append(f'_Static_assert({count[2]} == {end}, "{block.names[0]}");')
    source = tmp_path / "sizes.c"
    source.write_text("\n".join([*(f'#include "{header}"' for header in sorted(set(types.values()))), *lines, ""]))
    done = compiler(isa, "-fsyntax-only", source)
    assert lines and done.returncode == 0, done.stderr


@pytest.mark.parametrize("file", FILES)
def test_stack_bytes_are_those_of_the_prologue(file: str, tmp_path: Path) -> None:
    path = KERNEL_DIR / file
    functions = disassembled(path, tmp_path / "object.o")
    said = {name: block.stack_bytes for block in blocks(path) for name in block.names}
    assert said == {name: stack_bytes(instructions) for name, instructions in functions.items()}
