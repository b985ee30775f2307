"""Operators of TFLM's signal library from samples to energies: SignalWindow, SignalFftAutoScale, SignalRfft,
SignalEnergy, on int16, and back to samples: SignalIrfft. What they compute is in gen/model/ops/signal.py."""

from collections.abc import Mapping, Sequence
from typing import Any

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops import signal
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers, pointers
from gen.model.ops.quantized import require_rank, require_shape, require_types

TYPE_INT16 = 7  # the option T, as the schema numbers types
FFT_OPTIONS = ("T", "fft_length")
MOST_POINTS = 1 << 14  # of an FFT: more than any microcontroller's samples


def signal_operator(name: str, options: Sequence[str], lower: Any, **more: Any) -> Operator:
    """Of TFLM's signal library; options: the keys of its flexbuffer."""
    kind = f"custom Signal{name}"
    return Operator(kind, "CUSTOM", name, None, dict.fromkeys(options, 0), lower, **more)


def signal_struct(name: str, fields: Any, fits: str = "signal") -> CStruct:
    return CStruct(f"nn_signal_{name}_t", fields, fits)


def require_options(op: Op, names: Sequence[str]) -> None:
    """Raise ModelError where the file has other options than these: TFLM takes them by their places."""
    if set(op.options) != set(names):
        raise ModelError(
            f"{op} has other options than {', '.join(sorted(names))} in the file: convert the model again with "
            "tflite-micro's signal library."
        )


