"""CONV_2D and FULLY_CONNECTED on Cortex-M4, M7 and M33, int8 weights as byte pairs or widened to int16.

The streams of constants are what firmware/kernels/dsp/*_pairs.S and *_wide.S read, in their order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gen.compiler.arena import aligned
from gen.compiler.kernels.channels import Channels
from gen.compiler.kernels.common import given, has_negatives, is_dense, one_row, output_steps, padded, reads_ahead
from gen.compiler.kernels.dsp.byte_pairs import BytePairs, fit, fit_scaled, halves, interleaved, scaled
from gen.compiler.kernels.variant import Variant, in_place_too, own_layout
from gen.model.graph import Array
from gen.model.ops.operator import Call, CStruct, numbers, pointers

SUM_BITS = 23  # 256 * sum is an int32
WIDE_SUM_BITS = 28  # so is 4 * sum, with space for what is added to its product
EXPANDED_BYTES = 256  # a fully connected layer's input as int16


def _pairs_fit(p: Mapping[str, Any], weights: Array) -> bool:
    return bool((weights.reshape(len(weights), -1)[1::2] >= -127).all()) and fit(Channels.of(p, weights), SUM_BITS)


# CONV_2D

CONV_2D_GEMM = CStruct(
    "nn_conv_2d_gemm_dsp_t",
    pointers("int32_t", "stream")
    + numbers("int32_t", "pair_words y_pixel y_row")
    + numbers("int16_t", "pad_value act_min act_max")
    + numbers("uint16_t", "batches in_h in_w in_c out_h out_w out_c k_h k_w")
    + numbers("uint16_t", "stride_h stride_w dilation_h dilation_w pad_top pad_left")
    + numbers("uint16_t", "run words tail steps direct_top direct_bottom direct_left direct_right linear"),
)


@dataclass(frozen=True)
class _Rows:
    """How a window's rows are multiplied: whole words of each, then each byte that is left, four rows together; or each
    row padded to whole words, where that is no more."""

    # Bytes that are read of each row.
    run: int
    # Whole words of each row, and bytes that are left.
    words: int
    tail: int
    # Words of the whole window.
    steps: int

    @staticmethod
    def of(p: Mapping[str, Any]) -> "_Rows":
        rows, size = p["k_h"], p["k_w"] * p["in_c"]
        words, tail = divmod(size, 4)
        together, padded = rows * words + tail * -(-rows // 4), rows * -(-size // 4)
        if words and together < padded:
            return _Rows(size, words, tail, together)
        return _Rows(4 * (padded // rows), padded // rows, 0, padded)


def _conv_weights(p: Mapping[str, Any]) -> Array:
    """out_c x depth, in the order of _Rows, zeros where nothing is."""
    rows, w = _Rows.of(p), p["weights"].reshape(p["out_c"], p["k_h"], -1)
    if not rows.tail:
        return padded(w, 2, 4).reshape(p["out_c"], -1)
    parts = [w[:, :, : 4 * rows.words], padded(w[:, :, 4 * rows.words :].swapaxes(1, 2), 2, 4)]
    return np.concatenate([part.reshape(p["out_c"], -1) for part in parts], 1)


def conv_accepts(call: Call) -> bool:
    p = call.params
    return is_dense(p) and _pairs_fit(p, p["weights"])


def conv_pack(call: Call) -> Mapping[str, Any]:
    pairs = BytePairs.of(call.params, Channels.of(call.params, _conv_weights(call.params)).padded(2))
    return _conv_params(call.params, np.concatenate([pairs.starts, pairs.weights, pairs.ends], 1), pairs.linear)


def wide_accepts(call: Call) -> bool:
    p = call.params
    return is_dense(p) and fit_scaled(Channels.of(p, p["weights"]))


def wide_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    c = Channels.of(p, _conv_weights(p)).padded(2)
    weights, bias, ends = scaled(p, c)
    bias = bias.reshape(-1, 2)
    words = halves(interleaved(weights)).reshape(len(bias), 2, -1, 2).swapaxes(1, 2).reshape(len(bias), -1)
    return _conv_params(p, np.concatenate([bias, words, ends.reshape(len(bias), -1)], 1), not has_negatives(p))


def _conv_params(p: Mapping[str, Any], stream: Array, linear: bool) -> Mapping[str, Any]:
    rows = _Rows.of(p)
    top, bottom, left, right = _direct(p, rows)
    row = one_row(p) if p["in_c"] % 4 == 0 else {}  # of whole words
    if row:
        bottom, right = 1, row["out_w"]
    pixel, line = output_steps(p)
    own = {
        "stream": stream.ravel(),
        "y_pixel": pixel,
        "y_row": line if not row else pixel * row["out_w"],
        "pad_value": -p["input_offset"],
        "pair_words": stream.shape[1],
        "run": rows.run,
        "words": rows.words,
        "tail": rows.tail,
        "steps": rows.steps,
        "direct_top": top,
        "direct_bottom": bottom,
        "direct_left": left,
        "direct_right": right,
        "linear": int(linear),
    }
    return given(CONV_2D_GEMM.fields, p) | row | own


def _direct(p: Mapping[str, Any], rows: _Rows) -> tuple[int, int, int, int]:
    """(first row, end, first column, end) of the outputs whose windows are wholly on the input, with the bytes after
    each row of the window that make it whole words; none with dilation along the row."""
    excess = -(-(rows.run - p["k_w"] * p["in_c"]) // p["in_c"])
    top, bottom = _inside(p["out_h"], p["in_h"], (p["k_h"] - 1) * p["dilation_h"] + 1, p["stride_h"], p["pad_top"])
    left, right = _inside(p["out_w"], p["in_w"], p["k_w"] + excess, p["stride_w"], p["pad_left"])
    return (top, bottom, left, right) if p["dilation_w"] == 1 else (0, 0, 0, 0)


def _inside(out: int, size: int, span: int, stride: int, pad: int) -> tuple[int, int]:
    """(first, end) of the windows along one axis that are wholly on the input."""
    first = min(-(-pad // stride), out)
    return first, max(first, min((size + pad - span) // stride + 1, out))


def conv_scratch_bytes(call: Call) -> int:
    return _gemm_scratch_bytes(call.params, 3)


def wide_scratch_bytes(call: Call) -> int:
    return _gemm_scratch_bytes(call.params, 2)


def _gemm_scratch_bytes(p: Mapping[str, Any], pixels: int) -> int:
    """Columns of int16 for the block's pixels, and windows of int8 where one may have to be gathered."""
    rows = _Rows.of(p)
    direct = _direct(p, rows) == (0, p["out_h"], 0, p["out_w"])
    gathered = 0 if direct and not rows.tail else p["k_h"] * rows.run
    return aligned(pixels * (8 * rows.steps + gathered))


