"""Calls for the kernels of one instruction set, and their inputs: with parameters that no converter writes, and with
those that converters write."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gen.model.graph import Array, Op
from gen.model.ops.operator import Call
from tests.kernels import convolutions
from tests.kernels.convolutions import GENERATORS

EXTREME = np.array([-128, -127, -1, 0, 1, 127])
ONES = ("in_h", "in_w", "out_h", "out_w", "k_h", "k_w", "stride_h", "stride_w", "dilation_h", "dilation_w", "batches")


def call(kernel: str, params: dict[str, Any]) -> Call:
    return Call(Op(0, kernel, (), (), {}), kernel, params, (), (0,))


def inputs(rng: np.random.Generator, *shape: int) -> Array:
    """Uniform, all at one end, or only values at the ends."""
    kind = rng.integers(0, 4)
    if kind == 0:
        return np.full(shape, rng.choice([-128, 127]), np.int8)
    return rng.choice(EXTREME, shape).astype(np.int8) if kind == 1 else rng.integers(-128, 128, shape, np.int8)


def requantization(rng: np.random.Generator, weights: Array, wide: bool = False) -> dict[str, Any]:
    """Multipliers and shifts, mostly such that sums reach all outputs; ties where the multiplier is a power of two.
    wide: shifts of -7 to -11, which weights of 16 bits are for."""
    channels, per_channel = len(weights), bool(rng.integers(0, 4))
    count = channels if per_channel else 1
    spread = np.abs(weights.reshape(channels, -1).astype(np.int64)).sum() / channels * 32
    fitting = 7 - np.log2(max(spread, 1)) + rng.uniform(-3, 3, count)
    highest = -1 if rng.random() < 0.8 else 5
    shift = np.clip(np.floor(fitting) + (0 if highest < 0 else rng.integers(0, 8)), -31, highest).astype(np.int8)
    multiplier = rng.choice([1 << 30, (1 << 31) - 1, 0], count, p=[0.5, 0.4, 0.1])
    uniform = rng.random(count) < 0.7
    if wide:
        shift = np.clip(shift, -11, -7)
    zero = (-128, 127, int(rng.integers(-128, 128)))[rng.integers(0, 3)]
    act_min, act_max = ((-128, 127), (zero, 127), (zero, min(zero + 60, 127)), (max(zero - 9, -128), 127))[
        rng.integers(0, 4)
    ]
    bias = (rng.uniform(-1, 1, channels) * 2.0 ** rng.uniform(0, 22)).astype(np.int32)
    return {
        "weights": weights, "bias": None if rng.random() < 0.1 else bias, "shift": shift,
        "multiplier": np.where(uniform, rng.integers(1 << 30, 1 << 31, count), multiplier).astype(np.int32),
        "per_channel": int(per_channel), "output_offset": zero, "act_min": act_min, "act_max": act_max,
        "input_offset": int(rng.integers(-127, 129)),
    }  # fmt: skip


@st.composite
def convolution(draw: st.DrawFn) -> tuple[Call, Array]:
    """A CONV_2D without groups and an input."""
    rng, same = draw(GENERATORS), draw(st.booleans())
    high, wide = (draw(convolutions.windows(same, (1, 1, 2))) for _ in range(2))
    in_c, out_c = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    batches = draw(st.sampled_from([1, 1, 2]))
    if draw(st.sampled_from([False, False, True])):
        in_c = draw(st.sampled_from([32, 64, 80]))  # more than one turn of the unrolled loops
    sizes: dict[str, int] = {}
    for axis, w in (("h", high), ("w", wide)):
        span = (w.kernel - 1) * w.dilation + 1
        pad = max((w.out - 1) * w.stride + span - w.size, 0) // 2
        names = (f"in_{axis}", f"k_{axis}", f"stride_{axis}", f"dilation_{axis}", f"out_{axis}")
        sizes |= dict(zip(names, (w.size, w.kernel, w.stride, w.dilation, w.out), strict=True))
        sizes["pad_top" if axis == "h" else "pad_left"] = pad
    weights = convolutions.weights(rng, out_c, high.kernel, wide.kernel, in_c)
    params = requantization(rng, weights) | sizes
    params |= {"batches": batches, "in_c": in_c, "out_c": out_c, "group_c": in_c}
    return call("conv_2d", params), inputs(rng, batches, high.size, wide.size, in_c)


@st.composite
def layer(draw: st.DrawFn) -> tuple[Call, Array]:
    """A FULLY_CONNECTED and an input."""
    rng, in_n, out_n = draw(GENERATORS), draw(st.integers(1, 150)), draw(st.integers(1, 13))
    batches = draw(st.sampled_from([1, 1, 2]))
    params = requantization(rng, convolutions.weights(rng, out_n, in_n))
    return call("fully_connected", params | {"batches": batches, "in_n": in_n, "out_n": out_n}), inputs(
        rng, batches, in_n
    )


def converted(rng: np.random.Generator, *shape: int) -> dict[str, Any]:
    """Parameters as converters write them: ReLU, no weight of -128, multipliers that fit."""
    weights = rng.integers(-127, 128, shape, np.int8)
    channels, terms = len(weights), weights[0].size
    return {
        "weights": weights, "bias": rng.integers(-9000, 9000, channels).astype(np.int32), "per_channel": 1,
        "multiplier": rng.integers(1 << 30, 1 << 31, channels).astype(np.int32),
        "shift": np.full(channels, -round(5.5 + np.log2(terms) / 2), np.int8),
        "input_offset": 128, "output_offset": -128, "act_min": -128, "act_max": 127,
    }  # fmt: skip


def conv(params: dict[str, Any], **sizes: int) -> Call:
    """A CONV_2D; sizes that aren't given are 1, paddings 0."""
    default = dict.fromkeys(ONES, 1) | {"pad_top": 0, "pad_left": 0}
    return call("conv_2d", params | default | sizes | {"group_c": sizes["in_c"], "out_c": len(params["weights"])})


