"""LSTM and SVDF whose offsets are folded into the sums that they begin with, for ISAs that multiply int8 by int8."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gen.compiler.kernels.variant import Variant, always
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.lstm import GATES
from gen.model.ops.operator import Call, CStruct, int32_array, pointers
from gen.model.ops.svdf import KERNEL_OF

HEADER = "recurrent.h"
SCALED = ("forget", "remember", "output")


def _wrapped(sums: Array) -> Array:
    """To int32, as sums wrap on the device."""
    return int32_array(sums.astype(np.int64).astype(np.uint32).view(np.int32))


def _lstm(call: Call) -> Mapping[str, Any]:
    p = call.params

    def sums(side: str, offset: int, biases: list[Any]) -> Array:
        weights = [p[f"{side}_{gate}"].astype(np.int64).sum(axis=1) * offset for gate in GATES]
        return _wrapped(np.stack([weight + bias for weight, bias in zip(weights, biases, strict=True)], axis=1))

    biases = [p[f"bias_{gate}"].astype(np.int64) for gate in GATES]
    rights = {f"{name}_right": -1 - p[f"{name}_shift"] for name in SCALED}
    return {
        **p,
        **rights,
        "right": tuple(-1 - shift for shift in p["shift"]),
        "x_sums": sums("x", p["input_offset"], biases),
        "h_sums": sums("h", p["hidden_offset"], [0] * 4),
    }


def _shifts_right(call: Call) -> bool:
    p = call.params
    return bool(max(*p["shift"], *(p[f"{name}_shift"] for name in SCALED)) < 0)


def _svdf(call: Call) -> Mapping[str, Any]:
    p = call.params
    time = p["time"].astype(np.int64).reshape(p["units"], -1).sum(axis=1)
    return {
        **p,
        "filter_sums": _wrapped(p["features"].astype(np.int64).sum(axis=1) * p["input_offset"]),
        "unit_sums": _wrapped(time * p["state_offset"] + p["bias"]),
    }


def _struct(kernel: str, sums: str) -> CStruct:
    """The kernel's own without its biases and the input's offset, with sums behind the other addresses, and the shifts
    of LSTM counted to the right."""
    own = [field for field in KERNELS[kernel].struct.fields if not field.name.startswith(("bias", "input_offset"))]
    renamed = {"shift": "right", **{f"{name}_shift": f"{name}_right" for name in SCALED}}
    fields = [replace(field, name=renamed.get(field.name, field.name)) for field in own]
    addresses = [field for field in fields if field.pointer]
    numbers = [field for field in fields if not field.pointer]
    return CStruct(f"nn_{kernel}_sums_t", (*addresses, *pointers("int32_t", sums), *numbers))


def variants(isa: str) -> tuple[Variant, ...]:
    def variant(
        kernel: str, sums: str, pack: Callable[[Call], Mapping[str, Any]], accepts: Callable[[Call], bool]
    ) -> Variant:
        return Variant(
            kernel=kernel,
            isa=isa,
            name=f"{kernel}_sums_{isa}",
            files=(f"{isa}/{kernel}_sums.c",),
            header=HEADER,
            struct=_struct(kernel, sums),
            accepts=accepts,
            pack=pack,
        )

    svdf = (variant(kernel, "filter_sums unit_sums", _svdf, always) for kernel in KERNEL_OF.values())
    return (variant("lstm", "x_sums h_sums", _lstm, _shifts_right), *svdf)
