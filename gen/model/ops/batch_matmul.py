"""BATCH_MATMUL: products of matrices, each side as it is or transposed, constant or not; batches broadcast; of
int8, or of int16 with sums in int64."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gen.errors import ModelError, UnsupportedOp
from gen.model.fixed_point import (
    INT32_MAX,
    multiply_by_quantized_multiplier,
    multiply_by_reduced_multiplier,
    quantize_multiplier,
)
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops import wide
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8_or_int16, require_shape

BATCH_AXES = 3  # of nn_batch_matmul_t: TFLM's five axes but for the matrices'
RANKS = (2, 3, 4, 5)


def lower(graph: Graph, op: Op) -> Call:
    x1, x2, y = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    require_int8_or_int16(op, x1, x2, y)
    if len(x1.shape) not in RANKS or len(x2.shape) not in RANKS:
        raise UnsupportedOp(f"{op} multiplies {x1.shape} and {x2.shape}: TFLM takes 2 to 5 axes, reshape its inputs.")
    rows, inner = x1.shape[-2:] if not op.options["AdjX"] else x1.shape[:-3:-1]
    depth, columns = x2.shape[-2:] if not op.options["AdjY"] else x2.shape[:-3:-1]
    try:
        batches = np.broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    except ValueError:
        batches = ()
        inner = -1
    if inner != depth:
        raise ModelError(
            f"{op} multiplies {x1.shape} and {x2.shape}, which don't fit: the model file is damaged, convert it again."
        )
    require_shape(op, y, (*batches, rows, columns))
    multiplier, shift = quantize_multiplier(x1.scale * x2.scale / y.scale)
    if x1.dtype == "int16":
        wide.require_wide_sums(op, 2.0**30 * depth, shift)
    else:
        _require_sums(op, x1, x2, y, depth * 2.0 ** max(shift, 0))
    one = (1,) * (BATCH_AXES - len(batches))
    params = {
        "dims": (*one, *batches), "stride1": _batch_strides(x1, batches), "stride2": _batch_strides(x2, batches),
        "rows": rows, "columns": columns, "depth": depth,
        "row1": 1 if op.options["AdjX"] else depth, "depth1": rows if op.options["AdjX"] else 1,
        "column2": depth if op.options["AdjY"] else 1, "depth2": 1 if op.options["AdjY"] else columns,
        "multiplier": multiplier, "shift": shift,
    }  # fmt: skip
    offsets = {"offset1": -x1.zero_point, "offset2": -x2.zero_point, "output_offset": y.zero_point}
    params |= offsets if x1.dtype == "int8" else {}
    kernel = "batch_matmul" if x1.dtype == "int8" else NAME_INT16
    return Call(op, kernel, params, (x1.index, x2.index), (y.index,), macs=prod(y.shape) * depth)


def _require_sums(op: Op, x1: Tensor, x2: Tensor, y: Tensor, products: float) -> None:
    """products: in a sum, as far as it is shifted left. Raises UnsupportedOp."""
    farthest = prod(max(127 - x.zero_point, x.zero_point + 128) for x in (x1, x2)) * products
    if farthest > INT32_MAX:
        raise UnsupportedOp(
            f"{op} adds products to a scale of {y.scale:g}: sums can leave int32, which TFLM leaves undefined; "
            "quantize the model again with representative data, or multiply in parts."
        )


def _batch_strides(x: Tensor, batches: Sequence[int]) -> tuple[int, ...]:
    """Elements from one of its matrices to the next along each axis of the batches; 0 along a broadcast one."""
    sizes = (1,) * (BATCH_AXES + 2 - len(x.shape)) + x.shape
    return tuple(0 if sizes[axis] == 1 else prod(sizes[axis + 1 :]) for axis in range(BATCH_AXES))


def _sums(p: Mapping[str, Any], a: Array, b: Array) -> Array:
    """In the type of both sides."""
    a, b = (np.ascontiguousarray(x).reshape(-1) for x in (a, b))
    size = a.itemsize
    left = as_strided(
        a, (*p["dims"], p["rows"], p["depth"]), [size * n for n in (*p["stride1"], p["row1"], p["depth1"])]
    )
    right = as_strided(
        b, (*p["dims"], p["depth"], p["columns"]), [size * n for n in (*p["stride2"], p["depth2"], p["column2"])]
    )
    sums: Array = np.matmul(left, right, dtype=a.dtype)
    return sums


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    a, b = (x.astype(np.int32) + np.int32(p[f"offset{n}"]) for n, x in zip("12", inputs, strict=True))
    y = multiply_by_quantized_multiplier(_sums(p, a, b), p["multiplier"], p["shift"]) + p["output_offset"]
    clamped: Array = np.clip(y, -128, 127).astype(np.int8)
    return clamped


def reference_int16(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    sums = _sums(p, *(x.astype(np.int64) for x in inputs))
    y = multiply_by_reduced_multiplier(sums, p["multiplier"], p["shift"])
    clamped: Array = np.clip(y, -(2**15), 2**15 - 1).astype(np.int16)
    return clamped


NAME_INT16 = f"batch_matmul{wide.SUFFIX}"
WALK = numbers("int32_t", "dims[3] stride1[3] stride2[3] rows columns depth row1 depth1 column2 depth2 multiplier")
KERNELS = (
    Kernel(
        "batch_matmul",
        CStruct(
            "nn_batch_matmul_t",
            WALK + numbers("int16_t", "offset1 offset2 output_offset") + numbers("int8_t", "shift"),
            "matrix",
        ),
        reference,
        arity=2,
    ),
    Kernel(
        NAME_INT16,
        CStruct(f"nn_{NAME_INT16}_t", WALK + numbers("int8_t", "shift"), "wide_matrix"),
        reference_int16,
        arity=2,
        types=("int16",),
    ),
)
OPERATOR = Operator(
    "batch_matmul",
    "BATCH_MATMUL",
    "BatchMatMul",
    "BatchMatMulOptions",
    {"AdjX": False, "AdjY": False},
    lower,
    kernels=("batch_matmul", NAME_INT16),
    nodes=("matmul", "einsum"),
)
