"""LSTM on Cortex-M4, M7 and M33: the weights of two gates in each word, as firmware/kernels/dsp/lstm.h wants them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gen.compiler.kernels.common import given, padded, wrapped
from gen.compiler.kernels.dsp.byte_pairs import halves, interleaved
from gen.compiler.kernels.recurrent import gates, shifts_right, starts
from gen.compiler.kernels.variant import Variant
from gen.model.graph import Array
from gen.model.ops.operator import Call, CStruct, numbers, pointers

STRUCT = CStruct(
    "nn_lstm_dsp_t",
    pointers("int32_t", "stream")
    + numbers("int32_t", "batches steps in_n units time_major scale[24] output_scale[3] tanh_multiplier")
    + numbers("int8_t", "remember_right tanh_shift")
    + numbers("int16_t", "hidden_offset clip_low clip_high"),
)
PAIR_BITS = 23  # 256 * sum is an int32
SUM_BITS = 30  # so is 2 * sum
PRODUCT_BITS = 30  # what two values of 15 bits have at most


def _stream(p: Mapping[str, Any], side: str) -> Array:
    """units x words."""
    start, weights = starts(p, side), interleaved(padded(gates(p, side), 2, 4))
    first, second = start[:, 0::2], start[:, 1::2]
    sums = np.stack([first, first + 256 * second], 2).reshape(len(start), -1)
    words = halves(weights[:, 0::2] + 256 * weights[:, 1::2])  # units x pairs x two for each four values
    fours = words.reshape(len(start), 2, -1, 2).swapaxes(1, 2).reshape(len(start), -1)
    return np.concatenate([wrapped(sums), fours], 1)


def _scale(multiplier: int, shift: int) -> tuple[int, int, int]:
    return multiplier, 1 << (-shift - 1), -shift


def pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    scales = zip(p["multiplier"], p["shift"], strict=True)
    return {
        **given(STRUCT.fields, p),
        "stream": np.concatenate([_stream(p, "x"), _stream(p, "h")], 1).ravel(),
        "scale": tuple(number for scale in scales for number in _scale(*scale)),
        "output_scale": _scale(p["output_multiplier"], p["output_shift"]),
        "remember_right": -p["remember_shift"],
    }


def _sums_fit(p: Mapping[str, Any], side: str) -> bool:
    weights = gates(p, side)
    sums = np.abs(weights).sum(2) * 128 + np.abs(starts(p, side))
    fit = (sums < 1 << SUM_BITS).all() and (sums[:, 1::2] < 1 << PAIR_BITS).all()
    return bool(fit and (weights[:, 1::2] >= -127).all())


def accepts(call: Call) -> bool:
    """Whether all shifts are to the right, what scales products with the cell's state are powers of two that make them
    int16, and all sums are in range."""
    p = call.params
    to_cell = [(p[f"{name}_multiplier"], p[f"{name}_shift"]) for name in ("forget", "remember")]
    powers = to_cell[0] == (1 << 30, -14) and to_cell[1][0] == 1 << 30 and -PRODUCT_BITS < to_cell[1][1] <= -14
    return powers and shifts_right(call) and _sums_fit(p, "x") and _sums_fit(p, "h")


def scratch_bytes(call: Call) -> int:
    return sum(2 * (count + -count % 4) for count in (call.params["in_n"], call.params["units"]))


VARIANTS = (
    Variant(
        kernel="lstm",
        isa="dsp",
        name="lstm_dsp",
        files=("dsp/lstm.c", "dsp/expand.S"),
        header="dsp/lstm.h",
        struct=STRUCT,
        accepts=accepts,
        pack=pack,
        scratch_bytes=scratch_bytes,
    ),
)
