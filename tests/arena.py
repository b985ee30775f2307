"""What an ahead-of-time program computes in its own memory plan, byte by byte, on the reference of each kernel."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.compiler.bands import Fused
from gen.compiler.kernels.select import Step
from gen.compiler.program import Program, plan
from gen.model.graph import Array
from gen.model.ops import KERNELS

NOISE = 77


def outputs_in_arena(program: Program, inputs: Sequence[Array]) -> list[Array]:
    """The graph's outputs, as they lie in the arena after the steps of a portable program."""
    graph, memory = program.graph, plan(program)
    arena = np.full(memory.placement.total, NOISE, np.int8)

    def at(index: int) -> Array:
        tensor = graph.tensors[index]
        if tensor.data is not None:
            return tensor.data
        return arena[memory.tensors[index] :][: tensor.size_bytes].reshape(tensor.shape)

    for index, array in zip(graph.inputs, inputs, strict=True):
        at(index)[...] = array
    for number, step in enumerate(program.steps):
        x, y = [at(i) for i in step.call.inputs], at(step.call.outputs[0]).reshape(-1)
        if number in memory.scratch:
            arena[memory.scratch[number] :][: step.scratch_bytes] = NOISE
        if isinstance(step, Fused):
            in_bands(step, x, y, arena[memory.scratch[number] :])
        elif KERNELS[step.call.kernel].arity == 2:
            in_stretches(step.call.kernel, step.params, x[0], x[1], y)
        else:
            in_one_go(step, x, y)
    return [at(i).copy() for i in graph.outputs]


def in_bands(step: Fused, x: Sequence[Array], y: Array, scratch: Array) -> None:
    *others, image = x
    for band in step.bands:
        part = (
            KERNELS["conv_2d"]
            .reference(band.convolution, [rows_of(image, band.x_offset, band.convolution)])
            .reshape(-1)
        )
        assert part.size <= step.band_bytes
        scratch[: part.size] = part
        if others:
            end = band.y_offset + part.size
            other = others[0].reshape(-1)[band.y_offset : end]
            in_stretches(step.call.kernel, band.second, other, scratch[: part.size], y[band.y_offset : end])
        else:
            rows = KERNELS[step.call.kernel].reference(band.second, [rows_of(scratch, 0, band.second)]).reshape(-1)
            y[band.y_offset :][: rows.size] = rows


def rows_of(x: Array, offset: int, p: Mapping[str, Any]) -> Array:
    """The input of a convolution with parameters p, from a byte of x on."""
    shape = (1, p["in_h"], p["in_w"], p["in_c"])
    return x.reshape(-1)[offset : offset + math.prod(shape)].reshape(shape)


def in_stretches(kernel: str, p: Mapping[str, Any], x1: Array, x2: Array, y: Array) -> None:
    """A binary kernel, each stretch read only when those before it are written: what is broadcast is read again."""
    *outer, count = p["dims"]
    stretch = count if p["stride1"][3] == p["stride2"][3] == 1 else 1
    at = 0
    for *places, start in np.ndindex(*outer, count // stretch):
        first = (*places, start * stretch)
        some = {**p, "dims": (1, 1, 1, stretch)}
        operands = [x.reshape(-1)[np.dot(p[f"stride{n}"], first) :] for n, x in zip("12", (x1, x2), strict=True)]
        y[at : at + stretch] = KERNELS[kernel].reference(some, operands).reshape(-1)
        at += stretch


def in_one_go(step: Step, x: Sequence[Array], y: Array) -> None:
    assert step.in_place or not any(np.shares_memory(each, y) for each in x)
    y[...] = KERNELS[step.call.kernel].reference(step.params, x).reshape(-1)
