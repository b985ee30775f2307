"""Graph -> Graph with the same outputs, byte for byte, for every input. PASSES are applied in order."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gen.compiler.intervals import analyze
from gen.model.graph import Array, Graph, Op, QuantParams, Role, Tensor, targets, with_rewritten
from gen.model.ops import KERNELS, OPS, lower
from gen.model.ops.interval import Interval, padded
from gen.model.ops.operator import Call, Channels
from gen.model.ops.requantize import keeps_values
from gen.model.reference import results, typed

GRANULE = 4
Masks = dict[int, Array]  # activation -> bool for each channel (last axis)


def optimize(graph: Graph) -> Graph:
    for one in PASSES:
        graph = one(graph)
    return graph


def fold_constants(graph: Graph) -> Graph:
    """What depends on no activation, such as the shape for a RESHAPE, becomes constant; what nobody reads goes."""
    tensors, left = list(graph.tensors), []
    for op in map(_without_shape, graph.ops):
        if op.is_control:
            left.append(op)
            continue
        known = replace(graph, tensors=tuple(tensors))
        call = lower(known, op)
        arrays = [known.tensors[i].data for i in call.inputs]
        constants = [array for array in arrays if array is not None]
        keeps = call.state or any(known.tensors[i].changes for i in call.outputs)
        if not keeps and (KERNELS[call.kernel].is_constant or len(constants) == len(arrays)):
            for index, made in zip(call.outputs, results(call, constants), strict=True):
                tensors[index] = replace(tensors[index], data=typed(made, tensors[index]))
        else:
            left.append(op)
    read = {*graph.outputs, *(tensor.index for tensor in graph.variables)}
    used = []
    for op in reversed(left):
        if op.is_control or read & {*op.outputs}:
            used.append(op)
            read |= {*op.inputs}
    # An engine without any step would be a case of its own, and there is nothing to gain.
    if all(op.is_control for op in used):
        return graph
    return replace(graph, ops=tuple(reversed(used)), tensors=tuple(tensors))


def take_branches(graph: Graph) -> Graph:
    """An IF whose condition is constant becomes what it calls."""
    ops, go_on_at = list(graph.ops), targets(op.role for op in graph.ops)
    gone: set[int] = set()
    for at, op in enumerate(ops):
        condition = graph.tensors[op.inputs[0]].data if op.role is Role.BRANCH else None
        if condition is not None:
            otherwise, join = go_on_at[at] - 1, go_on_at[go_on_at[at] - 1]
            gone |= {at, otherwise, join, *(range(otherwise, join) if condition.any() else range(at, otherwise))}
    left = tuple(op for at, op in enumerate(ops) if at not in gone)
    if not gone or all(op.is_control for op in left):
        return graph
    singly = tuple(replace(t, is_rewritten=False) for t in graph.tensors)
    # What has become constant may be the condition of another.
    return take_branches(fold_constants(replace(graph, ops=left, tensors=with_rewritten(singly, left))))


def merge_pads(graph: Graph) -> Graph:
    """A PAD along height and width, with the zero point, becomes the padding of the only convolution that reads it."""
    for pad in graph.ops:
        reader = None if pad.is_control else _only_reader(graph, pad.outputs[0])
        if reader is None or not OPS[reader.kind].takes_padding:
            continue
        call, p = lower(graph, pad), lower(graph, reader).params
        if not KERNELS[call.kernel].pads:
            continue
        x, padded_x, widths = graph.input(pad, 0), graph.output(pad), graph.input(pad, 1).data
        if widths is None or len(x.shape) != 4 or widths[[0, 3]].any() or reader.options["Padding"] != "valid":
            continue
        spans = [(p["k_h"] - 1) * p["dilation_h"], (p["k_w"] - 1) * p["dilation_w"]]
        if x.quant != padded_x.quant:
            continue  # the bytes are moved as they are, and mean something else behind the PAD
        if call.params["value"] != padded_x.zero_point or (widths[1:3].max(axis=1) > spans).any():
            continue  # kernels rely on it that every window has an element of the input
        padding = tuple((int(before), int(after)) for before, after in widths[1:3])
        merged = replace(
            reader,
            inputs=(x.index, *reader.inputs[1:]),
            options={**reader.options, "Padding": padding},
        )
        graph = _without(graph, pad, reader, merged)
    return graph


def merge_activations(graph: Graph) -> Graph:
    """A RELU or RELU6 that does not rescale becomes the fused activation of the convolution that it reads."""
    for activation in graph.ops:
        name = OPS[activation.kind].activation
        made_by = next((op for op in graph.ops if name and op.outputs[:1] == activation.inputs[:1]), None)
        if name is None or made_by is None or not _is_weighted(graph, made_by):
            continue
        clamp = lower(graph, activation).params
        x, y = graph.input(activation, 0), graph.output(activation)
        alone = _only_reader(graph, x.index) is activation and x.index not in graph.outputs
        if not alone or not keeps_values(clamp) or made_by.options["FusedActivationFunction"] != "none":
            continue
        merged = replace(
            made_by,
            outputs=activation.outputs,
            options={**made_by.options, "FusedActivationFunction": name},
        )
        p = lower(_without(graph, activation, made_by, merged), merged).params
        if x.quant == y.quant and (p["act_min"], p["act_max"]) == (clamp["act_min"], clamp["act_max"]):
            graph = _without(graph, activation, made_by, merged)
    return graph


def _is_weighted(graph: Graph, op: Op) -> bool:
    return not op.is_control and KERNELS[lower(graph, op).kernel].weighted


def _only_reader(graph: Graph, tensor: int) -> Op | None:
    readers = [op for op in graph.ops if tensor in op.inputs]
    return readers[0] if len(readers) == 1 and tensor not in graph.outputs else None


def _without(graph: Graph, gone: Op, old: Op, new: Op) -> Graph:
    """The graph without one operator and with another replaced; the others keep their index, which names them."""
    return replace(graph, ops=tuple(new if op is old else op for op in graph.ops if op is not gone))


def fold_constant_channels(graph: Graph) -> Graph:
    """Remove channels that can only take one value: they need no computation and no memory, and what they feed gets a
    constant added to its bias. Which ones is proved by interval arithmetic over every possible input."""
    intervals = analyze(graph)
    removed = _removable(graph, intervals)
    if not any(mask.any() for mask in removed.values()):
        return graph
    tensors = list(graph.tensors)
    for op in graph.ops:
        if _is_weighted(graph, op):
            _shrink_constants(graph, op, intervals, removed, tensors)
    for index, mask in removed.items():
        tensors[index] = replace(tensors[index], shape=(*tensors[index].shape[:-1], int((~mask).sum())))
    ops = tuple(_without_shape(op) if any(removed[y].any() for y in op.outputs[:1]) else op for op in graph.ops)
    return replace(graph, ops=ops, tensors=tuple(tensors))


def _without_shape(op: Op) -> Op:
    """RESHAPE without the input that has the shape of before, which others may use too; the output's shape counts."""
    return replace(op, inputs=op.inputs[:1]) if OPS[op.kind].is_view else op


