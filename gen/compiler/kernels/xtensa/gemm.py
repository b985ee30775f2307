"""CONV_2D and FULLY_CONNECTED on Xtensa: three pixels in two words, or one vector times weights in columns.

The streams of constants are what firmware/kernels/xtensa/gemm_triples.S and dot_columns.S read, in their order.
"""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from gen.compiler.arena import aligned
from gen.compiler.kernels.columns import in_columns
from gen.compiler.kernels.common import as_words, given, is_dense, padded, products, reads_ahead, rows_are_inside
from gen.compiler.kernels.variant import Variant, in_place_too, own_layout
from gen.compiler.kernels.xtensa.lines import Sums, find_lines, first_words, line_words, mode, records
from gen.model.ops.operator import Call, CStruct, numbers, pointers

# Of block.h and gemm_triples.S.
PIXELS, CHANNELS, STEP = 3, 4, 4
TAP_BYTES, START_BYTES = 8, 8
SUM_BITS = 20

# CONV_2D

CONV_2D_TRIPLES = CStruct(
    "nn_conv_2d_triples_xtensa_t",
    pointers("int32_t", "stream")
    + numbers("int16_t", "pad_value output_offset act_min act_max")
    + numbers("uint16_t", "batches in_h in_w in_c out_h out_w out_c k_h k_w")
    + numbers("uint16_t", "stride_h stride_w dilation_h dilation_w pad_top pad_left chunks chunk_taps mode bits"),
)


def conv_chunks(call: Call) -> int:
    """The least number of equal parts of the window whose sums fit 21 bits; those of one step do. As one part less
    would not do, none is without taps."""
    p = call.params
    least, most = products(p["weights"].reshape(p["out_c"], -1).astype(np.int64))
    for chunks in itertools.count(max(1, int(np.maximum(-least.sum(1), most.sum(1)).max()) >> SUM_BITS)):
        taps = chunk_taps(call, chunks)
        low, high = (padded(x, 1, taps).reshape(len(x), -1, taps).sum(2) for x in (least, most))
        if low.min() >= -(1 << SUM_BITS) and high.max() < 1 << SUM_BITS:
            break
    return chunks


def chunk_taps(call: Call, chunks: int) -> int:
    p = call.params
    return -(-int(p["k_h"] * p["k_w"] * p["in_c"]) // (chunks * STEP)) * STEP


def conv_accepts(call: Call) -> bool:
    return is_dense(call.params)


def conv_pack(call: Call) -> Mapping[str, Any]:
    p = call.params
    chunks = conv_chunks(call)
    taps = chunk_taps(call, chunks)
    sums = Sums.of(p, p["weights"])
    lines = find_lines(p, sums)
    record = records(sums, lines, chunks << SUM_BITS)
    biased = np.zeros((-(-len(record) // CHANNELS) * CHANNELS, chunks * taps), np.uint8)
    biased[: len(record), : sums.weights.shape[1]] = sums.weights + 128
    tiles = biased.reshape(-1, CHANNELS, chunks * taps).swapaxes(1, 2)
    stream = [
        np.concatenate([as_words(tile).ravel(), record[CHANNELS * i :][:CHANNELS].ravel()])
        for i, tile in enumerate(tiles)
    ]
    own = {"stream": np.concatenate(stream), "pad_value": -p["input_offset"], "chunks": chunks, "chunk_taps": taps}
    return given(CONV_2D_TRIPLES.fields, p) | own | mode(lines)


def conv_scratch_bytes(call: Call) -> int:
    """The columns of three pixels, and three rows of windows where one may have to be gathered."""
    p = call.params
    chunks = conv_chunks(call)
    rows = 0 if rows_are_inside(p) else PIXELS * p["k_w"] * p["in_c"]
    return aligned(chunks * (START_BYTES + TAP_BYTES * chunk_taps(call, chunks)) + rows)


# FULLY_CONNECTED

FULLY_CONNECTED_COLUMNS = CStruct(
    "nn_fully_connected_columns_xtensa_t",
    pointers("uint8_t", "weights")
    + pointers("int32_t", "bias lines")
    + numbers("int32_t", "batches in_n out_n")
    + numbers("int16_t", "output_offset act_min act_max")
    + numbers("uint16_t", "mode bits line_step"),
)


def fc_pack(call: Call) -> Mapping[str, Any]:
    """Weights in columns of eight outputs. Sums wrap as an int32 does. Outputs with one multiplier share a line."""
    p = call.params
    sums = Sums.of(p, p["weights"])
    shared = not p["per_channel"]
    lines = find_lines(p, sums.any_channel() if shared else sums)
    constants = line_words(sums, lines)[: 1 if shared else None]
    own = {
        "weights": in_columns((sums.weights + 128).astype(np.uint8)),
        "bias": first_words(sums, lines, 128 * sums.weights.sum(1)),
        "lines": constants.ravel(),
        "line_step": 0 if shared else constants.shape[1],
    }
    return given(FULLY_CONNECTED_COLUMNS.fields, p) | own | mode(lines)


# With the model's own constants.


def own_conv(call: Call) -> bool:
    return conv_accepts(call) and bool(call.params["out_c"] >= CHANNELS)


def own_fc(call: Call) -> bool:
    return bool(call.params["out_n"] >= CHANNELS)


VARIANTS: tuple[Variant, ...] = (
    *in_place_too(
        Variant(
            kernel="conv_2d",
            isa="xtensa",
            name="conv_2d_triples_xtensa",
            files=("xtensa/conv_2d_triples.c", "xtensa/gemm_column.S", "xtensa/gemm_triples.S"),
            header="xtensa/kernels.h",
            struct=CONV_2D_TRIPLES,
            accepts=conv_accepts,
            pack=conv_pack,
            scratch_bytes=conv_scratch_bytes,
        ),
        "conv_2d_in_place_xtensa",
        lambda call: reads_ahead(call.params),
    ),
    Variant(
        kernel="fully_connected",
        isa="xtensa",
        name="fully_connected_columns_xtensa",
        files=("xtensa/fully_connected_columns.c", "xtensa/dot_columns.S"),
        header="xtensa/kernels.h",
        struct=FULLY_CONNECTED_COLUMNS,
        pack=fc_pack,
    ),
    *(
        own_layout(
            kernel,
            "xtensa",
            *(f"xtensa/{kernel}.c", "xtensa/dot.S"),
            header="xtensa/kernels.h",
            accepts=accepts,
        )
        for kernel, accepts in (("conv_2d", own_conv), ("fully_connected", own_fc))
    ),
)
