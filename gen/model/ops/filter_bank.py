"""Operators of TFLM's signal library from energies to features: SignalFilterBank, SignalFilterBankSquareRoot,
SignalFilterBankSpectralSubtraction, SignalPCAN, SignalFilterBankLog, on uint64, uint32 and int16. What they compute is
in gen/model/ops/signal.py."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp
from gen.model.graph import Array, Graph, Op
from gen.model.ops import signal
from gen.model.ops.operator import Call, Kept, Kernel, numbers, pointers
from gen.model.ops.quantized import require_shape, require_types
from gen.model.ops.spectrum import (
    constant_vector,
    require_options,
    require_range,
    require_vector,
    signal_operator,
    signal_struct,
)

# Option of SignalFilterBankSpectralSubtraction -> field of the struct.
SUBTRACTION = {
    "alternate_one_minus_smoothing": "alternate_one_minus",
    "alternate_smoothing": "alternate_smoothing",
    "clamping": "clamping",
    "min_signal_remaining": "least",
    "num_channels": "count",
    "one_minus_smoothing": "one_minus",
    "smoothing": "smoothing",
    "smoothing_bits": "smoothing_bits",
    "spectral_subtraction_bits": "bits",
}
LIMITS = {"clamping": 1, "smoothing_bits": 31, "spectral_subtraction_bits": 63}  # of the others: an int32's
LOG_OPTIONS = ("input_correction_bits", "output_scale")


def lower_bank(graph: Graph, op: Op) -> Call:
    require_options(op, ("num_channels",))
    x, y, channels = graph.input(op, 0), graph.output(op), op.options["num_channels"]
    require_vector(op, "uint32", x)
    require_vector(op, "uint64", y)
    require_shape(op, y, (channels,))
    names = ("weight", "unweight", "bins", "places", "widths")
    tables = {name: constant_vector(graph, op, position, "int16") for position, name in enumerate(names, 1)}
    sizes = {tables[name].size for name in names[2:]}
    if sizes != {channels + 1}:
        raise ModelError(f"{op} has tables of {sorted(sizes)} bands for {channels} channels: convert the model again.")
    bins, places, widths = (tables[name].astype(np.int32) for name in names[2:])
    weights = min(tables["weight"].size, tables["unweight"].size)
    lowest = min(int(table.min()) for table in tables.values())
    if lowest < 0 or (bins + widths).max() > x.elements or (places + widths).max() > weights:
        raise UnsupportedOp(
            f"{op} has bands beyond its {x.elements} energies or {weights} weights, or weights below 0: correct its "
            "tables in the model."
        )
    return Call(op, BANK.name, {**tables, "channels": channels}, (x.index,), (y.index,))


def lower_root(graph: Graph, op: Op) -> Call:
    x, shift, y = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    require_vector(op, "uint64", x)
    require_types(op, "int32", shift)
    require_vector(op, "uint32", y)
    require_shape(op, shift, ())
    require_shape(op, y, x.shape)
    return Call(op, ROOT.name, {"count": x.elements}, (x.index, shift.index), (y.index,))


def noise(options: Mapping[str, Any], shape: Sequence[int]) -> Sequence[Kept]:
    return (Kept("uint32", (options["num_channels"],)),)


def lower_subtraction(graph: Graph, op: Op) -> Call:
    require_options(op, tuple(SUBTRACTION))
    x, (y, estimate) = graph.input(op, 0), (graph.tensors[i] for i in op.outputs)
    for name in SUBTRACTION:
        require_range(op, name, op.options[name], 0, LIMITS.get(name, 2**31 - 1))
    require_vector(op, "uint32", x, y, estimate)
    for tensor in (x, y, estimate):
        require_shape(op, tensor, (op.options["num_channels"],))
    state = graph.input(op, 1)
    params = {field: op.options[name] for name, field in SUBTRACTION.items()}
    return Call(op, SUBTRACT.name, params, (x.index,), (y.index, estimate.index), state=(state.index,))


def lower_pcan(graph: Graph, op: Op) -> Call:
    require_options(op, ("snr_shift",))
    x, estimate, y = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    gains, shift = constant_vector(graph, op, 2, "int16"), op.options["snr_shift"]
    require_vector(op, "uint32", x, estimate, y)
    require_shape(op, estimate, x.shape)
    require_shape(op, y, x.shape)
    require_range(op, "snr_shift", shift, 0, 63)
    if gains.size < signal.GAINS:
        raise UnsupportedOp(
            f"{op} has a table of {gains.size} gains, and reads up to {signal.GAINS}: make it whole in the model."
        )
    params = {"gains": gains, "count": x.elements, "shift": shift}
    return Call(op, PCAN.name, params, (x.index, estimate.index), (y.index,))


def lower_log(graph: Graph, op: Op) -> Call:
    require_options(op, LOG_OPTIONS)
    x, y = graph.input(op, 0), graph.output(op)
    correction, scale = (op.options[name] for name in LOG_OPTIONS)
    require_vector(op, "uint32", x)
    require_vector(op, "int16", y)
    require_shape(op, y, x.shape)
    require_range(op, "input_correction_bits", correction, 0, 31)
    require_range(op, "output_scale", scale, 0, 2**31 - 1)
    params = {"fractions": signal.log_fractions(), "count": x.elements, "correction": correction, "scale": scale}
    return Call(op, LOG.name, params, (x.index,), (y.index,))


def root(p: Mapping[str, Any], inputs: Sequence[Array]) -> Array:
    return signal.square_root(inputs[0], int(inputs[1].reshape(-1)[0]))


def subtraction(p: Mapping[str, Any], inputs: Sequence[Array]) -> Sequence[Array]:
    y, estimate = signal.subtract_noise(inputs[0], inputs[1], p)
    return [y, estimate, estimate]


BANK = Kernel(
    "signal_filter_bank",
    signal_struct(
        "filter_bank", pointers("int16_t", "weight unweight bins places widths") + numbers("int32_t", "channels")
    ),
    lambda p, inputs: signal.filter_bank(inputs[0], p),
    types=("uint32",),
)
ROOT = Kernel("signal_root", signal_struct("root", numbers("int32_t", "count")), root, arity=2, types=("uint64",))
SUBTRACT = Kernel(
    "signal_subtract_noise",
    signal_struct(
        "subtract_noise",
        numbers("int32_t", "count smoothing one_minus alternate_smoothing alternate_one_minus least")
        + numbers("uint8_t", "smoothing_bits bits clamping"),
    ),
    subtraction,
    outputs=2,
    state=1,
    types=("uint32",),
)
PCAN = Kernel(
    "signal_pcan",
    signal_struct("pcan", pointers("int16_t", "gains") + numbers("int32_t", "count shift")),
    lambda p, inputs: signal.pcan(inputs[0], inputs[1], p["gains"], p["shift"]),
    arity=2,
    in_place=True,
    types=("uint32",),
)
LOG = Kernel(
    "signal_log",
    signal_struct("log", pointers("uint16_t", "fractions") + numbers("int32_t", "count correction scale")),
    lambda p, inputs: signal.log(inputs[0], p["fractions"], p["correction"], p["scale"]),
    types=("uint32",),
)
KERNELS = (BANK, ROOT, SUBTRACT, PCAN, LOG)
OPERATORS = (
    signal_operator("FilterBank", ("num_channels",), lower_bank, kernels=(BANK.name,)),
    signal_operator("FilterBankSquareRoot", (), lower_root, kernels=(ROOT.name,)),
    signal_operator(
        "FilterBankSpectralSubtraction",
        tuple(SUBTRACTION),
        lower_subtraction,
        kernels=(SUBTRACT.name,),
        keeps=noise,
    ),
    signal_operator("PCAN", ("snr_shift",), lower_pcan, kernels=(PCAN.name,)),
    signal_operator("FilterBankLog", LOG_OPTIONS, lower_log, kernels=(LOG.name,)),
)
