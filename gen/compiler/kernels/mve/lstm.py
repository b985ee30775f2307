"""LSTM on Cortex-M55: the rows of a unit's gates together, as firmware/kernels/mve/lstm.h wants them."""

from collections.abc import Mapping
from typing import Any

from gen.compiler.kernels.common import given, wrapped
from gen.compiler.kernels.recurrent import gates, shifts_right, starts
from gen.compiler.kernels.variant import Variant
from gen.model.ops.operator import Call, CStruct, numbers, pointers

STRUCT = CStruct(
    "nn_lstm_mve_t",
    pointers("int8_t", "x_weights h_weights")
    + pointers("int32_t", "x_sums h_sums")
    + numbers("int32_t", "batches steps in_n units time_major")
    + numbers("int32_t", "multiplier[8] forget_multiplier remember_multiplier output_multiplier tanh_multiplier")
    + numbers("int8_t", "shift[8] forget_shift remember_shift output_shift tanh_shift")
    + numbers("int16_t", "hidden_offset clip_low clip_high"),
)


def pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    return {
        **given(STRUCT.fields, p),
        **{f"{side}_weights": gates(p, side).ravel() for side in "xh"},
        **{f"{side}_sums": wrapped(starts(p, side)).ravel() for side in "xh"},
    }


VARIANTS = (
    Variant(
        kernel="lstm",
        isa="mve",
        name="lstm_mve",
        files=("mve/lstm.c",),
        header="mve/lstm.h",
        struct=STRUCT,
        accepts=shifts_right,
        pack=pack,
    ),
)
