"""Binary element-wise operators of any operands, on ISAs that multiply and round at once."""

from collections.abc import Callable

from gen.compiler.kernels.variant import Variant, always, own_layout
from gen.model.ops.operator import Call


def _sum_to_the_right(call: Call) -> bool:
    """Whether each operand is shifted to the right or halved, and the result shifted to the right."""
    p = call.params
    operands = all(p[f"shift{n}"] < 0 or (p[f"shift{n}"], p[f"multiplier{n}"]) == (0, 1 << 30) for n in (1, 2))
    return operands and p["output_shift"] < 0


def _product_to_the_right(call: Call) -> bool:
    return bool(call.params["output_shift"] < 0)


ACCEPTS: dict[str, Callable[[Call], bool]] = {
    "add": _sum_to_the_right,
    "sub": _sum_to_the_right,
    "mul": _product_to_the_right,
    "maximum": always,
    "minimum": always,
}


def variants(isa: str, header: str, add: str = "add") -> tuple[Variant, ...]:
    """nn_<kernel>_<isa>; add: what that of ADD is called, where that name is another's."""
    files = {kernel: add if kernel == "add" else kernel for kernel in ACCEPTS}
    return tuple(
        own_layout(
            kernel, isa, f"{isa}/{files[kernel]}.c", header=header, name=f"{files[kernel]}_{isa}", accepts=accepts,
            in_place=True,
        )
        for kernel, accepts in ACCEPTS.items()
    )  # fmt: skip
