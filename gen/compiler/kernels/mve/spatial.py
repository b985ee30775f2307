"""DEPTHWISE_CONV_2D, ADD and AVERAGE_POOL_2D on Cortex-M55. How they requantize: gen/compiler/kernels/mve/gemm.py."""

from typing import Any

import numpy as np

from gen.compiler.arena import aligned
from gen.compiler.kernels.common import depthwise_weights, folded_bias, keeps_size
from gen.compiler.kernels.mve.gemm import axes, channel_params, geometry, is_requantized_exactly, overlapping_groups
from gen.compiler.kernels.variant import Variant, in_place_too, own_layout
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct, numbers, pointers

GROUP, BLOCK = 4, 8  # channels computed together, channels read together
LINES = 6  # of the input in a strip
STRIPS_BYTES = 1408  # as many blocks of channels together as have strips in this much scratch memory

DEPTHWISE_FIELDS = (
    pointers("int8_t", "weights")
    + pointers("int32_t", "params")
    + numbers("int32_t", "x_step[2] y_step[2]")
    + numbers("uint16_t", "channels in[2] out[2] stride[2] pad[2] strip_bytes together")
    + numbers("int16_t", "pad_value output_offset relu")
)


def _strip_bytes(p: Any) -> int:
    """LINES bytes a position, and as many bytes more as there are lines, with padding; even."""
    positions, lines = ((p[f"out_{axis}"] - 1) * p[f"stride_{axis}"] + 3 for axis in axes(p))
    return int(LINES * positions + lines + 1) // 2 * 2


def accepts_depthwise(call: Call) -> bool:
    p = call.params
    position, _ = axes(p)
    window = (
        p["k_h"] == p["k_w"] == 3 and p["batches"] == p["depth_multiplier"] == p["dilation_h"] == p["dilation_w"] == 1
    )
    sizes = p["out_c"] >= BLOCK and p[f"out_{position}"] >= 2 and p[f"stride_{position}"] <= 2
    offsets = BLOCK * _strip_bytes(p) < 2**16 and (p["out_w"] + 1) * p["out_c"] < 2**16  # 16 bits in the kernel
    return bool(window and sizes and offsets and is_requantized_exactly(p))


def pack_depthwise(call: Call) -> dict[str, Any]:
    p = call.params
    channels = p["out_c"]
    weights = p["weights"].reshape(3, 3, channels)
    if axes(p) == ("w", "h"):
        weights = weights.transpose(1, 0, 2)
    weights = weights.reshape(9, channels).T
    order = overlapping_groups(channels, GROUP)
    bias, multiplier, shift = (values[order] for values in channel_params(p, weights))
    return geometry(p) | {
        "weights": weights[order],
        "params": np.concatenate([bias, shift.astype(np.int32), multiplier], axis=1),
        "channels": channels,
        "strip_bytes": _strip_bytes(p),
        "together": _together(p),
    }


