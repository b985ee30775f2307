"""LOG_SOFTMAX over the last axis: int8 in and out, output scale 16/256 and zero point 127 as TFLite fixes them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import (
    exp_on_negative_values,
    input_radius,
    log_of_at_least_one,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
)
from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_shape
from gen.model.ops.softmax import DIFF_BITS, MAX_DEPTH, SUM_BITS
from gen.model.ops.unary import require_output

OUTPUT_BITS = 4  # the output is in Q4


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    require_int8(op, x, y)
    require_shape(op, y, x.shape)
    require_output(op, y, 1 / 16, 127)
    if not x.shape or not 1 <= x.shape[-1] <= MAX_DEPTH:
        raise UnsupportedOp(f"{op} has an input of shape {x.shape}: its last axis must have 1 to {MAX_DEPTH} elements.")
    real = min(x.scale * 2 ** (31 - DIFF_BITS), 2.0**31 - 1)
    if real <= 1:
        raise UnsupportedOp(f"{op} has input scale {x.scale:g}: below 2**-26 all outputs are the same, remove it.")
    multiplier, shift = quantize_multiplier(real)
    back, back_shift = quantize_multiplier(2.0 ** (31 - shift) / multiplier)
    depth = x.shape[-1]
    params = {
        "rows": x.elements // depth, "depth": depth, "multiplier": multiplier, "back": back,
        "diff_min": -input_radius(DIFF_BITS, real), "shift": shift, "back_shift": back_shift,
    }  # fmt: skip
    return Call(op, "log_softmax", params, (x.index,), (y.index,))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["rows"], p["depth"]).astype(np.int32)
    diff = x - x.max(axis=1, keepdims=True)
    counts = diff >= p["diff_min"]
    scaled = rounding_doubling_high_mul(np.where(counts, diff, 0) << p["shift"], p["multiplier"])
    exp = rounding_divide_by_pot(exp_on_negative_values(scaled, DIFF_BITS), SUM_BITS)
    total = np.where(counts, exp, 0).sum(axis=1, keepdims=True, dtype=np.int32)
    log = log_of_at_least_one(total, DIFF_BITS, SUM_BITS)
    lowest = multiply_by_quantized_multiplier(log - np.int32(2**31 - 1) - np.int32(1), p["back"], p["back_shift"])
    y = rounding_divide_by_pot(scaled - log, 31 - DIFF_BITS - OUTPUT_BITS) + 127
    shown = counts & (diff > np.maximum(p["diff_min"] - 1, lowest))
    return np.where(shown, np.clip(y, -128, 127), -128).astype(np.int8)


KERNEL = Kernel(
    "log_softmax",
    CStruct(
        "nn_log_softmax_t",
        numbers("int32_t", "rows depth multiplier back diff_min") + numbers("int8_t", "shift back_shift"),
        "reduction",
    ),
    reference,
    in_place=True,
)
OPERATOR = Operator("log_softmax", "LOG_SOFTMAX", "LogSoftmax", "LogSoftmaxOptions", {}, lower)
