"""SVDF, int8 with a state of int16 or int8: each unit sums `rank` filters, each of which weighs the features of the
last `memory` steps (Nakkiran et al., "Compressing Deep Neural Networks using a Rank-Constrained Topology", 2015).

x: batches x in_n, features: filters x in_n, time: filters x memory, of the state's type, bias: units, state: batches x
filters x memory, y: batches x units; filters = units * rank. A fused activation
makes no difference, as in TFLM. Source: TFLite's definition and TFLM's EvalIntegerSVDF."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers, pointers
from gen.model.ops.quantized import require_int8, require_shape, require_sums

OPTIONS = {"Rank": 0, "FusedActivationFunction": "none", "AsymmetricQuantizeInputs": False}
KERNEL_OF = {"int16": "svdf", "int8": "svdf_int8"}  # by the state's type


def lower(graph: Graph, op: Op) -> Call:
    x, features, time, bias = (graph.input(op, position) for position in range(4))
    state, y, rank = graph.input(op, 4), graph.output(op), op.options["Rank"]
    require_int8(op, x, features, y)
    if not state.is_variable or time.data is None or features.data is None or bias.data is None:
        raise UnsupportedOp(
            f"{op} needs constant weights and bias and a variable tensor as its state: convert the model again."
        )
    if state.dtype not in KERNEL_OF or time.dtype != state.dtype or state.quant is None or time.quant is None:
        raise UnsupportedOp(
            f"{op} has a state of {state.dtype} and time weights of {time.dtype}: TFLM takes both int16 or both int8."
        )
    batches, in_n = x.shape if len(x.shape) == 2 else (0, 0)
    filters, memory = time.shape if len(time.shape) == 2 else (0, 0)
    if rank < 1 or filters % rank or min(batches, in_n, filters, memory) < 1 or bias.dtype != "int32":
        raise UnsupportedOp(
            f"{op} has an input of shape {x.shape}, time weights of shape {time.shape}, rank {rank} and a bias of "
            f"{bias.dtype}: TFLM takes two dimensions of each, filters that are a multiple of the rank, and int32."
        )
    require_shape(op, features, (filters, in_n))
    require_shape(op, bias, (filters // rank,))
    require_shape(op, y, (batches, filters // rank))
    require_shape(op, state, (batches, memory * filters))
    multiplier1, shift1 = quantize_multiplier(x.scale * features.scale / state.scale)
    multiplier2, shift2 = quantize_multiplier(state.scale * time.scale / y.scale)
    require_sums(op, x, features.data, None, np.array([shift1]))
    _require_few(op, time.data.reshape(filters // rank, -1), bias.data, shift2, 2 * np.iinfo(state.dtype).max + 1)
    params = {
        "features": features.data, "time": time.data, "bias": bias.data,
        "batches": batches, "in_n": in_n, "units": filters // rank, "rank": rank, "memory": memory,
        "multiplier1": multiplier1, "multiplier2": multiplier2, "shift1": shift1, "shift2": shift2,
        "input_offset": -x.zero_point, "state_offset": -state.zero_point, "output_offset": y.zero_point,
    }  # fmt: skip
    macs = batches * filters * (in_n + memory)
    return Call(op, KERNEL_OF[state.dtype], params, (x.index,), (y.index,), macs, state=(state.index,))


def _require_few(op: Op, time: Array, bias: Array, shift: int, span: int) -> None:
    """Raise UnsupportedOp where a unit's sum, shifted left, may leave int32; without a shift it wraps everywhere."""
    highest = np.abs(time.astype(np.int64)).sum(axis=1) * span + np.abs(bias.astype(np.int64))
    if shift > 0 and (highest << shift).max() >= 2**31:
        raise UnsupportedOp(
            f"{op} has weights of scales so large for its output's that its sums can leave int32, which TFLM leaves "
            "undefined: quantize the model again with representative data."
        )


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> list[Array]:
    x, state = inputs
    filters = p["units"] * p["rank"]
    x = x.reshape(p["batches"], p["in_n"]).astype(np.int32) + np.int32(p["input_offset"])
    newest = multiply_by_quantized_multiplier(x @ p["features"].astype(np.int32).T, p["multiplier1"], p["shift1"])
    limits = np.iinfo(state.dtype)
    # TFLM clamps before it adds the zero point, so that the sum wraps.
    newest = (np.clip(newest, limits.min, limits.max) - p["state_offset"]).astype(state.dtype)
    kept = state.reshape(p["batches"], filters, p["memory"])
    after = np.concatenate([kept[:, :, 1:], newest[:, :, None]], axis=2)
    weighed = (after.astype(np.int32) + np.int32(p["state_offset"])) * p["time"].astype(np.int32)
    sums = weighed.reshape(p["batches"], p["units"], -1).sum(axis=2, dtype=np.int32) + p["bias"]
    scaled = multiply_by_quantized_multiplier(sums, p["multiplier2"], p["shift2"]) + np.int32(p["output_offset"])
    return [np.clip(scaled, -128, 127).astype(np.int8), after]


def _kernel(name: str, time: str) -> Kernel:
    struct = CStruct(
        f"nn_{name}_t",
        pointers("int8_t", "features")
        + pointers(time, "time")
        + pointers("int32_t", "bias")
        + numbers("int32_t", "batches in_n units rank memory multiplier1 multiplier2")
        + numbers("int8_t", "shift1 shift2")
        + numbers("int16_t", "input_offset state_offset output_offset"),
        "recurrent",
    )
    return Kernel(name, struct, reference, state=1)


KERNELS = tuple(_kernel(name, f"{dtype}_t") for dtype, name in KERNEL_OF.items())
OPERATOR = Operator("svdf", "SVDF", "Svdf", "SVDFOptions", OPTIONS, lower, kernels=tuple(KERNEL_OF.values()))