def _together(p: Any) -> int:
    """Channels whose strips are in scratch memory together; the last ones are up to seven more."""
    return max(STRIPS_BYTES // _strip_bytes(p) // BLOCK, 1) * BLOCK


def depthwise_scratch(call: Call) -> int:
    together, last = _together(call.params), call.params["out_c"]
    while last >= together + BLOCK:
        last -= together
    strips = max(last, min(together, call.params["out_c"]))
    return aligned(strips * _strip_bytes(call.params))


# Of depthwise_taps.c and .S. Requantization: vqrdmlah adds the sign (-1 or 0) of a sum to its product, which is the
# correction of gemm.py in one instruction. FIRST_SHIFT bits are shifted out, rounding down, while sums are narrowed
# to 16 bits; the rest, at least 1, rounds: the same as one shift, as long as sums have at most 16 + FIRST_SHIFT bits.
MIN_CHANNELS, CHANNELS, OUTPUTS, MAX_TAPS, FIRST_SHIFT = 32, 64, 8, 15, 4
TAPS_FIELDS = (
    pointers("int32_t", "channels")
    + numbers("int32_t", "step x_line y_line")
    + numbers("uint16_t", "out_c taps out lines strip_bytes")
    + numbers("int16_t", "output_offset")
)


def accepts_taps(call: Call) -> bool:
    p = call.params
    unit = all(p[name] == 1 for name in ("batches", "depth_multiplier", "stride_h", "stride_w"))
    whole = p["pad_top"] == p["pad_left"] == 0 and all(
        p[f"in_{axis}"] == p[f"out_{axis}"] + p[f"k_{axis}"] - 1 and 1 in (p[f"k_{axis}"], p[f"dilation_{axis}"])
        for axis in "hw"
    )
    window = min(p["k_h"], p["k_w"]) == 1 and 2 <= max(p["k_h"], p["k_w"]) <= MAX_TAPS
    if not (unit and whole and window) or p["out_c"] < MIN_CHANNELS or p["out_c"] % 2:
        return False
    fields = pack_taps(call)
    offsets = OUTPUTS * fields["step"] < 2**16 and MIN_CHANNELS * fields["strip_bytes"] < 2**16
    rows = depthwise_weights(p).astype(np.int64)
    sums = np.abs(folded_bias(p, rows)) + np.abs(rows).sum(1) * 128
    narrow = sums.max() < 2 ** (15 + FIRST_SHIFT)
    return bool(offsets and np.max(p["shift"]) < -FIRST_SHIFT and narrow and is_requantized_exactly(p))


def pack_taps(call: Call) -> dict[str, Any]:
    p = call.params
    line, across = ("h", "w") if p["k_h"] > 1 else ("w", "h")
    taps, out, channels = p[f"k_{line}"], p[f"out_{line}"], p["out_c"]
    weights = np.zeros((channels, 16), np.int8)
    weights[:, :taps] = depthwise_weights(p)
    bias, multiplier, shift = channel_params(p, weights)
    params = np.stack([bias, multiplier, (shift.astype(np.int32) + FIRST_SHIFT) & 0xFF], axis=1)
    pairs = params.reshape(-1, 6).astype("<i4"), weights.reshape(-1, 32).view("<i4")
    rows = {"h": p["in_w"] * channels, "w": channels}
    lines = {"h": p["out_w"] * channels, "w": channels}
    # From the last eight outputs on a strip is read as far as 16 inputs from the seventh.
    read = max(out - OUTPUTS, 0) + OUTPUTS - 2 + 16
    return {
        "channels": np.concatenate(pairs, axis=1), "step": rows[line], "x_line": rows[across], "y_line": lines[across],
        "out_c": channels, "taps": taps, "out": out, "lines": p[f"out_{across}"], "strip_bytes": (read + 2) // 2 * 2,
        "output_offset": p["output_offset"],
    }  # fmt: skip


def taps_scratch(call: Call) -> int:
    """Strips of all channels that are computed together: CHANNELS, but the last ones are up to 31 more."""
    channels = call.params["out_c"]
    last = channels
    while last >= CHANNELS + MIN_CHANNELS:
        last -= CHANNELS
    together = last if channels == last else max(last, CHANNELS)
    return int(together * pack_taps(call)["strip_bytes"])


ADD_FROM = 256  # elements from which the table pays for itself


def add_scratch(call: Call) -> int:
    """A table with an int32 for every value of an operand."""
    return 1024


HALVED = (2**30, 0)  # multiplier and shift of ADD's operand with the larger scale


def accepts_add(call: Call) -> bool:
    p = call.params
    flat = p["dims"][:3] == (1, 1, 1) and p["stride1"][3] == p["stride2"][3] == 1
    operands = (p["multiplier1"], p["shift1"]), (p["multiplier2"], p["shift2"])
    known = HALVED in operands and max(p["shift1"], p["shift2"]) <= 0 and p["left_shift"] == 20
    output = {name: p[f"output_{name}"] for name in ("multiplier", "shift", "offset")}
    rounding = is_requantized_exactly(
        {"act_min": p["act_min"], "act_max": p["act_max"], "output_offset": output["offset"]} | output
    )
    return bool(flat and known and rounding and p["dims"][3] >= ADD_FROM)


def accepts_pool(call: Call) -> bool:
    return bool(call.params["k_h"] * call.params["k_w"] <= 255)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        kernel="add",
        isa="mve",
        name="add_mve",
        files=("mve/add_flat.c",),
        header="mve/elementwise.h",
        struct=KERNELS["add"].struct,
        accepts=accepts_add,
        scratch_bytes=add_scratch,
        in_place=True,
    ),
    own_layout("average_pool_2d", "mve", "mve/pool.c", header="mve/elementwise.h", accepts=accepts_pool),
    Variant(
        kernel="depthwise_conv_2d",
        isa="mve",
        name="depthwise_conv_2d_taps_mve",
        files=("mve/depthwise_taps.c", "mve/depthwise_taps.S"),
        header="mve/depthwise.h",
        struct=CStruct("nn_depthwise_conv_2d_taps_mve_t", TAPS_FIELDS),
        accepts=accepts_taps,
        pack=pack_taps,
        scratch_bytes=taps_scratch,
        in_place=True,
    ),
    *in_place_too(
        Variant(
            kernel="depthwise_conv_2d",
            isa="mve",
            name="depthwise_conv_2d_3x3_mve",
            files=("mve/depthwise_3x3.c", "mve/depthwise_3x3.S"),
            header="mve/depthwise.h",
            struct=CStruct("nn_depthwise_conv_2d_3x3_mve_t", DEPTHWISE_FIELDS),
            accepts=accepts_depthwise,
            pack=pack_depthwise,
            scratch_bytes=depthwise_scratch,
        ),
        "depthwise_conv_2d_in_place_mve",
        lambda call: keeps_size(call.params),
    ),
)
