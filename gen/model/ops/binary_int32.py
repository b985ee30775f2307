"""Binary element-wise operators on int32, without scales: one kernel, whose parameters say which. Sums and products
wrap, as TFLM's do."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gen.errors import UnsupportedOp
from gen.model.graph import Array, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, numbers
from gen.model.ops.quantized import require_types


def divided(a: Array, b: Array) -> Array:
    """Towards zero. By 0 it is 0, and -2^31 by -1 wraps: TFLM leaves both undefined, and ends on a PC."""
    quotient = np.abs(a.astype(np.int64)) // np.maximum(np.abs(b.astype(np.int64)), 1)
    signed: Array = np.where(b == 0, 0, np.where((a < 0) != (b < 0), -quotient, quotient)).astype(np.int32)
    return signed


# In the order of nn.h; from FIRST_COMPARISON on the output is bool.
COMPUTE: dict[str, Callable[[Array, Array], Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "squared_difference": lambda a, b: (a - b) * (a - b),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "div": divided,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "less": np.less,
    "less_equal": np.less_equal,
}
OPERATORS = tuple(COMPUTE)
FIRST_COMPARISON = OPERATORS.index("equal")


def int32_call(op: Op, what: int, x: tuple[Tensor, Tensor], y: Tensor, axes: Mapping[str, tuple[int, ...]]) -> Call:
    """what: of OPERATORS. axes: dims and strides. Raises UnsupportedOp."""
    require_types(op, "int32", *x)
    require_types(op, "bool" if what >= FIRST_COMPARISON else "int32", y)
    if op.options.get("FusedActivationFunction", "none") != "none":
        raise UnsupportedOp(
            f"{op} has a fused activation on int32, which TFLM applies to some operators only: make it one of its own."
        )
    return Call(op, "binary_int32", {**axes, "what": what}, (x[0].index, x[1].index), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    a, b = (
        as_strided(x.reshape(-1), p["dims"], tuple(4 * step for step in p[f"stride{n}"]), writeable=False)
        for n, x in zip("12", map(np.ascontiguousarray, inputs), strict=True)
    )
    with np.errstate(over="ignore"):
        return COMPUTE[OPERATORS[p["what"]]](a, b)


KERNEL = Kernel(
    "binary_int32",
    CStruct(
        "nn_binary_int32_t",
        numbers("int32_t", "dims[4] stride1[4] stride2[4]") + numbers("uint8_t", "what"),
        "elementwise",
    ),
    reference,
    arity=2,
    in_place=True,
    types=("int32",),
)