def _removable(graph: Graph, intervals: Mapping[int, Interval]) -> Masks:
    """The largest set of channels of activations that every consumer can do without. A depthwise convolution or a pool
    can do without an input channel when nobody needs its output's: it need not be constant itself."""
    made = {index for op in graph.ops for index in op.outputs}
    removed = {}
    for tensor in graph.activations:
        channels = tensor.shape[-1] if tensor.shape else 1
        free = tensor.index in made and tensor.index not in graph.outputs and tensor.index in intervals
        removed[tensor.index] = np.full(channels, free and not tensor.changes)
    before: Masks = {}
    while _differ(before, removed):
        while _differ(before, removed):
            before = {index: mask.copy() for index, mask in removed.items()}
            for op in graph.ops:
                _restrict(graph, op, intervals, removed)
        for mask in removed.values():
            # A tensor without any channel is none; and kernels like channels in fours better than fewer.
            kept = int((~mask).sum())
            mask[np.flatnonzero(mask)[: max(-kept % GRANULE, int(kept == 0))]] = False
    return removed


def _differ(a: Masks, b: Masks) -> bool:
    return any(index not in a or (a[index] != mask).any() for index, mask in b.items())


def _restrict(graph: Graph, op: Op, intervals: Mapping[int, Interval], removed: Masks) -> None:
    """Take out of `removed` what this operator can't do without."""
    call = lower(graph, op)
    how, p = _channels(graph, call), call.params
    x, y = (op.inputs[0], op.outputs[0]) if how else (-1, -1)
    if how is Channels.KEPT:
        removed[x] &= removed[y]
        removed[y] &= removed[x]
        return
    if how is Channels.MIXED and x in removed and removed[x].size == p["weights"].shape[-1]:
        removed[x] &= _spare(p, intervals[x], padded(p))
        return
    if how is Channels.TILED and x in removed and removed[y].size % removed[x].size == 0:
        removed[x] &= removed[y].reshape(-1, removed[x].size).all(axis=0)
        removed[y] &= np.tile(removed[x], removed[y].size // removed[x].size)
        return
    for index in (*op.inputs, *op.outputs):
        if index in removed:
            removed[index] &= False


def _channels(graph: Graph, call: Call) -> Channels | None:
    if call.op.role is not None or (KERNELS[call.kernel].weighted and not _own_constants(graph, call.op)):
        return None
    return KERNELS[call.kernel].channels(call.params)


def _spare(p: Mapping[str, Any], x: Interval, pads: bool) -> Array:
    """The input channels that a convolution can do without: of weight zero, or constant. Where a tap may be padding,
    which counts as the zero point, or where there is no bias to take the rest, the constant must be the zero point."""
    silent = x.constant & (x.low == -p["input_offset"])
    unused = ~p["weights"].any(axis=tuple(range(p["weights"].ndim - 1)))
    return np.asarray(unused | silent if pads or p["bias"] is None else unused | x.constant)


def _own_constants(graph: Graph, op: Op) -> bool:
    """Whether nothing else uses this operator's constants, which then may shrink: no other operator, no output."""
    own = [i for i in op.inputs[1:] if i >= 0]
    return all(sum(other.inputs.count(i) for other in graph.ops) == 1 and i not in graph.outputs for i in own)


def _shrink_constants(
    graph: Graph, op: Op, intervals: Mapping[int, Interval], removed: Masks, tensors: list[Tensor]
) -> None:
    """Weights and bias of op without the removed channels; what those would have added goes into the bias."""
    x, y = op.inputs[0], op.outputs[0]
    gone = removed.get(x, np.zeros(1, np.bool_))
    if not gone.any() and not removed[y].any():
        return
    keep = ~removed[y]
    weights, bias = graph.input(op, 1), graph.optional_input(op, 2)
    assert weights.data is not None
    p = lower(graph, op).params
    if KERNELS[lower(graph, op).kernel].channels(p) is Channels.KEPT:
        data, added = weights.data[..., keep], np.zeros(len(keep), np.int64)
    else:
        # Of a channel that is removed though it varies all weights are zero.
        constant = np.where(gone, intervals[x].low + p["input_offset"], 0)
        added = (weights.data.astype(np.int64) * constant).reshape(len(keep), -1).sum(axis=1)
        data = weights.data[keep][..., ~gone]
    tensors[weights.index] = _with_data(weights, data, keep)
    if bias is not None:
        assert bias.data is not None
        tensors[bias.index] = _with_data(bias, (bias.data + added).astype(np.int32)[keep], keep)


def _with_data(tensor: Tensor, data: Array, keep: Array) -> Tensor:
    quant: Any = tensor.quant
    if quant is not None and len(quant.scale) == len(keep):  # of a bias any number would do: nothing reads them
        scale = tuple(s for s, k in zip(quant.scale, keep, strict=True) if k)
        zero = tuple(z for z, k in zip(quant.zero_point, keep, strict=True) if k)
        quant = QuantParams(scale, zero, quant.axis)
    return replace(tensor, data=np.ascontiguousarray(data), shape=data.shape, quant=quant)


PASSES: tuple[Callable[[Graph], Graph], ...] = (
    fold_constants,
    take_branches,
    merge_pads,
    merge_activations,
    fold_constant_channels,
)
