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


def variants(isa: str, header: str, add: str = "add") -> tuple[Variant, ...]:
    """nn_<kernel>_<isa>; add: what that of ADD is called, where that name is another's."""

    def variant(kernel: str, accepts: Callable[[Call], bool], name: str) -> Variant:
        file, name = f"{isa}/{name}.c", f"{name}_{isa}"
        return own_layout(kernel, isa, file, header=header, name=name, accepts=accepts, in_place=True)

    return (
        variant("add", _sum_to_the_right, add),
        variant("sub", _sum_to_the_right, "sub"),
        variant("mul", _product_to_the_right, "mul"),
        variant("maximum", always, "maximum"),
        variant("minimum", always, "minimum"),
    )
