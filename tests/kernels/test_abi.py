"""Assembly that doesn't keep what its ABI wants is caught by name of the register, on every machine; and what catches
it is not counted."""

import functools
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gen.compiler.kernels.select import FALLBACK, VARIANTS, Step, Variant
from gen.model.graph import Op
from gen.model.ops.operator import Call
from tests import windowed
from tests.kernels.harness import HERE, KERNEL_DIR, ROOT, TRAMPOLINES, Harness, assembly_functions, variants
from tests.kernels.targets import SEMIHOSTING, TARGETS, Target

WINDOWED = Target(
    "xtensa with windows", f"{windowed.TOOLCHAIN}gcc", (*windowed.FLAGS, "-DHARNESS_POOL_BYTES=0x10000"),
    windowed.SOURCES, (*windowed.MACHINE, *SEMIHOSTING, "-kernel", "{elf}"), isa="xtensa",
)  # fmt: skip
EMULATED = {target.name: target for target in (*TARGETS.values(), WINDOWED) if target.isa in TRAMPOLINES}
BAD = HERE / "abi" / "bad"
X = np.arange(8, dtype=np.int8)

KEPT = {
    "cortex-m3": ("r8", "sp"),
    "cortex-m4": ("r8", "d9", "d15", "sp"),
    "cortex-m55": ("r8", "d9", "d15", "sp"),
    "riscv": ("s3", "gp", "sp"),
    "xtensa": ("a12", "sp"),
    "xtensa with windows": ("a2",),
}


def variant(name: str, isa: str) -> Variant:
    """A row for a kernel of bad/, with RESHAPE's parameters."""
    (row,) = (row for row in VARIANTS if row.kernel == "reshape" and row.isa == "portable")
    return replace(
        row, isa=isa, name=f"bad_{name}", files=(str(BAD / f"{TRAMPOLINES[isa]}.S"),), header=str(BAD / "bad.h")
    )


@functools.cache
def bad(name: str) -> Harness:
    target = EMULATED[name]
    return Harness(target, [variant(what, target.isa) for what in ("none", "beyond", "before", *KEPT[name])])


def run(target: str, what: str) -> int:
    """Instructions of a bad kernel."""
    call = Call(Op(0, "reshape", (0,), (1,), {}), "reshape", {"bytes": 8}, (0,), (1,))
    (row,) = (row for row in bad(target).rows if row.name == f"bad_{what}")
    return bad(target).run(Step(call, row, call.params, 0), [X], X)[1]


@pytest.mark.parametrize(("target", "register"), [(name, what) for name in KEPT for what in KEPT[name]])
def test_a_register_that_is_not_kept_is_named(target: str, register: str) -> None:
    name = "a1" if register == "sp" and target == "xtensa" else register
    with pytest.raises(AssertionError, match=rf"nn_bad_{register} did not keep register {name}$"):
        run(target, register)
    run(target, "none")


@pytest.mark.parametrize("target", EMULATED)
@pytest.mark.parametrize("where", ["beyond", "before"])
def test_a_byte_beside_a_buffer_is_noticed(target: str, where: str) -> None:
    with pytest.raises(AssertionError, match="beyond a buffer"):
        run(target, where)
    run(target, "none")


@pytest.mark.parametrize("target", sorted(set(EMULATED) - {WINDOWED.name}))
def test_what_is_checked_is_not_counted(target: str) -> None:
    """A kernel of a few instructions counts as such, up to two ticks of a 25 MHz timer."""
    count = run(target, "none")
    assert bad(target).trampoline_instructions > 60
    assert -80 < count < 130
    assert run(target, "none") == pytest.approx(count, abs=40)


@pytest.mark.parametrize("name", EMULATED)
def test_every_assembly_function_is_called_through_a_trampoline(name: str, tmp_path: Path) -> None:
    """What an assembler finds in the .S files is what harness.py reads out of their text."""
    target = EMULATED[name]
    files = sorted({KERNEL_DIR / file for row in variants(target) for file in row.files if file.endswith(".S")})
    assert {path for isa in FALLBACK[target.isa] for path in (KERNEL_DIR / isa).glob("*.S")} <= set(files)
    flags = [flag for flag in target.flags if not flag.startswith("-Wl,")]
    for i, file in enumerate(files):
        command: list[str | Path] = [target.compiler, *flags, f"-I{KERNEL_DIR}", "-c", file, "-o", tmp_path / f"{i}.o"]
        subprocess.run(command, check=True, cwd=ROOT)
    nm = [target.compiler.replace("gcc", "nm"), "--defined-only", "-g", *sorted(map(str, tmp_path.glob("*.o")))]
    symbols = subprocess.run(nm, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r" T (\w+)$", symbols, re.MULTILINE)) == set(assembly_functions(files))
