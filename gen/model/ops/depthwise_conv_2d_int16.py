"""The kernel of DEPTHWISE_CONV_2D on int16 with int8 weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.model.graph import Array
from gen.model.ops import wide
from gen.model.ops.conv_2d_int16 import GEOMETRY
from gen.model.ops.operator import CStruct, Kernel, numbers, pointers
from gen.model.ops.taps import taps

NAME = f"depthwise_conv_2d{wide.SUFFIX}"


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].astype(np.int64)
    weights = p["weights"].astype(np.int64).reshape(p["k_h"], p["k_w"], p["out_c"])
    sums = np.zeros((p["batches"], p["out_h"], p["out_w"], p["out_c"]), np.int64)
    for i, j, tap in taps(p, x):
        sums += np.repeat(tap, p["depth_multiplier"], axis=3) * weights[i, j]
    return wide.requantize(sums, p)


KERNEL = Kernel(
    NAME,
    CStruct(
        f"nn_{NAME}_t",
        pointers("int8_t", "weights") + wide.CONSTANTS + GEOMETRY + numbers("int32_t", "depth_multiplier") + wide.CLAMP,
        "wide",
    ),
    reference,
    types=("int16",),
)
