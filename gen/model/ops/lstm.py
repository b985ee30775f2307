"""UNIDIRECTIONAL_SEQUENCE_LSTM, int8 or int16 with a cell state of int16: gates without peepholes, projection or layer
normalization. Hidden and cell state go on from one inference to the next, as TFLM's do.

x and y: batches x steps x elements, or steps first (time major). Source: TFLM's lstm_eval and TFLite's definition;
Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997."""

from collections.abc import Mapping, Sequence
from math import frexp
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.fixed_point import (
    multiply_by_quantized_multiplier,
    multiply_by_reduced_multiplier,
    quantize_multiplier,
)
from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops import sigmoid
from gen.model.ops.operator import Call, CStruct, Kernel, Operator, numbers, pointers
from gen.model.ops.quantized import require_int8, require_int8_or_int16, require_shape, require_sums
from gen.model.ops.wide import require_wide_sums

OPTIONS = {
    "FusedActivationFunction": "none",
    "CellClip": 0.0,
    "ProjClip": 0.0,
    "TimeMajor": False,
    "AsymmetricQuantizeInputs": False,
}
GATES = "ifco"  # input, forget, cell, output: the order of the operator's inputs
X_WEIGHTS, H_WEIGHTS, PEEPHOLES, BIASES, PROJECTION, HIDDEN, CELL, NORMALIZATION = 1, 5, 9, 12, 16, 18, 19, 20
LAST = 24
MAX_CELL_SCALE = 4.0  # of a larger one the argument of TANH leaves int32
GATE_ONE = 4096  # a gate's argument has 12 bits behind the point


def lower(graph: Graph, op: Op) -> Call:
    x, y, hidden, cell = graph.input(op, 0), graph.output(op), graph.input(op, HIDDEN), graph.input(op, CELL)
    x_weights, h_weights, biases = (
        [graph.input(op, first + gate) for gate in range(4)] for first in (X_WEIGHTS, H_WEIGHTS, BIASES)
    )
    _require_plain(graph, op)
    require_int8_or_int16(op, x, y, hidden)
    require_int8(op, *x_weights, *h_weights)
    _require_states(op, hidden, cell)
    is_wide, bias_type = x.dtype == "int16", "int64" if x.dtype == "int16" else "int32"
    if any(t.data is None for t in (*x_weights, *h_weights, *biases)) or any(b.dtype != bias_type for b in biases):
        raise UnsupportedOp(f"{op} needs constant int8 weights and {bias_type} biases: convert the model again.")
    if any(weights.zero_point for weights in (*x_weights, *h_weights)):
        raise UnsupportedOp(f"{op} has asymmetric weights: TFLite's int8 scheme needs zero point 0, convert it again.")
    if len(x.shape) != 3:
        raise UnsupportedOp(f"{op} has an input of shape {x.shape}: TFLM takes three dimensions.")
    time_major = bool(op.options["TimeMajor"])
    steps, batches = x.shape[:2] if time_major else x.shape[1::-1]
    in_n, units = x.shape[2], x_weights[0].shape[0] if x_weights[0].shape else 0
    for weights, depth in (*((w, in_n) for w in x_weights), *((w, units) for w in h_weights)):
        require_shape(op, weights, (units, depth))
    for bias in biases:
        require_shape(op, bias, (units,))
    require_shape(op, y, (*x.shape[:2], units))
    for state in (hidden, cell):
        require_shape(op, state, (batches, units))
    exponent = frexp(cell.scale)[1] - 1
    scales = (*_gates(op, x, x_weights, biases), *_gates(op, hidden, h_weights, [None] * 4))
    multipliers, shifts = zip(*scales, strict=True)
    forget, remember, output = (
        quantize_multiplier(real) for real in (2.0**-15, 2.0**-30 / cell.scale, 2.0**-30 / hidden.scale)
    )
    clip = min(int(op.options["CellClip"] / cell.scale), 32767)
    low, high = (-clip, clip) if op.options["CellClip"] > 0 else (-32768, 32767)
    words = [bias.data.view(np.int32) if bias.data is not None and is_wide else bias.data for bias in biases]
    params = {
        **{f"x_{gate}": weights.data for gate, weights in zip(GATES, x_weights, strict=True)},
        **{f"h_{gate}": weights.data for gate, weights in zip(GATES, h_weights, strict=True)},
        **{f"bias_{gate}": bias for gate, bias in zip(GATES, words, strict=True)},
        "batches": batches, "steps": steps, "in_n": in_n, "units": units, "time_major": int(time_major),
        "multiplier": multipliers, "shift": shifts, "forget_multiplier": forget[0], "forget_shift": forget[1],
        "remember_multiplier": remember[0], "remember_shift": remember[1],
        "output_multiplier": output[0], "output_shift": output[1],
        "tanh_multiplier": 3 << max(12 + exponent, 0), "tanh_shift": max(-12 - exponent, 0),
        "input_offset": -x.zero_point, "hidden_offset": -hidden.zero_point,
        "clip_low": low, "clip_high": high,
    }  # fmt: skip
    macs = batches * steps * units * (4 * (in_n + units) + 4)
    return Call(op, KERNELS[is_wide].name, params, (x.index,), (y.index,), macs, state=(hidden.index, cell.index))


