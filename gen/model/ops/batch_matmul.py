"""BATCH_MATMUL: products of matrices, each side as it is or transposed, constant or not; batches broadcast."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from gen.errors import ModelError, UnsupportedOp
from gen.model.fixed_point import INT32_MAX, multiply_by_quantized_multiplier, quantize_multiplier
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers
from gen.model.ops.quantized import require_int8, require_shape

BATCH_AXES = 3  # of nn_batch_matmul_t: TFLM's five axes but for the matrices'
RANKS = (2, 3, 4, 5)


def lower(graph: Graph, op: Op) -> Call:
    x1, x2, y = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    require_int8(op, x1, x2, y)
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
    farthest = prod(max(127 - x.zero_point, x.zero_point + 128) for x in (x1, x2)) * depth
    if farthest * 2.0 ** max(shift, 0) > INT32_MAX:
        raise UnsupportedOp(
            f"{op} adds {depth} products to a scale of {y.scale:g}: sums can leave int32, which TFLM leaves undefined; "
            "quantize the model again with representative data, or multiply in parts."
        )
    one = (1,) * (BATCH_AXES - len(batches))
    params = {
        "dims": (*one, *batches), "stride1": _batch_strides(x1, batches), "stride2": _batch_strides(x2, batches),
        "rows": rows, "columns": columns, "depth": depth,
        "row1": 1 if op.options["AdjX"] else depth, "depth1": rows if op.options["AdjX"] else 1,
        "column2": depth if op.options["AdjY"] else 1, "depth2": 1 if op.options["AdjY"] else columns,
        "multiplier": multiplier, "shift": shift,
        "offset1": -x1.zero_point, "offset2": -x2.zero_point, "output_offset": y.zero_point,
    }  # fmt: skip
    return Call(op, "batch_matmul", params, (x1.index, x2.index), (y.index,), macs=prod(y.shape) * depth)


def _batch_strides(x: Tensor, batches: Sequence[int]) -> tuple[int, ...]:
    """Elements from one of its matrices to the next along each axis of the batches; 0 along a broadcast one."""
    sizes = (1,) * (BATCH_AXES + 2 - len(x.shape)) + x.shape
    return tuple(0 if sizes[axis] == 1 else prod(sizes[axis + 1 :]) for axis in range(BATCH_AXES))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    a, b = (np.ascontiguousarray(x).reshape(-1) for x in inputs)
    left = as_strided(a, (*p["dims"], p["rows"], p["depth"]), (*p["stride1"], p["row1"], p["depth1"]), writeable=False)
    right = as_strided(
        b, (*p["dims"], p["depth"], p["columns"]), (*p["stride2"], p["depth2"], p["column2"]), writeable=False
    )
    sums = np.matmul(left.astype(np.int32) + p["offset1"], right.astype(np.int32) + p["offset2"], dtype=np.int32)
    y = multiply_by_quantized_multiplier(sums, p["multiplier"], p["shift"]) + p["output_offset"]
    clamped: Array = np.clip(y, -128, 127).astype(np.int8)
    return clamped


KERNEL = Kernel(
    "batch_matmul",
    CStruct(
        "nn_batch_matmul_t",
        numbers("int32_t", "dims[3] stride1[3] stride2[3] rows columns depth row1 depth1 column2 depth2 multiplier")
        + numbers("int16_t", "offset1 offset2 output_offset")
        + numbers("int8_t", "shift"),
        "matrix",
    ),
    reference,
    arity=2,
)
OPERATOR = Operator(
    "batch_matmul",
    "BATCH_MATMUL",
    "BatchMatMul",
    "BatchMatMulOptions",
    {"AdjX": False, "AdjY": False},
    lower,
    nodes=("matmul", "einsum"),
)
