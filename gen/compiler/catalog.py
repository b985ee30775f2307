"""What operators models may have: of which types, in both engines, and where a machine has more than portable C."""

from collections.abc import Iterator
from dataclasses import dataclass

from gen.compiler.kernels.select import FALLBACK, VARIANTS
from gen.model.graph import title_of
from gen.model.ops import KERNELS, OPS
from gen.model.ops.operator import Operator

# A machine as people know it, by its instruction set's name here.
MACHINES = {
    "armv7m": "Cortex-M3",
    "dsp": "M4, M7, M33",
    "mve": "M55",
    "riscv": "RV32IMC",
    "xtensa": "LX6",
}
ABOUT = (
    "Every operator runs in both engines, `tflm` and `aot`, on every machine in portable C, byte for byte as "
    "tflite-micro; a machine's column has the types for which it has kernels of its own instructions besides, at least "
    "in `aot`. i8 is int8; types are those of the first activation, f32 at a model's rim and where values are only "
    "moved. int8 weights go with i16 (TFLite's 16x8 scheme). What TFLM computes in float32 alone is refused by name."
)
SHORT = {"bool": "bool", "float32": "f32"}  # of types; others are i8, u32


@dataclass(frozen=True)
class Entry:
    """One operator. types: of its first activation (float32 at a model's rim and where values are only moved). kernels:
    by machine, those of the types that have instructions of that machine."""

    operator: str
    tflm: str
    types: tuple[str, ...]
    kernels: dict[str, tuple[str, ...]]

    def as_row(self) -> tuple[str, ...]:
        return self.operator, short(self.types), *map(short, self.kernels.values())


COLUMNS = ("operator", "types", *MACHINES.values())


def entries() -> Iterator[Entry]:
    """By name."""
    for name, op in sorted(OPS.items()):
        types = op.types(KERNELS)
        yield Entry(title_of(name), f"Add{op.tflm}", types, {isa: _faster(op, isa, types) for isa in MACHINES})


def _faster(op: Operator, isa: str, types: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the types whose kernel has a variant on this machine that is not portable."""
    own = {variant.kernel for variant in VARIANTS if variant.isa in FALLBACK[isa][:-1]}
    found = {dtype for name in op.kernel_names if name in own for dtype in KERNELS[name].types}
    return tuple(dtype for dtype in types if dtype in found)


def short(types: tuple[str, ...]) -> str:
    """Such as "i8 i16"."""
    return " ".join(SHORT.get(dtype, dtype.replace("uint", "u").replace("int", "i")) for dtype in types)


def markdown(command: str) -> str:
    """The page."""
    columns = (*COLUMNS, "in the TFLM resolver")
    lines = [columns, ("---",) * len(columns), *((*entry.as_row(), entry.tflm) for entry in entries())]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"# Operators\n\nMade by `{command}`. {ABOUT}\n\n{table}\n"
