"""BATCH_MATMUL on Cortex-M4, M7, M33 and M55, with what its columns become as scratch memory."""

from dataclasses import replace

from gen.compiler.arena import aligned
from gen.compiler.kernels.variant import Variant, own_layout
from gen.model.ops.operator import Call

DOUBLED_BITS = 30  # of a sum that is an int32 when doubled


def _farthest(call: Call) -> int:
    p = call.params
    values = [max(abs(p[f"offset{n}"] - 128), abs(p[f"offset{n}"] + 127)) for n in (1, 2)]
    return int(values[0] * values[1] * p["depth"])


def _dsp(call: Call) -> bool:
    return bool(call.params["shift"] < 0 and _farthest(call) < 1 << DOUBLED_BITS)


def _dsp_scratch(call: Call) -> int:
    return aligned(36 * -(-call.params["depth"] // 4))


def _mve(call: Call) -> bool:
    """Also whether what is seven values further is at an offset of 16 bits."""
    p = call.params
    return bool(p["shift"] < 0 and 7 * max(p["depth1"], p["depth2"]) < 1 << 16)


def _mve_scratch(call: Call) -> int:
    return aligned(4 * call.params["rows"] + 5 * call.params["depth"])


DSP: Variant = replace(
    own_layout("batch_matmul", "dsp", "dsp/batch_matmul.c", header="dsp/batch_matmul.h", accepts=_dsp),
    scratch_bytes=_dsp_scratch,
)
MVE: Variant = replace(
    own_layout("batch_matmul", "mve", "mve/batch_matmul.c", header="mve/batch_matmul.h", accepts=_mve),
    scratch_bytes=_mve_scratch,
)
