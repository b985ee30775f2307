"""ADD of two int8 tensors with NumPy's broadcasting; either may be constant."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gen.errors import ModelError, UnsupportedOp
from gen.model.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import fused_activation, require_int8, require_shape
from gen.model.ops.shapes import merge_axes

OPTIONS = {"FusedActivationFunction": "none"}
LEFT_SHIFT = 20  # TFLM's headroom for the operands of int8
MAX_AXES = 4  # of nn_add_t, after merging


def broadcast(op: Op, x1: Tensor, x2: Tensor, y: Tensor) -> dict[str, tuple[int, ...]]:
    """dims, stride1 and stride2 of nn_add_t: neighbouring axes along which the same operands advance are one.

    Raises ModelError, UnsupportedOp."""
    try:
        require_shape(op, y, np.broadcast_shapes(x1.shape, x2.shape))
    except ValueError:
        raise ModelError(
            f"{op} adds shapes {x1.shape} and {x2.shape}, which don't broadcast: the model file is damaged, "
            "convert it again."
        ) from None
    rank = len(y.shape)
    sizes1, sizes2 = ((1,) * (rank - len(x.shape)) + x.shape for x in (x1, x2))
    axes = merge_axes(y.shape, [(a > 1, b > 1) for a, b in zip(sizes1, sizes2, strict=True)])
    if len(axes) > MAX_AXES:
        raise UnsupportedOp(
            f"{op} broadcasts {x1.shape} with {x2.shape} in {len(axes)} alternations, more than {MAX_AXES}: "
            "reshape its inputs to fewer axes."
        )
    axes = [(1, (False, False))] * (MAX_AXES - len(axes)) + axes
    table: dict[str, tuple[int, ...]] = {"dims": tuple(dim for dim, _ in axes)}
    for operand in range(2):
        strides, step = [], 1
        for dim, advances in reversed(axes):
            strides.append(step if advances[operand] else 0)
            step *= dim if advances[operand] else 1
        table[f"stride{operand + 1}"] = tuple(reversed(strides))
    return table


def lower(graph: Graph, op: Op) -> Call:
    x1, x2, y = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    require_int8(op, x1, x2, y)
    twice_max_scale = 2 * max(x1.scale, x2.scale)
    multiplier1, shift1 = quantize_multiplier(x1.scale / twice_max_scale)
    multiplier2, shift2 = quantize_multiplier(x2.scale / twice_max_scale)
    output_multiplier, output_shift = quantize_multiplier(twice_max_scale / ((1 << LEFT_SHIFT) * y.scale))
    if output_shift > 0:
        raise UnsupportedOp(
            f"{op} has input scales {x1.scale:g} and {x2.scale:g} and an output scale of {y.scale:g}, more than "
            "2**19 apart, which TFLM refuses: quantize the model again with representative data."
        )
    act_min, act_max = fused_activation(op, y)
    params = {
        **broadcast(op, x1, x2, y),
        "multiplier1": multiplier1, "multiplier2": multiplier2, "output_multiplier": output_multiplier,
        "offset1": -x1.zero_point, "offset2": -x2.zero_point, "output_offset": y.zero_point,
        "act_min": act_min, "act_max": act_max,
        "shift1": shift1, "shift2": shift2, "output_shift": output_shift, "left_shift": LEFT_SHIFT,
    }  # fmt: skip
    return Call(op, "add", params, (x1.index, x2.index), y.index)


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    total = np.zeros(p["dims"], np.int32)
    for n, x in zip("12", inputs, strict=True):
        spread = as_strided(x.reshape(-1), p["dims"], p[f"stride{n}"], writeable=False).astype(np.int32)
        shifted = (spread + p[f"offset{n}"]) << p["left_shift"]
        total = total + multiply_by_quantized_multiplier(shifted, p[f"multiplier{n}"], p[f"shift{n}"])
    scaled = multiply_by_quantized_multiplier(total, p["output_multiplier"], p["output_shift"]) + p["output_offset"]
    result: Array = np.clip(scaled, p["act_min"], p["act_max"]).astype(np.int8)
    return result


def interpreter_bytes(call: Call, pointer_bytes: int) -> int:
    """The second input's address, after the struct."""
    return pointer_bytes


def rows(call: Call, start: int, end: int, banded: int, row: int) -> tuple[Call, int, int]:
    """As Kernel.rows, where nothing is broadcast and the batch is 1. The operand that comes in bands is the second one,
    so that the sum can lie where the other was; int32 addition does not mind the exchange."""
    flat = {"dims": (1, 1, 1, (end - start) * row), "stride1": (0, 0, 0, 1), "stride2": (0, 0, 0, 1)}
    p, fields = call.params, ("multiplier", "offset", "shift")
    sides = {f"{name}{a}": p[f"{name}{b}"] for name in fields for a, b in ("12", "21")} if banded == 0 else {}
    return replace(call, params={**p, **sides, **flat}), start, end


KERNEL = Kernel(
    "add",
    CStruct(
        "nn_add_t",
        numbers("int32_t", "multiplier1 multiplier2 output_multiplier dims[4] stride1[4] stride2[4]")
        + numbers("int16_t", "offset1 offset2 output_offset act_min act_max")
        + numbers("int8_t", "shift1 shift2 output_shift left_shift"),
    ),
    reference,
    arity=2,
    in_place=True,
    interpreter_bytes=interpreter_bytes,
    rows=rows,
    ends_bands=True,
)
OPERATOR = Operator("add", "ADD", "Add", "AddOptions", OPTIONS, lower)
