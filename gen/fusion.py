"""A convolution and the ADD of its output become one step, band of rows by band, where that makes the arena smaller.

The convolution's output is then never there as a whole: a band of it is computed into scratch memory and added to the
same rows of the other operand, in whose memory the sum lies. The convolution of a band is an ordinary kernel call on
the rows that it reads, so that the bytes are the same. (Lin et al., "MCUNetV2: Memory-Efficient Patch-based Inference
for Tiny Deep Learning", 2021, run whole blocks by patches; rows need no halo to be computed twice.)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gen.arena import aligned
from gen.graph import Graph
from gen.kernels import Step, select
from gen.ops.operator import Call
from gen.packing.variant import Variant

Shares = Mapping[int, tuple[int, int]]  # as Program.shares
ROWS = (16, 8, 4)  # of a band; even, since Winograd's tiles are two rows high


@dataclass(frozen=True, eq=False)
class Band:
    """Some rows of a Fused step: the convolution's and the ADD's parameters, and where in bytes those rows begin in the
    convolution's input and in the sum."""

    convolution: Mapping[str, Any]
    add: Mapping[str, Any]
    x_offset: int
    y_offset: int


@dataclass(frozen=True, eq=False)
class Fused(Step):
    """The ADD's step, whose inputs are (the other operand, the convolution's input). Its scratch memory begins with a
    band of the convolution's output, of band_bytes; convolution is the function that computes it."""

    convolution: Variant
    bands: tuple[Band, ...]
    band_bytes: int

    @property
    def variants(self) -> tuple[Variant, ...]:
        return (self.convolution, self.variant)


def fusions(graph: Graph, steps: Sequence[Step], shares: Shares, isa: str) -> Iterator[tuple[Step, ...]]:
    """The steps with one convolution more computed in bands: every way to do that."""
    for add in steps:
        for convolution in steps:
            if _fits(graph, steps, shares, convolution, add):
                for rows in ROWS:
                    fused = _fuse(convolution, add, rows, isa)
                    if fused is not None:
                        yield tuple(fused if s is add else s for s in steps if s is not convolution)


def _fits(graph: Graph, steps: Sequence[Step], shares: Shares, convolution: Step, add: Step) -> bool:
    """Whether add alone reads what the convolution computes, of one shape with the other operand, which is computed and
    does not lie where the convolution's input does: the sum overwrites it while later bands are still to be read."""
    y, operands = convolution.call.output, add.call.inputs
    if convolution.call.kernel != "conv_2d" or add.call.kernel != "add" or isinstance(add, Fused) or y not in operands:
        return False
    # Who shares y's memory shows it to others: a view of it (RESHAPE), a CONCATENATION around it.
    is_shared = y in shares or any(owner == y for owner, _ in shares.values())
    if is_shared or y in graph.outputs or sum(y in step.call.inputs for step in steps) != 1:
        return False
    if operands[0] == operands[1] or graph.tensors[y].shape[0] != 1:
        return False
    [other] = set(operands) - {y}
    apart = all(_owner(shares, other) != _owner(shares, x) for x in convolution.call.inputs)
    return apart and graph.tensors[other].data is None and graph.tensors[other].shape == graph.tensors[y].shape


def _owner(shares: Shares, tensor: int) -> int:
    return shares.get(tensor, (tensor, 0))[0]


def _fuse(convolution: Step, add: Step, rows: int, isa: str) -> Fused | None:
    """The two in bands; None where there would be one band only, or where the kernel does not take a band."""
    p = convolution.call.params
    if rows >= p["out_h"]:
        return None
    other = next(i for i in add.call.inputs if i != convolution.call.output)
    own_first = add.call.inputs[0] == convolution.call.output
    bands, scratch, variant = [], 0, None
    row_bytes = p["out_w"] * p["out_c"]
    for start in range(0, p["out_h"], rows):
        band, x_offset = _band(convolution.call, start, min(start + rows, p["out_h"]))
        if not convolution.variant.accepts(band):
            return None
        # The operands in the order of Fused.call: the sum lies where the first one was.
        some = replace(add.call, params=_sum(add.call.params, band.params["out_h"] * row_bytes, own_first))
        part = select(some, isa)
        if variant not in (None, part.variant) or not part.variant.in_place:
            return None
        variant = part.variant
        scratch = max(scratch, convolution.variant.scratch_bytes(band), part.scratch_bytes)
        bands.append(Band(convolution.variant.pack(band), part.params, x_offset, start * row_bytes))
    assert variant is not None
    band_bytes = aligned(rows * row_bytes)
    return Fused(
        call=replace(add.call, inputs=(other, *convolution.call.inputs), macs=convolution.call.macs),
        variant=variant,
        params=bands[0].add,
        scratch_bytes=band_bytes + scratch,
        convolution=convolution.variant,
        bands=tuple(bands),
        band_bytes=band_bytes,
    )


def _band(call: Call, start: int, end: int) -> tuple[Call, int]:
    """The convolution of output rows start up to end, on the input rows that it reads, and the first one's offset."""
    p = call.params
    first = start * p["stride_h"] - p["pad_top"]
    last = (end - 1) * p["stride_h"] - p["pad_top"] + (p["k_h"] - 1) * p["dilation_h"]
    top, bottom = max(first, 0), min(last, p["in_h"] - 1)
    params = {**p, "in_h": bottom - top + 1, "out_h": end - start, "pad_top": max(-first, 0)}
    macs = call.macs * (end - start) // p["out_h"]
    return replace(call, params=params, macs=macs), top * p["in_w"] * p["in_c"]


def _sum(p: Mapping[str, Any], elements: int, swapped: bool) -> dict[str, Any]:
    """The ADD of so many elements, with its operands exchanged if swapped: int32 addition does not mind."""
    flat = {"dims": (1, 1, 1, elements), "stride1": (0, 0, 0, 1), "stride2": (0, 0, 0, 1)}
    sides = {f"{name}{a}": p[f"{name}{b}"] for name in ("multiplier", "offset", "shift") for a, b in ("12", "21")}
    return {**p, **(sides if swapped else {}), **flat}
