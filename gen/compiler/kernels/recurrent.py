"""LSTM and SVDF on ISAs that multiply int8 by int8: offsets are folded into the sums that they begin with."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gen.compiler.kernels.common import wrapped
from gen.compiler.kernels.variant import Variant
from gen.model.graph import Array
from gen.model.ops import KERNELS
from gen.model.ops.lstm import GATES
from gen.model.ops.operator import Call, CStruct, pointers
from gen.model.ops.svdf import KERNEL_OF

HEADER = "recurrent.h"


def gates(p: Mapping[str, Any], side: str) -> Array:
    """units x gates x depth: an LSTM's weights, of its inputs (side x) or of its hidden state (h). int64."""
    return np.stack([p[f"{side}_{gate}"].astype(np.int64) for gate in GATES], 1)


def starts(p: Mapping[str, Any], side: str) -> Array:
    """units x gates: what the sums of an LSTM's gates begin with. int64."""
    folded: Array = gates(p, side).sum(2) * p["input_offset" if side == "x" else "hidden_offset"]
    return folded + np.stack([p[f"bias_{gate}"] for gate in GATES], 1) if side == "x" else folded


def shifts_right(call: Call) -> bool:
    """Whether an LSTM does nothing but shift right."""
    p = call.params
    return bool(max(*p["shift"], p["forget_shift"], p["remember_shift"], p["output_shift"]) < 0)


def _svdf(call: Call) -> Mapping[str, Any]:
    p = call.params
    time = p["time"].astype(np.int64).reshape(p["units"], -1).sum(axis=1)
    return {
        **p,
        "filter_sums": wrapped(p["features"].astype(np.int64).sum(axis=1) * p["input_offset"]),
        "unit_sums": wrapped(time * p["state_offset"] + p["bias"]),
    }


def _struct(kernel: str) -> CStruct:
    """The kernel's own without its bias and the input's offset, with sums behind the other addresses."""
    own = [field for field in KERNELS[kernel].struct.fields if field.name not in ("bias", "input_offset")]
    addresses = [field for field in own if field.pointer]
    numbers = [field for field in own if not field.pointer]
    return CStruct(f"nn_{kernel}_sums_t", (*addresses, *pointers("int32_t", "filter_sums unit_sums"), *numbers))


def variants(isa: str) -> tuple[Variant, ...]:
    """SVDF."""
    return tuple(
        Variant(
            kernel=kernel,
            isa=isa,
            name=f"{kernel}_sums_{isa}",
            files=(f"{isa}/{kernel}_sums.c",),
            header=HEADER,
            struct=_struct(kernel),
            accepts=lambda call: max(call.params["shift1"], call.params["shift2"]) < 0,
            pack=_svdf,
        )
        for kernel in KERNEL_OF.values()
    )
