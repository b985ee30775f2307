"""A convolution and the ADD or depthwise convolution of its output become one step, band of rows by band, where that
makes the arena smaller.

The convolution's output is then never there as a whole: a band of it is computed into scratch memory, and added to the
same rows of the other operand, in whose memory the sum lies, or convolved to rows of the depthwise convolution's
output. Both on a band are ordinary kernel calls on the rows that they read, so that the bytes are the same; rows that
windows of two bands share are computed for each, if they are few. (Lin et al., "MCUNetV2: Memory-Efficient
Patch-based Inference for Tiny Deep Learning", 2021, run whole blocks by patches.)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gen.compiler.arena import aligned
from gen.compiler.kernels.select import Step, select
from gen.compiler.kernels.variant import Variant
from gen.model.graph import Graph
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call

Shares = Mapping[int, tuple[int, int]]  # as Program.shares
ROWS = (16, 8, 4)  # of a band; even, since Winograd's tiles are two rows high
MAX_RECOMPUTED_ROWS = 0.05  # the share of the convolution's rows that two bands may compute


@dataclass(frozen=True, eq=False)
class Band:
    """Some rows of a Fused step: the convolution's and the second operator's parameters, and where in bytes those rows
    begin in the convolution's input and in the output."""

    convolution: Mapping[str, Any]
    second: Mapping[str, Any]
    x_offset: int
    y_offset: int


@dataclass(frozen=True, eq=False)
class Fused(Step):
    """The second operator's step, whose inputs are (ADD's other operand, if it is one, and the convolution's input).
    Its scratch memory begins with a band of the convolution's output, of band_bytes; convolution is the function that
    computes it."""

    convolution: Variant
    bands: tuple[Band, ...]
    band_bytes: int

    @property
    def variants(self) -> tuple[Variant, ...]:
        return (self.convolution, self.variant)

    @property
    def in_place(self) -> bool:
        """A sum lies on the other operand. On its first input a convolution would overwrite what later bands read."""
        return KERNELS[self.call.kernel].arity == 2


def fusions(graph: Graph, steps: Sequence[Step], shares: Shares, isa: str, busiest: int) -> Iterator[tuple[Step, ...]]:
    """The steps with one convolution more computed in bands: every way to do that where its output is there during the
    busiest step."""
    before, behind = (
        [step for step in part if not step.call.is_control] for part in (steps[: busiest + 1], steps[busiest:])
    )
    for second in behind:
        for convolution in before:
            if _fits(graph, steps, shares, convolution, second) and _run_alike(steps, convolution, second):
                for rows in ROWS:
                    fused = _fuse(convolution, second, rows, isa)
                    if fused is not None:
                        yield tuple(fused if s is second else s for s in steps if s is not convolution)


def _run_alike(steps: Sequence[Step], convolution: Step, second: Step) -> bool:
    """Whether the one runs as often as the other."""
    return not any(step.call.is_control for step in steps[steps.index(convolution) : steps.index(second)])


def _fits(graph: Graph, steps: Sequence[Step], shares: Shares, convolution: Step, second: Step) -> bool:
    """Whether the second one alone reads what the convolution computes. ADD's other operand is computed, has the same
    shape, and does not lie where the convolution's input does: the sum overwrites it while later bands are still to be
    read."""
    y, operands = convolution.call.output, second.call.inputs
    first_kernel, second_kernel = KERNELS[convolution.call.kernel], KERNELS[second.call.kernel]
    is_sum = second_kernel.arity == 2
    if not first_kernel.begins_bands or not second_kernel.ends_bands or y not in operands:
        return False
    if isinstance(second, Fused) or (is_sum and not second.variant.in_place):
        return False
    # Who shares y's memory shows it to others: a view of it (RESHAPE), a CONCATENATION around it.
    is_shared = y in shares or any(owner == y for owner, _ in shares.values())
    if is_shared or y in graph.outputs or sum(y in step.call.inputs for step in steps) != 1:
        return False
    others = [i for i in operands if i != y]
    if len(others) != is_sum or graph.tensors[y].shape[0] != 1:
        return False
    owners = {_owner(shares, x) for x in convolution.call.inputs}
    if any(graph.tensors[owner].changes for owner in owners):
        return False  # which something may change between the two
    alike = all(graph.tensors[i].data is None and graph.tensors[i].shape == graph.tensors[y].shape for i in others)
    return alike and not any(_owner(shares, i) in owners for i in others)


def _owner(shares: Shares, tensor: int) -> int:
    return shares.get(tensor, (tensor, 0))[0]


def _fuse(convolution: Step, second: Step, rows: int, isa: str) -> Fused | None:
    """The two in bands; None where there would be one band only, or where a kernel does not take a band."""
    p = convolution.call.params
    out = p if KERNELS[second.call.kernel].arity == 2 else second.call.params
    if rows >= out["out_h"]:
        return None
    row_bytes = p["out_w"] * p["out_c"]
    bands, scratch, most, computed = [], 0, 0, 0
    for start in range(0, out["out_h"], rows):
        end = min(start + rows, out["out_h"])
        banded = second.call.inputs.index(convolution.call.output)
        call, first, last = _rows(second.call, start, end, banded, row_bytes)
        band, top, bottom = _rows(convolution.call, first, last, 0, p["in_w"] * p["in_c"])
        if not (first < last and top < bottom and convolution.variant.accepts(band)):
            return None
        part = select(call, isa)
        if part.variant is not second.variant:
            return None
        most, computed = max(most, last - first), computed + last - first
        scratch = max(scratch, convolution.variant.scratch_bytes(band), part.scratch_bytes)
        x_offset, y_offset = top * p["in_w"] * p["in_c"], start * out["out_w"] * out["out_c"]
        bands.append(Band(convolution.variant.pack(band), part.params, x_offset, y_offset))
    one = all(
        _same_constants(convolution.variant, bands[0].convolution, band.convolution)
        and _same_constants(second.variant, bands[0].second, band.second)
        for band in bands
    )
    if not one or computed > (1 + MAX_RECOMPUTED_ROWS) * p["out_h"]:
        return None
    band_bytes = aligned(most * row_bytes)
    others = tuple(i for i in second.call.inputs if i != convolution.call.output)
    macs = convolution.call.macs + second.call.macs
    return Fused(
        call=replace(second.call, inputs=(*others, *convolution.call.inputs), macs=macs),
        variant=second.variant,
        params=bands[0].second,
        scratch_bytes=band_bytes + scratch,
        convolution=convolution.variant,
        bands=tuple(bands),
        band_bytes=band_bytes,
    )


def _same_constants(variant: Variant, a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two bands share their arrays, so that bands need no more constants than the whole; some layouts depend on
    which side of the image is longer."""
    return all(np.array_equal(a[f.name], b[f.name]) for f in variant.struct.fields if f.pointer)


def _rows(call: Call, start: int, end: int, banded: int, row: int) -> tuple[Call, int, int]:
    rows = KERNELS[call.kernel].rows
    assert rows is not None
    return rows(call, start, end, banded, row)
