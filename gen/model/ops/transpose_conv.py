"""TRANSPOSE_CONV in int8, per channel or per tensor, with or without a bias: each input, times the weights, is added to
the outputs that its window covers. Weights are output channels x height x width x input channels."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gen.errors import ModelError
from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import (
    Call,
    CStruct,
    Kernel,
    Operator,
    Part,
    int8_array,
    int32_array,
    numbers,
    pointers,
)
from gen.model.ops.quantized import (
    channel_multipliers,
    fused_activation,
    requantize,
    require_int8,
    require_rank,
    require_shape,
    require_sums,
    weights_and_bias,
    window_padding,
)


def lower(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 2), graph.output(op)
    weights, bias = weights_and_bias(graph, op, at=(1, 3))
    require_rank(op, 4, x, weights, y)
    require_int8(op, x, weights, y)
    assert weights.data is not None
    out_c, k_h, k_w, in_c = weights.shape
    n, in_h, in_w, _ = x.shape
    _, out_h, out_w, _ = y.shape
    require_shape(op, x, (n, in_h, in_w, in_c))
    require_shape(op, y, (n, out_h, out_w, out_c))
    stride_h, stride_w = op.options["StrideH"], op.options["StrideW"]
    sizes, pads = [], []
    for axis, (size, kernel, stride) in enumerate(((out_h, k_h, stride_h), (out_w, k_w, stride_w))):
        covered, before = window_padding(op, size, kernel, stride, 1, axis=axis)
        sizes.append(covered)
        pads.append(before)
    if sizes != [in_h, in_w]:
        raise ModelError(
            f"{op} makes {y.shape} of {x.shape} with windows of {k_h}x{k_w} and strides of {stride_h} and {stride_w}, "
            "which don't fit: the model file is damaged, convert it again."
        )
    if bias is not None:
        require_shape(op, bias, (out_c,))
    multiplier, shift = channel_multipliers(op, x, weights, y, out_c)
    bias_data = None if bias is None else bias.data
    require_sums(op, x, weights.data, bias_data, shift)
    act_min, act_max = fused_activation(op, y)
    params = {
        "bias": int32_array(np.zeros(out_c) if bias_data is None else bias_data),
        "multiplier": np.broadcast_to(multiplier, out_c), "shift": int8_array(np.broadcast_to(shift, out_c)),
        "input_offset": -x.zero_point, "output_offset": y.zero_point, "act_min": act_min, "act_max": act_max,
        "batches": n, "in_h": in_h, "in_w": in_w, "in_c": in_c, "out_h": out_h, "out_w": out_w, "out_c": out_c,
        "k_h": k_h, "k_w": k_w, "stride_h": stride_h, "stride_w": stride_w, "pad_top": pads[0], "pad_left": pads[1],
    }  # fmt: skip
    macs = n * in_h * in_w * weights.elements
    call = Call(op, "transpose_conv", params, (x.index, weights.index), (y.index,), macs=macs)
    per_channel = int(np.size(multiplier) > 1)
    return replace(call, parts=parts(call, weights.data.reshape(weights.shape), per_channel))


def parts(call: Call, weights: Array, per_channel: int) -> tuple[Part, ...]:
    """CONV_2D for each phase: the outputs whose row and column leave the same rests when divided by the strides have
    the same taps, which go over the input one by one, the last one first. () for several images, for a phase without
    taps and where a window begins on the input."""
    p = call.params
    phases = [(h, w) for h in range(min(p["stride_h"], p["out_h"])) for w in range(min(p["stride_w"], p["out_w"]))]
    made = []
    for phase in phases:
        sizes: dict[str, int] = {}
        taps = []
        for axis, first in zip("hw", phase, strict=True):
            stride, pad = p[f"stride_{axis}"], p["pad_top" if axis == "h" else "pad_left"]
            place = first + pad
            own = range(place % stride, p[f"k_{axis}"], stride)
            before = len(own) - 1 - place // stride
            if not own or before < 0 or p["batches"] > 1:
                return ()
            taps.append(own[::-1])
            sizes |= {
                f"k_{axis}": len(own), f"out_{axis}": -(-(p[f"out_{axis}"] - first) // stride), f"stride_{axis}": 1,
                f"dilation_{axis}": 1, "pad_top" if axis == "h" else "pad_left": before,
            }  # fmt: skip
        kept = {key: value for key, value in p.items() if key not in sizes}
        own_weights = weights[:, list(taps[0])][:, :, list(taps[1])]
        apart = {"y_pixel": p["stride_w"] * p["out_c"], "y_row": p["stride_h"] * p["out_w"] * p["out_c"]}
        params = kept | sizes | apart | {
            "weights": np.ascontiguousarray(own_weights), "group_c": p["in_c"], "per_channel": per_channel,
        }  # fmt: skip
        macs = sizes["out_h"] * sizes["out_w"] * own_weights.size
        conv = replace(call, kernel="conv_2d", params=params, inputs=call.inputs[:1], macs=macs)
        made.append(Part(conv, (phase[0] * p["out_w"] + phase[1]) * p["out_c"]))
    return tuple(made)


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["batches"], p["in_h"], p["in_w"], p["in_c"]).astype(np.int32) + p["input_offset"]
    weights = np.asarray(inputs[1], np.int32).reshape(p["out_c"], p["k_h"], p["k_w"], p["in_c"])
    reach_h = max((p["in_h"] - 1) * p["stride_h"] + p["k_h"], p["out_h"] + p["pad_top"])
    reach_w = max((p["in_w"] - 1) * p["stride_w"] + p["k_w"], p["out_w"] + p["pad_left"])
    sums = np.zeros((p["batches"], reach_h, reach_w, p["out_c"]), np.int32)
    rows, columns = (p[f"in_{axis}"] * p[f"stride_{axis}"] for axis in "hw")
    for h in range(p["k_h"]):
        for w in range(p["k_w"]):
            covered = sums[:, h : h + rows : p["stride_h"], w : w + columns : p["stride_w"]]
            covered[:, : p["in_h"], : p["in_w"]] += np.matmul(x, weights[:, h, w].T, dtype=np.int32)
    whole = sums[:, p["pad_top"] :, p["pad_left"] :][:, : p["out_h"], : p["out_w"]]
    return requantize(whole, p)


KERNEL = Kernel(
    "transpose_conv",
    CStruct(
        "nn_transpose_conv_t",
        pointers("int32_t", "bias multiplier")
        + pointers("int8_t", "shift")
        + numbers("int32_t", "batches in_h in_w in_c out_h out_w out_c k_h k_w stride_h stride_w pad_top pad_left")
        + numbers("int16_t", "input_offset output_offset act_min act_max"),
        "matrix",
    ),
    reference,
    arity=2,
)
OPERATOR = Operator(
    "transpose_conv",
    "TRANSPOSE_CONV",
    "TransposeConv",
    "TransposeConvOptions",
    {"Padding": "same", "StrideW": 1, "StrideH": 1, "FusedActivationFunction": "none"},
    lower,
)
