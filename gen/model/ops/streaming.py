"""Operators of TFLM's signal library that keep samples from one inference to the next: SignalDelay, SignalOverlapAdd,
SignalStacker, SignalFramer, on int16. A frame or a stack that is not complete yet TFLM leaves as it was; here it is all
0."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.graph import Array, Graph, Op
from gen.model.ops.operator import Call, Kept, Kernel, numbers
from gen.model.ops.quantized import require_shape, require_types
from gen.model.ops.spectrum import TYPE_INT16, require_options, require_range, signal_operator, signal_struct

MOST = 1 << 16  # of a length in samples
DELAY, OVERLAP, FRAMER = ("delay_length",), ("T", "frame_step"), ("frame_size", "frame_step", "prefill")
STACKER = ("num_channels", "stacker_left_context", "stacker_right_context", "stacker_step")


def _state(graph: Graph, op: Op, count: int) -> tuple[int, ...]:
    return tuple(graph.input(op, 1 + number).index for number in range(count))


def kept_of_delay(options: Mapping[str, Any], shape: Sequence[int]) -> Sequence[Kept]:
    return (Kept("int16", (prod(shape[:-1]), options["delay_length"])),)


def lower_delay(graph: Graph, op: Op) -> Call:
    require_options(op, DELAY)
    x, y, delay = graph.input(op, 0), graph.output(op), op.options["delay_length"]
    require_types(op, "int16", x, y)
    require_shape(op, y, x.shape)
    require_range(op, "delay_length", delay, 1, MOST)
    size = x.shape[-1] if x.shape else 1
    params = {"batches": x.elements // size, "size": size, "delay": delay}
    return Call(op, "signal_delay", params, (x.index,), (y.index,), state=_state(graph, op, 1))


def delay(p: Mapping[str, Any], inputs: Sequence[Array]) -> Sequence[Array]:
    whole = np.concatenate([inputs[1], inputs[0].reshape(p["batches"], p["size"])], axis=1)
    return [whole[:, : p["size"]], whole[:, p["size"] :]]


def kept_of_overlap(options: Mapping[str, Any], shape: Sequence[int]) -> Sequence[Kept]:
    return (Kept("int16", (prod(shape[:-2]), *shape[-1:])),)


def lower_overlap(graph: Graph, op: Op) -> Call:
    require_options(op, OVERLAP)
    x, y, step = graph.input(op, 0), graph.output(op), op.options["frame_step"]
    require_range(op, "T", op.options["T"], TYPE_INT16, TYPE_INT16)
    require_types(op, "int16", x, y)
    if len(x.shape) < 2:
        raise UnsupportedOp(f"{op} has an input of shape {x.shape}: it takes frames by samples, reshape it.")
    *outer, frames, size = x.shape
    require_range(op, "frame_step", step, 1, size)
    require_shape(op, y, (*outer, frames * step))
    params = {"batches": prod(outer), "frames": frames, "size": size, "step": step}
    return Call(op, "signal_overlap_add", params, (x.index,), (y.index,), state=_state(graph, op, 1))


def overlap_add(p: Mapping[str, Any], inputs: Sequence[Array]) -> Sequence[Array]:
    x = inputs[0].reshape(p["batches"], p["frames"], p["size"]).astype(np.int32)
    sums, rows = inputs[1].astype(np.int32), []
    for frame in range(p["frames"]):
        sums = np.clip(sums + x[:, frame], -(2**15), 2**15 - 1)
        rows.append(sums[:, : p["step"]])
        sums = np.concatenate([sums[:, p["step"] :], np.zeros_like(rows[0])], axis=1)
    return [np.concatenate(rows, axis=1).astype(np.int16), sums.astype(np.int16)]


def _stack_size(options: Mapping[str, Any]) -> int:
    return int(options["num_channels"] * (options["stacker_left_context"] + options["stacker_right_context"] + 1))


def kept_of_stacker(options: Mapping[str, Any], shape: Sequence[int]) -> Sequence[Kept]:
    return (Kept("int16", (_stack_size(options),)), Kept("int32", (1,)))


def lower_stacker(graph: Graph, op: Op) -> Call:
    require_options(op, STACKER)
    x, (y, valid) = graph.input(op, 0), (graph.tensors[i] for i in op.outputs)
    channels, left, right, step = (op.options[name] for name in STACKER)
    for name, value, least in zip(STACKER, (channels, left, right, step), (1, 0, 0, 1), strict=True):
        require_range(op, name, value, least, MOST)
    require_range(op, "stacker_step", step, 1, left + right + 1)
    require_types(op, "int16", x, y)
    require_types(op, "bool", valid)
    require_shape(op, x, (channels,))
    require_shape(op, y, (_stack_size(op.options),))
    require_shape(op, valid, ())
    params = {"channels": channels, "size": y.elements, "step": step * channels, "left": left}
    outputs = (y.index, valid.index)
    return Call(op, "signal_stacker", params, (x.index,), outputs, state=_state(graph, op, 2))


def stacker(p: Mapping[str, Any], inputs: Sequence[Array]) -> Sequence[Array]:
    """The second variable: 0 before the first frame, then one more than values are kept."""
    x, kept, count = inputs
    held = int(count[0]) - 1
    values = np.concatenate([kept[: max(held, 0)], *[x] * (1 if held >= 0 else 1 + p["left"])])
    valid = values.size >= p["size"]
    y = values[: p["size"]] if valid else np.zeros(p["size"], np.int16)
    values = values[p["step"] :] if valid else values
    after = np.concatenate([values, np.zeros(p["size"] - values.size, np.int16)])
    return [y, np.array(valid), after, np.array([values.size + 1], np.int32)]


def kept_of_framer(options: Mapping[str, Any], shape: Sequence[int]) -> Sequence[Kept]:
    size, step = options["frame_size"], max(options["frame_step"], 1)
    return (Kept("int16", (prod(shape[:-1]), -(-size // step) * step)), Kept("int32", (1,)))


def lower_framer(graph: Graph, op: Op) -> Call:
    require_options(op, FRAMER)
    x, (y, valid) = graph.input(op, 0), (graph.tensors[i] for i in op.outputs)
    size, step, prefill = (op.options[name] for name in FRAMER)
    require_range(op, "frame_size", size, 1, MOST)
    require_range(op, "frame_step", step, 1, size if prefill else MOST)
    require_types(op, "int16", x, y)
    require_types(op, "bool", valid)
    require_shape(op, valid, ())
    if not x.shape or x.shape[-1] % step:
        raise UnsupportedOp(f"{op} cuts {x.shape} samples into steps of {step}: it takes a multiple of that.")
    frames = x.shape[-1] // step
    require_shape(op, y, (*x.shape[:-1], frames, size))
    params = {
        "batches": prod(x.shape[:-1]), "frames": frames, "size": size, "step": step,
        "capacity": -(-size // step) * step, "first": size - step if prefill else 0,
    }  # fmt: skip
    outputs = (y.index, valid.index)
    return Call(op, "signal_framer", params, (x.index,), outputs, state=_state(graph, op, 2))


def framer(p: Mapping[str, Any], inputs: Sequence[Array]) -> Sequence[Array]:
    """The second variable: how many samples are kept, less those that there are at first."""
    x = inputs[0].reshape(p["batches"], p["frames"], p["step"])
    held = inputs[1][:, : p["first"] + int(inputs[2][0])]
    y, valid = np.zeros((p["batches"], p["frames"], p["size"]), np.int16), True
    for frame in range(p["frames"]):
        held = np.concatenate([held, x[:, frame]], axis=1)
        if held.shape[1] >= p["size"]:
            y[:, frame], held = held[:, : p["size"]], held[:, p["step"] :]
        else:
            valid = False
    kept = np.zeros_like(inputs[1])
    kept[:, : held.shape[1]] = held
    return [y, np.array(valid), kept, np.array([held.shape[1] - p["first"]], np.int32)]


KERNELS = (
    Kernel(
        "signal_delay",
        signal_struct("delay", numbers("int32_t", "batches size delay"), "streaming"),
        delay,
        state=1,
        types=("int16",),
    ),
    Kernel(
        "signal_overlap_add",
        signal_struct("overlap_add", numbers("int32_t", "batches frames size step"), "streaming"),
        overlap_add,
        state=1,
        types=("int16",),
    ),
    Kernel(
        "signal_stacker",
        signal_struct("stacker", numbers("int32_t", "channels size step left"), "streaming"),
        stacker,
        outputs=2,
        state=2,
        types=("int16",),
    ),
    Kernel(
        "signal_framer",
        signal_struct("framer", numbers("int32_t", "batches frames size step capacity first"), "streaming"),
        framer,
        outputs=2,
        state=2,
        types=("int16",),
    ),
)
OPERATORS = (
    signal_operator("Delay", DELAY, lower_delay, kernels=("signal_delay",), keeps=kept_of_delay),
    signal_operator("OverlapAdd", OVERLAP, lower_overlap, kernels=("signal_overlap_add",), keeps=kept_of_overlap),
    signal_operator("Stacker", STACKER, lower_stacker, kernels=("signal_stacker",), keeps=kept_of_stacker),
    signal_operator("Framer", FRAMER, lower_framer, kernels=("signal_framer",), keeps=kept_of_framer),
)
