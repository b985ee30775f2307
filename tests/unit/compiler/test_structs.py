"""The parameter structs of nn.h and gen/model/ops/*.py are the same, field by field, for every ABI that we compile
for."""

import re
import subprocess
from pathlib import Path

import pytest

from gen.compiler.kernels.select import VARIANTS, Variant
from gen.model.ops import KERNELS, OPS
from gen.model.ops.operator import CStruct

ROOT = Path(__file__).parents[3]
HEADER = "".join(path.read_text() for path in sorted((ROOT / "firmware/kernels").glob("nn*.h")))
COMPILERS = {"gcc": (8, ()), "arm-none-eabi-gcc": (4, ("-mcpu=cortex-m4", "-mthumb"))}


def assertions(struct: CStruct, pointer_bytes: int, *, types: bool = True) -> list[str]:
    """C that compiles when the struct is laid out as CStruct.layout says; without types, an array of numbers may be a
    struct of as many."""
    offsets, size = struct.layout(pointer_bytes)
    lines = [f'_Static_assert(sizeof({struct.name}) == {size}, "size of {struct.name}");']
    for field in struct.fields:
        member, declared = f"(({struct.name} *)0)->{field.name}", field.ctype
        declared = f"const {declared} *" if field.pointer else f"{declared}[{field.count}]"
        if not field.pointer and field.count == 1:
            declared = field.ctype
        lines.append(
            f"_Static_assert(offsetof({struct.name}, {field.name}) == {offsets[field.name]} &&"
            f" sizeof({member}) == sizeof({declared}) &&"
            f" ({int(not types)} || __builtin_types_compatible_p(__typeof__({member}), {declared})),"
            f' "{struct.name}.{field.name}");'
        )
    return lines


def compile_probe(compiler: str, lines: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    source = folder / "structs.c"
    source.write_text("\n".join(["#include <stddef.h>", '#include "nn.h"', *lines, ""]))
    command = [compiler, "-std=gnu11", *COMPILERS[compiler][1], "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
    command += [f"-I{ROOT / 'firmware/kernels'}", str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_layouts_agree(compiler: str, tmp_path: Path) -> None:
    lines = [line for kernel in KERNELS.values() for line in assertions(kernel.struct, COMPILERS[compiler][0])]
    done = compile_probe(compiler, lines, tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_probe_sees_a_wrong_layout(tmp_path: Path) -> None:
    struct = KERNELS["conv_2d"].struct
    wrong = CStruct(struct.name, (*struct.fields[:4], struct.fields[5], struct.fields[4], *struct.fields[6:]))
    done = compile_probe("gcc", assertions(wrong, 8), tmp_path)
    assert done.returncode != 0 and "nn_conv_2d_t.output_offset" in done.stderr


def test_every_struct_and_function_of_the_header_has_a_kernel_and_vice_versa() -> None:
    structs = set(re.findall(r"^} (nn_\w+_t);", HEADER, re.MULTILINE))
    names = {name: own for own, name in re.findall(r"^typedef (nn_\w+_t) (nn_\w+_t);", HEADER, re.MULTILINE)}
    assert structs == {names.get(kernel.struct.name, kernel.struct.name) for kernel in KERNELS.values()}
    types = set(re.findall(r"^typedef void nn_(\w+)_fn\(", HEADER, re.MULTILINE))
    assert types == set(KERNELS)
    declared = re.findall(r"^nn_(\w+)_fn nn_(\w+)_([a-z0-9]+);", HEADER, re.MULTILINE)
    assert all(kernel == name for kernel, name, _ in declared)
    assert {name for _, name, isa in declared if isa == "portable"} == set(KERNELS)


def test_every_file_belongs_to_a_variant_and_vice_versa() -> None:
    folder = ROOT / "firmware/kernels"
    files = {str(path.relative_to(folder)) for path in folder.glob("*/*") if path.suffix in (".c", ".S")}
    assert files == {file for variant in VARIANTS for file in variant.files}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.name)
def test_layouts_of_variants_agree(variant: Variant, tmp_path: Path) -> None:
    """The struct of each variant as its header has it, and the function."""
    lines = [
        *assertions(variant.struct, 4, types=False),
        f'_Static_assert(sizeof(&nn_{variant.name}) == 4, "is declared");',
    ]
    done = compile_probe("arm-none-eabi-gcc", [f'#include "{variant.header}"', *lines], tmp_path)
    assert done.returncode == 0, done.stderr


def test_tables_are_in_order_and_named_after_what_they_hold() -> None:
    assert all(name == kernel.name for name, kernel in KERNELS.items())
    assert all(name == operator.name for name, operator in OPS.items())
    builtin = [operator for operator in OPS.values() if not operator.name.startswith("custom ")]
    assert all(operator.name == operator.builtin.lower() for operator in builtin)
    assert {operator.builtin for operator in OPS.values() if operator not in builtin} == {"CUSTOM"}
