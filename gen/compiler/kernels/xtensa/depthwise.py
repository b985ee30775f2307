"""DEPTHWISE_CONV_2D on Xtensa: one channel at a time on a padded plane, see firmware/kernels/xtensa/depthwise.h."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.compiler.arena import aligned
from gen.compiler.kernels.common import AXES, PADS, depthwise_weights, given
from gen.compiler.kernels.variant import Variant, own_layout
from gen.compiler.kernels.xtensa.lines import Sums, find_lines, mode, records
from gen.model.ops.operator import Call, CStruct, numbers, pointers

DEPTHWISE = CStruct(
    "nn_depthwise_conv_2d_3x3_xtensa_t",
    pointers("uint8_t", "weights")
    + pointers("int32_t", "records")
    + numbers("int32_t", "along[6] across[6] x_bytes y_bytes")
    + numbers("int16_t", "pad_value output_offset act_min act_max")
    + numbers("uint16_t", "batches channels taps_across taps_along pitch lines used refill mode bits"),
)
TAPS, PITCH, AT_ONCE = 3, 64, 4  # of block.h and depthwise_window.c
MIN_CHANNELS, MAX_TAPS = 4, 256  # of sum_channels.S


@dataclass(frozen=True)
class Plane:
    """How a channel lies on its plane."""

    # The axis, "h" or "w", with more outputs, and the other one: along the plane's lines, and from line to line.
    along: str
    across: str
    # Of the window as it is computed, which may have more than the model's.
    taps_along: int
    taps_across: int
    # Words in a line, and lines.
    used: int
    lines: int

    @staticmethod
    def of(p: Mapping[str, Any], least_taps: int) -> "Plane":
        """least_taps: each way, of which some may have weights of 0."""
        along, across = ("h", "w") if p["out_h"] > p["out_w"] else ("w", "h")
        taps = {axis: max(p["k_" + axis], least_taps) for axis in AXES}
        size = {axis: (p["out_" + axis] - 1) * p["stride_" + axis] + taps[axis] for axis in AXES}
        return Plane(along, across, taps[along], taps[across], size[along], size[across])

    def axis(self, p: Mapping[str, Any], axis: str) -> tuple[int, ...]:
        """nn_depthwise_axis_xtensa_t."""
        pad, step = p[PADS[axis]], p["in_c"] * (1 if axis == "w" else p["in_w"])
        size = min(p["in_" + axis], (self.used if axis == self.along else self.lines) - pad)
        y_step = p["out_c"] * (1 if axis == "w" else p["out_w"])
        return size, p["out_" + axis], pad, p["stride_" + axis], step, y_step


def depthwise_window(call: Call) -> bool:
    """In place, so at most as many outputs as inputs. A window that never meets the image is left out."""
    p = call.params
    simple = (p["depth_multiplier"], p["dilation_h"], p["dilation_w"]) == (1, 1, 1)
    return bool(
        simple
        and p["out_h"] * p["out_w"] <= p["in_h"] * p["in_w"]
        and all(p[PADS[axis]] < p["k_" + axis] for axis in AXES)
    )


def depthwise_3x3(call: Call) -> bool:
    """Lines that fit the plane. Sums must not lie on padding, which stays there for the next channel: neither at the
    ends of a line nor in lines below the image."""
    p = call.params
    if not depthwise_window(call) or max(p["k_h"], p["k_w"]) > TAPS or p["stride_h"] != p["stride_w"]:
        return False
    plane, stride = Plane.of(p, TAPS), p["stride_h"]
    last = {axis: (p["out_" + axis] - 1) * stride - p[PADS[axis]] for axis in AXES}
    on_image = last[plane.along] + 1 < p["in_" + plane.along] and last[plane.across] < p["in_" + plane.across]
    return bool(stride <= 2 and plane.used <= PITCH and p[PADS[plane.along]] <= 1 and on_image)


def depthwise_pack(call: Call, plane: Plane, own: dict[str, int]) -> Mapping[str, Any]:
    p = call.params
    taps = p["weights"].reshape(p["k_h"], p["k_w"], p["out_c"]).astype(np.int64)
    sums = Sums.of(p, depthwise_weights(p))
    lines = find_lines(p, sums)
    if plane.along == "h":
        taps = taps.swapaxes(0, 1)
    window = np.zeros((plane.taps_across, plane.taps_along, p["out_c"]), np.int64)
    window[: taps.shape[0], : taps.shape[1]] = taps
    made = {
        "weights": (window.reshape(-1, p["out_c"]).T + 128).astype(np.uint8).ravel(),
        "records": records(sums, lines, 128 * sums.weights.sum(1)).ravel(),
        "along": plane.axis(p, plane.along), "across": plane.axis(p, plane.across),
        "x_bytes": p["in_h"] * p["in_w"] * p["in_c"], "y_bytes": p["out_h"] * p["out_w"] * p["out_c"],
        "pad_value": -p["input_offset"], "channels": p["out_c"], "taps_along": plane.taps_along,
        "taps_across": plane.taps_across, "lines": plane.lines, "used": plane.used,
    }  # fmt: skip
    return given(DEPTHWISE.fields, p) | made | mode(lines) | own


def depthwise_3x3_pack(call: Call) -> Mapping[str, Any]:
    """Sums overwrite padding only in the lines above the image."""
    plane = Plane.of(call.params, TAPS)
    return depthwise_pack(call, plane, {"pitch": PITCH, "refill": call.params[PADS[plane.across]]})


def depthwise_window_pack(call: Call) -> Mapping[str, Any]:
    plane = Plane.of(call.params, 1)
    size = {axis: plane.axis(call.params, axis)[0] for axis in AXES}
    whole = size[plane.along] == plane.used and size[plane.across] == plane.lines
    return depthwise_pack(call, plane, {"pitch": plane.used, "refill": 0 if whole else plane.lines})


def depthwise_3x3_scratch_bytes(call: Call) -> int:
    return 4 * PITCH * Plane.of(call.params, TAPS).lines


def depthwise_window_scratch_bytes(call: Call) -> int:
    """The last outputs are computed four at a time even where there are fewer."""
    plane = Plane.of(call.params, 1)
    beyond = (AT_ONCE - 1) * int(call.params["stride_" + plane.along])
    return aligned(4 * (plane.lines * plane.used + beyond))


def depthwise(name: str, **functions: Any) -> Variant:
    files = [f"depthwise_{name}.c", "depthwise_gather.S", "outputs.S"] + ["depthwise_3x3.S"] * (name == "3x3")
    return Variant(
        kernel="depthwise_conv_2d",
        isa="xtensa",
        name=f"depthwise_conv_2d_{name}_xtensa",
        files=tuple(f"xtensa/{file}" for file in files),
        header="xtensa/depthwise.h",
        struct=CStruct(f"nn_depthwise_conv_2d_{name}_xtensa_t", DEPTHWISE.fields),
        in_place=True,
        **functions,
    )


def depthwise_own(call: Call) -> bool:
    """With the model's own constants."""
    p = call.params
    return bool(p["depth_multiplier"] == 1 and p["out_c"] >= MIN_CHANNELS and p["k_h"] * p["k_w"] <= MAX_TAPS)


VARIANTS: tuple[Variant, ...] = (
    depthwise("3x3", accepts=depthwise_3x3, pack=depthwise_3x3_pack, scratch_bytes=depthwise_3x3_scratch_bytes),
    depthwise(
        "window", accepts=depthwise_window, pack=depthwise_window_pack, scratch_bytes=depthwise_window_scratch_bytes
    ),
    own_layout(
        "depthwise_conv_2d",
        "xtensa",
        *("xtensa/depthwise_conv_2d.c", "xtensa/sum_channels.S"),
        header="xtensa/kernels.h",
        accepts=depthwise_own,
    ),
)
