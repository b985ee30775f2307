"""Binary element-wise operators on int16: one kernel, whose parameters say which; the arithmetic is that of int8 with
less headroom, and without zero points."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gen.model.graph import Array, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, numbers
from gen.model.ops.quantized import require_int8, require_int8_or_int16, require_types

# In the order of nn.h.
OPERATORS = ("add", "sub", "mul", "squared_difference", "maximum", "minimum", "prelu")
UNSCALED = ("maximum", "minimum")  # whose scales and zero points mean nothing
SLOPED = "prelu"  # whose second operand is int8
NAME = "binary_int16"
FIELDS = (
    numbers("int32_t", "multiplier1 multiplier2 output_multiplier dims[4] stride1[4] stride2[4]")
    + numbers("int16_t", "offset2 act_min act_max")
    + numbers("int8_t", "shift1 shift2 output_shift left_shift")
    + numbers("uint8_t", "what")
)
LIMITS = (-(2**15), 2**15 - 1)


def require_operands(op: Op, name: str, x1: Tensor, x2: Tensor, y: Tensor) -> None:
    """Raise UnsupportedOp, NotQuantized or ModelError on types or zero points that TFLM does not take with int16."""
    if name in UNSCALED:
        require_types(op, "int16", x1, x2, y)
    elif name == SLOPED:
        require_int8_or_int16(op, x1, y)
        require_int8(op, x2)
    else:
        require_int8_or_int16(op, x1, x2, y)


def int16_call(op: Op, name: str, params: Mapping[str, Any], fused: tuple[int, int] | None) -> Call:
    """params: those of the family. fused: the limits of a fused activation."""
    own = {field.name: params[field.name] for field in FIELDS if field.name in params}
    own["act_min"], own["act_max"] = fused or LIMITS
    own["what"] = OPERATORS.index(name)
    return Call(op, NAME, own, op.inputs, op.outputs)


def kernel(compute: Mapping[str, Callable[[Mapping[str, Any], Array, Array], Array]]) -> Kernel:
    """compute: of the family's rows, by name."""

    def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
        a, b = (
            as_strided(x.reshape(-1), p["dims"], [x.itemsize * step for step in p[f"stride{n}"]], writeable=False)
            for n, x in zip("12", map(np.ascontiguousarray, inputs), strict=True)
        )
        whole = {**p, "offset1": 0, "output_offset": 0}
        y = compute[OPERATORS[p["what"]]](whole, a.astype(np.int32), b.astype(np.int32))
        clamped: Array = np.clip(y, p["act_min"], p["act_max"]).astype(np.int16)
        return clamped

    return Kernel(
        NAME, CStruct(f"nn_{NAME}_t", FIELDS, "elementwise_int16"), reference, arity=2, in_place=True, types=("int16",)
    )
