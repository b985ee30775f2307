"""The kernel of CONV_2D and FULLY_CONNECTED on int16 with int8 weights: a FULLY_CONNECTED is a convolution of a row of
pixels by a window of one."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.model.graph import Array
from gen.model.ops import wide
from gen.model.ops.operator import CStruct, Kernel, numbers, pointers
from gen.model.ops.taps import taps

NAME = f"conv_2d{wide.SUFFIX}"
GEOMETRY = numbers("int32_t", "batches in_h in_w in_c out_h out_w out_c k_h k_w") + numbers(
    "int32_t", "stride_h stride_w dilation_h dilation_w pad_top pad_left"
)
ROW = {
    **dict.fromkeys(("batches", "in_h", "out_h", "k_h", "k_w", "stride_h", "stride_w", "dilation_h", "dilation_w"), 1),
    "pad_top": 0,
    "pad_left": 0,
}  # fmt: skip


def row(pixels: int, in_n: int, out_n: int) -> dict[str, int]:
    """The geometry of a FULLY_CONNECTED."""
    return {**ROW, "in_w": pixels, "out_w": pixels, "in_c": in_n, "group_c": in_n, "out_c": out_n}


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["batches"], p["in_h"], p["in_w"], p["in_c"]).astype(np.float64)
    groups, of_group = p["in_c"] // p["group_c"], p["out_c"] * p["group_c"] // p["in_c"]
    weights = p["weights"].astype(np.float64).reshape(groups, of_group, p["k_h"], p["k_w"], p["group_c"])
    pixels = p["batches"] * p["out_h"] * p["out_w"]
    sums = np.zeros((groups, pixels, of_group))  # whole numbers below 2**47, which float64 has
    for i, j, tap in taps(p, x):
        grouped = tap.reshape(pixels, groups, p["group_c"]).swapaxes(0, 1)
        sums += np.matmul(grouped, weights[:, :, i, j].swapaxes(1, 2))
    return wide.requantize(sums.swapaxes(0, 1).reshape(p["batches"], p["out_h"], p["out_w"], p["out_c"]), p)


KERNEL = Kernel(
    NAME,
    CStruct(
        f"nn_{NAME}_t",
        pointers("int8_t", "weights") + wide.CONSTANTS + GEOMETRY + numbers("int32_t", "group_c") + wide.CLAMP,
        "wide",
    ),
    reference,
    types=("int16",),
)
