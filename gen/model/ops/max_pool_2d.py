"""MAX_POOL_2D in int8."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from gen.model.graph import Array
from gen.model.ops.average_pool_2d import OPTIONS, STRUCT, channels, interval, lower
from gen.model.ops.operator import Kernel, Operator
from gen.model.ops.taps import taps


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    highest = reduce(np.maximum, (tap for _, _, tap in taps(p, inputs[0], padding=-128)))
    return np.clip(highest, p["act_min"], p["act_max"]).astype(np.int8)


KERNEL = Kernel("max_pool_2d", STRUCT, reference, channels=channels, interval=interval)
OPERATOR = Operator(
    "max_pool_2d",
    "MAX_POOL_2D",
    "MaxPool2D",
    "Pool2DOptions",
    OPTIONS,
    lower,
    interpreter=("max_pool_2d", "pool_2d"),
    nodes=("maxpool",),
)
