"""FULLY_CONNECTED with weights in columns: one input is multiplied by those of several outputs that lie together."""

from collections.abc import Mapping
from typing import Any

from gen.compiler.kernels.common import folded_bias, padded, wrapped
from gen.model.graph import Array
from gen.model.ops.operator import Call

OUTPUTS = 8  # NN_COLUMN_OUTPUTS of portable/columns.h, NN_DOT_OUTPUTS of xtensa/block.h


def in_columns(weights: Array) -> Array:
    """outputs x inputs -> for each eight outputs inputs x 8, flat; zeros after the last output."""
    return padded(weights, 0, OUTPUTS).reshape(-1, OUTPUTS, weights.shape[1]).swapaxes(1, 2).ravel()


def pack(call: Call) -> Mapping[str, Any]:
    """The fields of nn_fully_connected_t; the input offset goes into the bias, modulo 2**32 as the sum does."""
    p = call.params
    weights = p["weights"].reshape(p["out_n"], p["in_n"])
    return {**p, "weights": in_columns(weights), "bias": wrapped(folded_bias(p, weights)), "input_offset": 0}
