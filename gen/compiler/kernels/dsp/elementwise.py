"""Binary element-wise operators on Cortex-M4, M7 and M33, broadcast or not."""

from gen.compiler.kernels.variant import Variant, always, own_layout
from gen.model.ops.operator import Call


def _sum_to_the_right(call: Call) -> bool:
    """Whether neither operand is shifted to the left and one that isn't shifted is halved; so is the result."""
    p = call.params
    operands = all(p[f"shift{n}"] < 0 or (p[f"shift{n}"], p[f"multiplier{n}"]) == (0, 1 << 30) for n in (1, 2))
    return operands and p["output_shift"] < 0


def _product_to_the_right(call: Call) -> bool:
    return bool(call.params["output_shift"] < 0)


VARIANTS: tuple[Variant, ...] = tuple(
    own_layout(kernel, "dsp", f"dsp/{kernel}.c", header="dsp/elementwise.h", accepts=accepts, in_place=True)
    for kernel, accepts in (
        ("add", _sum_to_the_right),
        ("sub", _sum_to_the_right),
        ("mul", _product_to_the_right),
        ("maximum", always),
        ("minimum", always),
    )
)
