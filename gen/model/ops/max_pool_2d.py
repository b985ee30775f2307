"""MAX_POOL_2D in int8 and int16."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from gen.model.graph import Array
from gen.model.ops.average_pool_2d import OPTIONS, STRUCT, STRUCT_INT16, channels, interval, lower
from gen.model.ops.operator import Kernel, Operator
from gen.model.ops.taps import taps


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    lowest = int(np.iinfo(inputs[0].dtype).min)
    highest = reduce(np.maximum, (tap for _, _, tap in taps(p, inputs[0], padding=lowest)))
    clamped: Array = np.clip(highest, p["act_min"], p["act_max"]).astype(inputs[0].dtype)
    return clamped


KERNELS = (
    Kernel("max_pool_2d", STRUCT, reference, channels=channels, interval=interval),
    Kernel("max_pool_2d_int16", STRUCT_INT16, reference, types=("int16",)),
)
OPERATOR = Operator(
    "max_pool_2d",
    "MAX_POOL_2D",
    "MaxPool2D",
    "Pool2DOptions",
    OPTIONS,
    lower,
    kernels=tuple(kernel.name for kernel in KERNELS),
    interpreter=("max_pool_2d", "pool_2d"),
    prepared=(KERNELS[1].name,),
    nodes=("maxpool",),
)
