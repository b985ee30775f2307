"""SOFTMAX over the last axis: int8 to int8 or int16, and int16 to int16, outputs of the scales that TFLite fixes."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import (
    exp_on_negative_values,
    input_radius,
    one_over_one_plus_x,
    quantize_multiplier,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
)
from gen.model.graph import Array, Graph, Op
from gen.model.ops import softmax_int16
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_shape

DIFF_BITS = 5  # x - max(x), scaled, is in Q5.26
SUM_BITS = 12  # the sum of exponentials in Q12.19 ...
MAX_DEPTH = 2**SUM_BITS - 1  # ... which holds so many of e**0


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    if (x.dtype, y.dtype) == ("int16", "int16"):
        return softmax_int16.lower(graph, op)
    require_int8(op, x)
    if y.dtype == "int16":
        softmax_int16.require_output(op, y, 16, -(2**15))
    else:
        require_int8(op, y)
        if y.scale != 1 / 256 or y.zero_point != -128:
            raise UnsupportedOp(
                f"{op} has output scale {y.scale:g} and zero point {y.zero_point}: TFLite fixes them to 1/256 and "
                "-128, convert the model again."
            )
    require_shape(op, y, x.shape)
    if not x.shape or not 1 <= x.shape[-1] <= MAX_DEPTH:
        raise UnsupportedOp(f"{op} has an input of shape {x.shape}: its last axis must have 1 to {MAX_DEPTH} elements.")
    real = min(op.options["Beta"] * x.scale * 2 ** (31 - DIFF_BITS), 2.0**31 - 1)
    if real <= 1:
        raise UnsupportedOp(
            f"{op} has beta {op.options['Beta']:g} and input scale {x.scale:g}: their product must be above "
            "2**-26, all outputs would be the same."
        )
    multiplier, shift = quantize_multiplier(real)
    # Differences below diff_min are e**-31 or less, which counts as 0.
    diff_min = -input_radius(DIFF_BITS, real)
    depth = x.shape[-1]
    params = {
        "rows": x.elements // depth, "depth": depth, "multiplier": multiplier, "diff_min": diff_min, "shift": shift,
    }  # fmt: skip
    kernel = "softmax" if y.dtype == "int8" else "softmax_int8_int16"
    return Call(op, kernel, params, (x.index,), (y.index,))


def _reference(p: Mapping[str, Any], inputs: Sequence[Array], dtype: type[np.int8] | type[np.int16]) -> Array:
    limits = np.iinfo(dtype)
    x = inputs[0].reshape(p["rows"], p["depth"]).astype(np.int32)
    diff = x - x.max(axis=1, keepdims=True)
    counts = diff >= p["diff_min"]
    scaled = rounding_doubling_high_mul(np.where(counts, diff, 0) << p["shift"], p["multiplier"])
    exp = exp_on_negative_values(scaled, DIFF_BITS)
    total = np.where(counts, rounding_divide_by_pot(exp, SUM_BITS), 0).sum(axis=1, keepdims=True, dtype=np.int32)
    # total = 2**(SUM_BITS - zeros) * (1 + fraction), 0 <= fraction < 1
    zeros = np.array([[32 - int(t).bit_length()] for t in total.ravel()], np.int32)
    fraction = ((total.astype(np.int64) << zeros) - (1 << 31)).astype(np.int32)
    scale = one_over_one_plus_x(fraction)
    y = rounding_divide_by_pot(rounding_doubling_high_mul(exp, scale), SUM_BITS - zeros + 31 - limits.bits)
    shares = np.clip(y + limits.min, limits.min, limits.max)
    return np.where(counts, shares, limits.min).astype(dtype)


FIELDS = numbers("int32_t", "rows depth multiplier diff_min") + numbers("int8_t", "shift")
KERNELS = (
    Kernel("softmax", CStruct("nn_softmax_t", FIELDS), partial(_reference, dtype=np.int8), in_place=True),
    Kernel(
        "softmax_int8_int16", CStruct("nn_softmax_int8_int16_t", FIELDS, "softmax"), partial(_reference, dtype=np.int16)
    ),
    softmax_int16.KERNEL,
)
OPERATOR = Operator(
    "softmax",
    "SOFTMAX",
    "Softmax",
    "SoftmaxOptions",
    {"Beta": 1.0},
    lower,
    kernels=tuple(kernel.name for kernel in KERNELS),
    interpreter=("softmax",),
    prepared=tuple(kernel.name for kernel in KERNELS[1:]),
)