# FULLY_CONNECTED

FULLY_CONNECTED_VECTOR = CStruct(
    "nn_fully_connected_vector_dsp_t",
    pointers("int32_t", "stream")
    + numbers("int32_t", "batches in_n out_n four_words")
    + numbers("int16_t", "act_min act_max")
    + numbers("uint16_t", "expanded linear"),
)


def fc_accepts(call: Call) -> bool:
    return _pairs_fit(call.params, call.params["weights"])


def _expanded_bytes(p: Mapping[str, Any]) -> int:
    """The input as int16, if it is short or not of whole words; else it is expanded in registers, for every output."""
    size = -(-p["in_n"] // 4) * 8
    return size if size <= EXPANDED_BYTES or p["in_n"] % 4 else 0


def fc_pack(call: Call) -> Mapping[str, Any]:
    # Four outputs at a time: whole fours of channels, and two pairs' words alternate.
    p = call.params
    c = Channels.of(p, p["weights"]).padded(4)
    pairs = BytePairs.of(p, c)
    count = len(pairs.weights) // 2
    fours = pairs.weights.reshape(count, 2, -1, 2).swapaxes(1, 2)
    parts = [part.reshape(count, -1) for part in (pairs.starts, fours, pairs.ends)]
    return _fc_params(p, np.concatenate(parts, 1), pairs.linear)


def fc_wide_accepts(call: Call) -> bool:
    return fit(Channels.of(call.params, call.params["weights"]), WIDE_SUM_BITS)


def fc_wide_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    c = Channels.of(p, p["weights"]).padded(4)
    biases = 4 * c.bias.reshape(-1, 4)
    words = halves(4 * interleaved(padded(c.weights, 1, 4))).reshape(len(biases), 4, -1, 2)
    rounding = 2 * p["output_offset"] + 1
    constants = rounding << (c.e - 1) if has_negatives(p) else (rounding << c.e) + 1
    ends = np.stack([c.multiplier, constants, c.e - 1], 1).reshape(len(biases), -1)
    stream = np.concatenate([biases, words.swapaxes(1, 2).reshape(len(biases), -1), ends], 1)
    return _fc_params(p, stream.astype(np.int32), not has_negatives(p))


def _fc_params(p: Mapping[str, Any], stream: Array, linear: bool) -> Mapping[str, Any]:
    return given(FULLY_CONNECTED_VECTOR.fields, p) | {
        "stream": stream.ravel(),
        "four_words": stream.shape[1],
        "expanded": int(_expanded_bytes(p) > 0),
        "linear": int(linear),
    }


def fc_scratch_bytes(call: Call) -> int:
    return aligned(_expanded_bytes(call.params))


_PAIRS = Variant(
    kernel="conv_2d",
    isa="dsp",
    name="conv_2d_pairs_dsp",
    files=("dsp/conv_2d_pairs.c", "dsp/gemm.c", "dsp/gemm_pairs.S"),
    header="dsp/gemm.h",
    struct=CONV_2D_GEMM,
    accepts=conv_accepts,
    pack=conv_pack,
    scratch_bytes=conv_scratch_bytes,
    apart=True,
    instructions=0.82,
    cycles=1.25,
)
_WIDE = Variant(
    kernel="conv_2d",
    isa="dsp",
    name="conv_2d_wide_dsp",
    files=("dsp/conv_2d_wide.c", "dsp/gemm.c", "dsp/gemm_wide.S"),
    header="dsp/gemm.h",
    struct=CONV_2D_GEMM,
    accepts=wide_accepts,
    pack=wide_pack,
    scratch_bytes=wide_scratch_bytes,
    larger_constants=True,
    instructions=0.76,
    cycles=1.35,
)


VARIANTS: tuple[Variant, ...] = (
    *in_place_too(_WIDE, "conv_2d_wide_in_place_dsp", lambda call: reads_ahead(call.params)),
    *in_place_too(_PAIRS, "conv_2d_pairs_in_place_dsp", lambda call: reads_ahead(call.params)),
    Variant(
        kernel="fully_connected",
        isa="dsp",
        name="fully_connected_wide_dsp",
        files=("dsp/fully_connected_wide.c", "dsp/vector.c", "dsp/expand.S", "dsp/vector_wide.S"),
        header="dsp/gemm.h",
        struct=FULLY_CONNECTED_VECTOR,
        accepts=fc_wide_accepts,
        pack=fc_wide_pack,
        scratch_bytes=fc_scratch_bytes,
        larger_constants=True,
        instructions=0.83,
        cycles=1.45,
    ),
    Variant(
        kernel="fully_connected",
        isa="dsp",
        name="fully_connected_pairs_dsp",
        files=("dsp/fully_connected_pairs.c", "dsp/vector.c", "dsp/expand.S", "dsp/vector_pairs.S"),
        header="dsp/gemm.h",
        struct=FULLY_CONNECTED_VECTOR,
        accepts=fc_accepts,
        pack=fc_pack,
        scratch_bytes=fc_scratch_bytes,
        instructions=1.0,
        cycles=1.40,
    ),
    own_layout("conv_2d", "dsp", "dsp/conv_2d.c", "dsp/dot.S", header="nn.h"),
    own_layout("fully_connected", "dsp", "dsp/fully_connected.c", "dsp/dot.S", header="nn.h"),
)