def depthwise(
    params: dict[str, Any], shape: tuple[int, ...], stride: int = 1, same: bool = True, batches: int = 1
) -> Call:
    """A DEPTHWISE_CONV_2D on in_h x in_w; the weights in params are channels x k_h x k_w."""
    channels, *window = params["weights"].shape
    out = [-(-size // stride) if same else (size - k) // stride + 1 for size, k in zip(shape, window, strict=True)]
    pads = [max((o - 1) * stride + k - size, 0) // 2 for o, k, size in zip(out, window, shape, strict=True)]
    sizes = {
        "batches": batches, "in_h": shape[0], "in_w": shape[1], "in_c": channels, "out_h": out[0], "out_w": out[1],
        "out_c": channels, "k_h": window[0], "k_w": window[1], "depth_multiplier": 1, "stride_h": stride,
        "stride_w": stride, "dilation_h": 1, "dilation_w": 1, "pad_top": pads[0], "pad_left": pads[1],
    }  # fmt: skip
    weights = np.ascontiguousarray(np.moveaxis(params["weights"], 0, -1)[None])
    return call("depthwise_conv_2d", params | sizes | {"weights": weights})


@st.composite
def pointwise(draw: st.DrawFn) -> tuple[Call, Array]:
    """1x1 on a row of 3 or more pixels, mostly in place."""
    rng, in_c, pixels, batches = (
        draw(GENERATORS),
        draw(st.integers(1, 40)),
        draw(st.integers(3, 14)),
        draw(st.integers(1, 2)),
    )
    out_c = draw(st.integers(1, in_c + 2))
    weights = rng.integers(-127, 128, (out_c, 1, 1, in_c), np.int8)
    c = conv(requantization(rng, weights), in_c=in_c, in_w=pixels, out_w=pixels, batches=batches)
    return c, inputs(rng, batches, 1, pixels, in_c)