def _require_plain(graph: Graph, op: Op) -> None:
    """Raise UnsupportedOp on what TFLM has no LSTM for."""
    others = (*range(PEEPHOLES, BIASES), *range(PROJECTION, HIDDEN), *range(NORMALIZATION, LAST))
    if any(graph.optional_input(op, position) is not None for position in others):
        raise UnsupportedOp(f"{op} has peepholes, a projection or layer normalization, which TFLM does not compute.")
    if op.options["FusedActivationFunction"] != "tanh":
        raise UnsupportedOp(f"{op} has an activation other than TANH, which TFLM refuses.")


def _require_states(op: Op, hidden: Tensor, cell: Tensor) -> None:
    if not (hidden.is_variable and cell.is_variable) or cell.dtype != "int16" or cell.quant is None:
        raise UnsupportedOp(f"{op} needs variable tensors as its states, int8 and int16: convert the model again.")
    if frexp(cell.scale)[0] != 0.5 or cell.scale > MAX_CELL_SCALE or cell.zero_point != 0:
        raise UnsupportedOp(
            f"{op} has a cell state of scale {cell.scale:g} and zero point {cell.zero_point}: TFLM takes a power of "
            f"two, up to {MAX_CELL_SCALE:g}, and zero, convert the model again."
        )


def _gates(op: Op, x: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor | None]) -> list[tuple[int, int]]:
    """What scales each gate's sum over x."""
    scales = []
    for weight, bias in zip(weights, biases, strict=True):
        multiplier, shift = quantize_multiplier(x.scale * weight.scale * GATE_ONE)
        assert weight.data is not None
        data = None if bias is None else bias.data
        if x.dtype == "int16":
            sums = np.abs(weight.data.astype(np.float64)).sum(axis=1) * 2.0**15
            require_wide_sums(op, sums + (0 if data is None else np.abs(data.astype(np.float64))), np.array([shift]))
        else:
            require_sums(op, x, weight.data, data, np.array([shift]))
        scales.append((multiplier, shift))
    return scales


def _int16(values: Array) -> Array:
    clamped: Array = np.clip(values, -32768, 32767)
    return clamped


def _scaled(p: Mapping[str, Any], at: int, sums: Array) -> Array:
    """What a gate's sums come to; of int64, by TFLM's multiplication of that."""
    multiply = multiply_by_reduced_multiplier if sums.dtype == np.int64 else multiply_by_quantized_multiplier
    return _int16(multiply(sums, p["multiplier"][at], p["shift"][at]))


def reference(p: Mapping[str, Any], inputs: Sequence[Array]) -> list[Array]:
    x, hidden, cell = inputs
    h, c, limits = hidden.astype(np.int32), cell.astype(np.int32), np.iinfo(x.dtype)
    sums = np.dtype(np.int64 if x.dtype == np.int16 else np.int32)
    rows = (x if p["time_major"] else x.transpose(1, 0, 2)).astype(sums) + p["input_offset"]
    made = []
    for row in rows:
        gates = []
        for number, gate in enumerate(GATES):
            of_x = row @ p[f"x_{gate}"].astype(sums).T + p[f"bias_{gate}"].view(sums)
            of_h = (h.astype(sums) + p["hidden_offset"]) @ p[f"h_{gate}"].astype(sums).T
            of_x, of_h = _scaled(p, number, of_x), _scaled(p, 4 + number, of_h)
            look_up = sigmoid.tanh if gate == "c" else sigmoid.logistic
            gates.append(look_up(3 * _int16(of_x + of_h)).astype(np.int32))
        i, f, g, o = gates
        kept = _int16(multiply_by_quantized_multiplier(f * c, p["forget_multiplier"], p["forget_shift"]))
        added = _int16(multiply_by_quantized_multiplier(i * g, p["remember_multiplier"], p["remember_shift"]))
        c = np.clip(kept + added, p["clip_low"], p["clip_high"]).astype(np.int32)
        wide = c.astype(np.int64) * p["tanh_multiplier"]
        scaled = (wide + ((1 << p["tanh_shift"]) >> 1)) >> p["tanh_shift"]
        out = o * sigmoid.tanh(scaled).astype(np.int32)
        out = multiply_by_quantized_multiplier(out, p["output_multiplier"], p["output_shift"])
        h = np.clip(out - np.int32(p["hidden_offset"]), limits.min, limits.max).astype(np.int32)
        made.append(h.astype(x.dtype))
    y = np.stack(made, axis=0 if p["time_major"] else 1)
    return [y, h.astype(x.dtype), c.astype(np.int16)]


FIELDS = (
    pointers("int8_t", " ".join(f"{side}_{gate}" for side in "xh" for gate in GATES))
    + pointers("int32_t", " ".join(f"bias_{gate}" for gate in GATES))
    + numbers("int32_t", "batches steps in_n units time_major")
    + numbers("int32_t", "multiplier[8] forget_multiplier remember_multiplier output_multiplier tanh_multiplier")
    + numbers("int8_t", "shift[8] forget_shift remember_shift output_shift tanh_shift")
    + numbers("int16_t", "input_offset hidden_offset clip_low clip_high")
)
KERNELS = (
    Kernel("lstm", CStruct("nn_lstm_t", FIELDS, "recurrent"), reference, state=2),
    Kernel("lstm_int16", CStruct("nn_lstm_int16_t", FIELDS, "recurrent_int16"), reference, state=2, types=("int16",)),
)
OPERATOR = Operator(
    "unidirectional_sequence_lstm",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "UnidirectionalSequenceLSTM",
    "UnidirectionalSequenceLSTMOptions",
    OPTIONS,
    lower,
    kernels=tuple(kernel.name for kernel in KERNELS),
)
