"""Models of one SVDF or one LSTM, random in everything that TFLM takes."""

from typing import Any

import numpy as np

from gen.model.graph import Array
from tests.tiny import O, T, model


def _int8(rng: np.random.Generator, *shape: int, least: int = -127) -> Array:
    return rng.integers(least, 128, shape).astype(np.int8)


def _upto(rng: np.random.Generator, low: int, high: int) -> int:
    return int(rng.integers(low, high + 1))


def svdf(rng: np.random.Generator, state: str, rank: int | None = None) -> bytes:
    """x batches x in_n -> y batches x units; now and then scales that saturate the state."""
    batches, in_n, units, memory = (_upto(rng, 1, most) for most in (2, 9, 5, 8))
    filters = units * (_upto(rng, 1, 3) if rank is None else 2)
    of_rank = filters // units if rank is None else rank
    s_x, s_features, s_time, s_y = (float(rng.uniform(0.005, 0.05)) for _ in range(4))
    s_state = float(rng.uniform(0.02, 0.3)) * (1 if state == "int8" else 1 / 256)
    time = _int8(rng, filters, memory) if state == "int8" else rng.integers(-32767, 32768, (filters, memory))
    s_time = s_time if state == "int8" else s_time / 256
    z_state = _upto(rng, -60, 60) if state == "int8" and rng.random() < 0.7 else 0
    tensors = [
        T((batches, in_n), scale=s_x, zero_point=_upto(rng, -128, 127)),
        T((filters, in_n), scale=s_features, data=_int8(rng, filters, in_n)),
        T((filters, memory), state, scale=s_time, data=time),
        T((units,), "int32", scale=s_state * s_time, data=rng.integers(-2000, 2000, units)),
        T((batches, memory * filters), state, scale=s_state, zero_point=z_state, variable=True),
        T((batches, units), scale=s_y * 4, zero_point=_upto(rng, -128, 127)),
    ]
    options = {"rank": of_rank, "fusedActivationFunction": int(rng.choice([0, 1]))}
    return model(tensors, [O("SVDF", [0, 1, 2, 3, 4], [5], options, "SVDFOptions")], [0], [5])


def lstm(
    rng: np.random.Generator,
    activation: int = 4,
    cell_scale: float | None = None,
    peephole: bool = False,
    halves: bool = False,
    *,
    dtype: str = "int8",
) -> bytes:
    """x batches x steps x in_n or steps first -> y of units. Three of four shift sums to the right only and have
    weights of -128 in every second gate at most, as Cortex-M4's kernel wants it. halves: input and forget gate are 1/2,
    whose products often lie halfway between two integers, and an output's steps are about those of a cell's state."""
    batches, steps, in_n, units = (_upto(rng, 1, most) for most in (2, 3, 40, 20))
    small = halves or rng.random() < 0.75
    time_major = bool(rng.random() < 0.4)
    outer = (steps, batches) if time_major else (batches, steps)
    s_h, z_h = float(rng.uniform(*((0.002, 0.006) if small else (0.004, 0.012)))), _upto(rng, -20, 20)
    s_c = cell_scale or 2.0 ** -_upto(rng, 8, 16)
    if halves:
        s_h, z_h, s_c = 2.0**-13, 0, 2.0**-12
    s_x = float(rng.uniform(*((0.001, 0.006) if small else (0.01, 0.1))))
    zero_point = _upto(rng, -128, 127)
    bias_type = "int32"
    if dtype == "int16":
        s_x, s_h, zero_point, z_h, bias_type = s_x / 256, s_h / 256, 0, 0, "int64"
    tensors = [T((*outer, in_n), dtype, scale=s_x, zero_point=zero_point)]
    inputs = [0]

    def add(tensor: T) -> int:
        tensors.append(tensor)
        return len(tensors) - 1

    scales = [float(rng.uniform(0.002, 0.02)) for _ in range(8)]
    scales = [scale / 128 if halves and number % 4 == 2 else scale for number, scale in enumerate(scales)]
    factors = [0, 0, 1, 1] if halves else [1] * 4
    for number, scale in enumerate(scales):
        depth = in_n if number < 4 else units
        least = -127 if small and number % 2 else -128
        data = factors[number % 4] * _int8(rng, units, depth, least=least)
        inputs.append(add(T((units, depth), scale=scale, data=data)))
    inputs += [-1, -1, -1]
    if peephole:
        inputs[-1] = add(T((units,), "int16", scale=0.01, data=rng.integers(-100, 100, units)))
    for number in range(4):
        data = factors[number] * rng.integers(-3000, 3000, units) * (1 if dtype == "int8" else 256)
        inputs.append(add(T((units,), bias_type, scale=s_x * scales[number], data=data)))
    inputs += [-1, -1]
    inputs.append(add(T((batches, units), dtype, scale=s_h, zero_point=z_h, variable=True)))
    inputs.append(add(T((batches, units), "int16", scale=s_c, variable=True)))
    inputs += [-1, -1, -1, -1]
    y = add(T((*outer, units), dtype, scale=s_h, zero_point=z_h))
    clip = float(rng.choice([0.0, 0.0, 0.25, 1.5, 10.0]))
    options: dict[str, Any] = {
        "fusedActivationFunction": activation, "cellClip": clip, "timeMajor": time_major,
    }  # fmt: skip
    op = O("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [y], options, "UnidirectionalSequenceLSTMOptions")
    return model(tensors, [op], [0], [y])