def require_range(op: Op, name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise UnsupportedOp(
            f"{op} has the option {name} = {value}, not within {low} to {high}, beyond which TFLM computes nothing "
            "that makes sense: correct it in the model."
        )


def require_vector(op: Op, dtype: str, *tensors: Tensor) -> None:
    require_types(op, dtype, *tensors)
    require_rank(op, 1, *tensors)


def constant_vector(graph: Graph, op: Op, position: int, dtype: str) -> Array:
    """A constant input's values. Raises UnsupportedOp, ModelError."""
    tensor = graph.input(op, position)
    require_vector(op, dtype, tensor)
    if tensor.data is None:
        raise UnsupportedOp(f"{op} has a table that is computed at run time (input {position}): make it a constant.")
    return tensor.data


def lower_window(graph: Graph, op: Op) -> Call:
    require_options(op, ("shift",))
    x, y, weights = graph.input(op, 0), graph.output(op), constant_vector(graph, op, 1, "int16")
    require_types(op, "int16", x, y)
    require_shape(op, y, x.shape)
    if weights.size == 0 or x.elements % weights.size:
        raise ModelError(f"{op} has a window of {weights.size} values for {x.elements} samples: convert it again.")
    require_range(op, "shift", op.options["shift"], 0, 31)
    params = {"window": weights, "count": x.elements, "size": weights.size, "shift": op.options["shift"]}
    return Call(op, WINDOW.name, params, (x.index,), (y.index,))


def lower_auto_scale(graph: Graph, op: Op) -> Call:
    x, (y, shift) = graph.input(op, 0), (graph.tensors[i] for i in op.outputs)
    require_vector(op, "int16", x, y)
    require_types(op, "int32", shift)
    require_shape(op, y, x.shape)
    require_shape(op, shift, ())
    return Call(op, AUTO_SCALE.name, {"count": x.elements}, (x.index,), (y.index, shift.index))


def lower_rfft(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    points = _points(op, x, y)
    if not x.shape or not 0 < x.shape[-1] <= points:
        raise UnsupportedOp(f"{op} transforms an input of shape {x.shape} in {points} points, which are fewer: cut it.")
    require_shape(op, y, (*x.shape[:-1], points + 2))
    sizes = {"batches": x.elements // x.shape[-1], "in_n": x.shape[-1], "points": points}
    return Call(op, RFFT.name, {**sizes, **_tables(points, -1)}, (x.index,), (y.index,))


def lower_irfft(graph: Graph, op: Op) -> Call:
    x, y = graph.input(op, 0), graph.output(op)
    points = _points(op, x, y)
    require_shape(op, x, (*x.shape[:-1], points + 2))
    require_shape(op, y, (*x.shape[:-1], points))
    sizes = {"batches": y.elements // points, "points": points}
    return Call(op, IRFFT.name, {**sizes, **_tables(points, 1)}, (x.index,), (y.index,))


def _points(op: Op, x: Tensor, y: Tensor) -> int:
    require_options(op, FFT_OPTIONS)
    require_range(op, "T", op.options["T"], TYPE_INT16, TYPE_INT16)
    require_types(op, "int16", x, y)
    points: int = op.options["fft_length"]
    if points.bit_count() != 1 or not 4 <= points <= MOST_POINTS:
        raise UnsupportedOp(
            f"{op} transforms {points} points: a power of 2 from 4 to {MOST_POINTS} is supported, fill them up."
        )
    return points


def _tables(points: int, sign: int) -> Mapping[str, Array]:
    return {"twiddles": signal.twiddles(points // 2, sign), "post": signal.post_twiddles(points // 2, sign)}


def lower_energy(graph: Graph, op: Op) -> Call:
    require_options(op, ("end_index", "start_index"))
    x, y, start, end = graph.input(op, 0), graph.output(op), op.options["start_index"], op.options["end_index"]
    require_vector(op, "int16", x)
    require_vector(op, "uint32", y)
    require_shape(op, y, (x.elements // 2,))
    require_range(op, "start_index", start, 0, y.elements)
    require_range(op, "end_index", end, start, y.elements)
    return Call(op, ENERGY.name, {"count": y.elements, "start": start, "end": end}, (x.index,), (y.index,))


def window(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    return signal.window(inputs[0], p["window"], p["shift"])


def auto_scale(p: Mapping[str, Any], inputs: Sequence[Array]) -> Sequence[Array]:
    return signal.auto_scale(inputs[0])


def rfft(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["batches"], p["in_n"])
    return signal.rfft(x, p["points"], p["twiddles"].reshape(-1, 2), p["post"].reshape(-1, 2))


def irfft(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    x = inputs[0].reshape(p["batches"], -1)
    return signal.irfft(x, p["points"], p["twiddles"].reshape(-1, 2), p["post"].reshape(-1, 2))


def energy(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    return signal.energy(inputs[0], p["start"], p["end"])


WINDOW = Kernel(
    "signal_window",
    signal_struct("window", pointers("int16_t", "window") + numbers("int32_t", "count size shift")),
    window,
    in_place=True,
    types=("int16",),
)
AUTO_SCALE = Kernel(
    "signal_auto_scale",
    signal_struct("auto_scale", numbers("int32_t", "count")),
    auto_scale,
    outputs=2,
    types=("int16",),
)
RFFT = Kernel(
    "signal_rfft",
    signal_struct("rfft", pointers("int16_t", "twiddles post") + numbers("int32_t", "batches in_n points")),
    rfft,
    types=("int16",),
)
IRFFT = Kernel(
    "signal_irfft",
    signal_struct("irfft", pointers("int16_t", "twiddles post") + numbers("int32_t", "batches points")),
    irfft,
    types=("int16",),
)
ENERGY = Kernel(
    "signal_energy", signal_struct("energy", numbers("int32_t", "count start end")), energy, types=("int16",)
)
KERNELS = (WINDOW, AUTO_SCALE, RFFT, IRFFT, ENERGY)
OPERATORS = (
    signal_operator("Window", ("shift",), lower_window, kernels=(WINDOW.name,)),
    signal_operator("FftAutoScale", (), lower_auto_scale, kernels=(AUTO_SCALE.name,)),
    signal_operator("Rfft", FFT_OPTIONS, lower_rfft, kernels=(RFFT.name,)),
    signal_operator("Irfft", FFT_OPTIONS, lower_irfft, kernels=(IRFFT.name,)),
    signal_operator("Energy", ("end_index", "start_index"), lower_energy, kernels=(ENERGY.name,)),
)
