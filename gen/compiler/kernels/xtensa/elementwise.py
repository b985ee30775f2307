"""ADD on Xtensa as one linear function, found and proved for each of the 65,536 pairs of inputs; AVERAGE_POOL_2D."""

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from gen.compiler.kernels.dsp import spatial
from gen.compiler.kernels.variant import Variant
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct, numbers

ADD_LINEAR = CStruct("nn_add_linear_xtensa_t", numbers("int32_t", "multiplier1 multiplier2 sum count shift"))
BYTES = np.arange(-128, 128).astype(np.int8)
SHIFTS = (23, 22, 21, 20, 19)  # the first one whose sums fit an int32


def add_linear(call: Call) -> Mapping[str, Any] | None:
    """The numbers, or None where there are none: where ADD broadcasts or clamps, or where TFLM's rounding is not that
    of any linear function (ties below the zero point go away from zero)."""
    p = call.params
    one_row = p["stride1"] == p["stride2"] and p["dims"][:3] == (1, 1, 1) and p["stride1"][3] == int(p["dims"][3] > 1)
    if (p["act_min"], p["act_max"]) != (-128, 127) or not one_row:
        return None
    found = fitted(tuple((key, value) for key, value in p.items() if key not in ("dims", "stride1", "stride2")))
    return found and {**found, "count": p["dims"][3]}


@cache
def fitted(scalars: tuple[tuple[str, int], ...]) -> Mapping[str, int] | None:
    """With the multipliers given, each pair asks for a sum in a range; where the ranges have nothing in common,
    neighbours of the multipliers are tried."""
    p = dict(scalars)
    table = {"dims": (1, 1, 256, 256), "stride1": (0, 0, 1, 0), "stride2": (0, 0, 0, 1)}
    expected = KERNELS["add"].reference(p | table, (BYTES, BYTES)).reshape(256, 256).astype(np.int64) + 128
    x = np.arange(256, dtype=np.int64)
    real = [p[f"multiplier{n}"] * 2.0 ** (p[f"shift{n}"] - 31) * p["output_multiplier"] for n in (1, 2)]
    scale = 2.0 ** (p["output_shift"] + p["left_shift"] - 31)
    for shift in SHIFTS:
        near = [round(value * scale * 2.0**shift) for value in real]
        for steps in sorted(product(range(-3, 4), repeat=2), key=lambda steps: abs(steps[0]) + abs(steps[1])):
            multiplier1, multiplier2 = (base + step for base, step in zip(near, steps, strict=True))
            terms = (multiplier1 * x)[:, None] + multiplier2 * x
            lowest = ((expected << shift) - terms)[expected > 0].max(initial=-(2**31))
            highest = ((expected + 1 << shift) - 1 - terms)[expected < 255].min(initial=2**31 - 1)
            total = int(lowest + highest) // 2
            if lowest <= highest and terms.min() + total >= -(2**31) and terms.max() + total < 2**31:
                return {"multiplier1": multiplier1, "multiplier2": multiplier2, "sum": total, "shift": shift}
    return None


def add_pack(call: Call) -> Mapping[str, Any]:
    packed = add_linear(call)
    assert packed is not None
    return packed


VARIANTS: tuple[Variant, ...] = (
    Variant(
        kernel="add",
        isa="xtensa",
        name="add_linear_xtensa",
        files=("xtensa/add_linear.c",),
        header="xtensa/kernels.h",
        struct=ADD_LINEAR,
        accepts=lambda call: add_linear(call) is not None,
        pack=add_pack,
        in_place=True,
    ),
    Variant(
        kernel="average_pool_2d",
        isa="xtensa",
        name="average_pool_2d_xtensa",
        files=("xtensa/average_pool_2d.c",),
        header="xtensa/kernels.h",
        struct=KERNELS["average_pool_2d"].struct,
        accepts=spatial.average_pool,
    ),
)
