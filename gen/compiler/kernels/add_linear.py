"""ADD and SUB as one linear function of their two inputs, found and proved for each of the 65,536 pairs of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from gen.compiler.kernels.common import given
from gen.compiler.kernels.variant import Variant
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct, numbers

BYTES = np.arange(-128, 128, dtype=np.int8)
SKIPPED = 7  # one of so many inputs of each side tells most wrong multipliers from right ones
FIELDS = numbers("int32_t", "multiplier1 multiplier2 sum count")


@dataclass(frozen=True)
class Form:
    """y - origin = saturate((sum + each multiplier * (x - origin) >> dropped) >> shift), in int32."""

    # The first one whose sums fit an int32 is taken.
    shifts: tuple[int, ...]
    # How far beside the real multipliers others are tried.
    steps: range
    # Bits that are dropped of each product.
    dropped: int = 0
    # What inputs and outputs are counted from: 0, or -128 for the least of them.
    origin: int = 0


# A multiplication of 32 x 32 bits that keeps the upper word gives the 8 bits for nothing.
UPPER_WORD = Form(shifts=(20,), steps=range(-96, 97, 16), dropped=8)
LOWER_WORD = Form(shifts=(23, 22, 21, 20, 19), steps=range(-3, 4), origin=-128)


def find(call: Call, form: Form) -> Mapping[str, int] | None:
    """multiplier1, multiplier2, sum, shift and count, or None where there are none: where it broadcasts or clamps, or
    where TFLM's rounding is not that of any linear function (ties below the zero point go away from zero)."""
    p = call.params
    one_row = p["stride1"] == p["stride2"] and p["dims"][:3] == (1, 1, 1) and p["stride1"][3] == int(p["dims"][3] > 1)
    if (p["act_min"], p["act_max"]) != (-128, 127) or not one_row:
        return None
    scalars = tuple((key, value) for key, value in p.items() if key not in ("dims", "stride1", "stride2"))
    found = _fitted(call.kernel, scalars, form)
    return found and {**found, "count": p["dims"][3]}


@cache
def _fitted(kernel: str, scalars: tuple[tuple[str, int], ...], form: Form) -> Mapping[str, int] | None:
    """With the multipliers given, an output k of a pair asks for a sum in [k, k + 1) * 2**shift less what the pair
    contributes, so that sums that are right for all pairs are an interval. Where it is empty for the multipliers that
    the real numbers give, neighbors of them are tried, the nearest first."""
    p = dict(scalars)
    table = {"dims": (1, 1, 256, 256), "stride1": (0, 0, 1, 0), "stride2": (0, 0, 0, 1)}
    y = KERNELS[kernel].reference(p | table, (BYTES, BYTES)).reshape(256, 256).astype(np.int64) - form.origin
    x = BYTES.astype(np.int64) - form.origin
    ends = -128 - form.origin, 127 - form.origin
    real = [sign * p[f"multiplier{n}"] * 2.0 ** (p[f"shift{n}"] - 31) * p["output_multiplier"]
            for n, sign in ((1, 1), (2, KERNELS[kernel].second_sign))]  # fmt: skip
    scale = 2.0 ** (p["output_shift"] + p["left_shift"] - 31 + form.dropped)
    for shift in form.shifts:
        near = [round(value * scale * 2.0**shift) for value in real]
        if max(map(abs, near)) >= 2**31 - 2**10:
            continue
        for step in sorted(product(form.steps, repeat=2), key=lambda step: abs(step[0]) + abs(step[1])):
            multiplier1, multiplier2 = (base + offset for base, offset in zip(near, step, strict=True))
            first, second = (multiplier1 * x >> form.dropped)[:, None], multiplier2 * x >> form.dropped
            lowest, highest = _sums(y[::SKIPPED, ::SKIPPED], first[::SKIPPED] + second[::SKIPPED], shift, ends)
            if lowest > highest:
                continue
            terms = first + second
            lowest, highest = _sums(y, terms, shift, ends)
            total = (lowest + highest) // 2
            if lowest <= highest and terms.min() + total >= -(2**31) and terms.max() + total < 2**31:
                return {"multiplier1": multiplier1, "multiplier2": multiplier2, "sum": total, "shift": shift}
    return None


def _sums(y: Array, terms: Array, shift: int, ends: tuple[int, int]) -> tuple[int, int]:
    """The least and the greatest sum that is right for all of these outputs and what their pairs contribute."""
    lowest = ((y << shift) - terms)[y > ends[0]].max(initial=-(2**31))
    highest = ((y + 1 << shift) - 1 - terms)[y < ends[1]].min(initial=2**31 - 1)
    return int(lowest), int(highest)


def variants(isa: str, file: str, header: str, form: Form = UPPER_WORD) -> tuple[Variant, ...]:
    """nn_add_linear_<isa> for both, whose struct has a shift where the form has several."""
    fields = FIELDS + (numbers("int32_t", "shift") if len(form.shifts) > 1 else ())

    def pack(call: Call) -> Mapping[str, Any]:
        found = find(call, form)
        assert found is not None
        return given(fields, found)

    return tuple(
        Variant(
            kernel=kernel,
            isa=isa,
            name=f"add_linear_{isa}",
            files=(file,),
            header=header,
            struct=CStruct(f"nn_add_linear_{isa}_t", fields),
            accepts=lambda call: find(call, form) is not None,
            pack=pack,
            in_place=True,
        )
        for kernel, row in KERNELS.items()
        if row.second_sign
    )
