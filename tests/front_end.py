"""Models of TFLM's signal library: one operator each, and a small audio front-end of all."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gen.model.graph import Array
from gen.model.ops import signal
from tests.tiny import O, T, model

LOWEST = -(2**15)


def samples(rng: np.random.Generator, shape: Any) -> Array:
    """Loud and soft ones, now and then all the same, the lowest among them."""
    if rng.random() < 0.2:
        return np.full(shape, rng.choice([0, 1, -1, LOWEST, LOWEST + 1, 2**15 - 1]), np.int16)
    drawn = (rng.integers(LOWEST, 2**15, shape) >> int(rng.integers(0, 16))).astype(np.int16)
    if rng.random() < 0.4:
        drawn[..., int(rng.integers(0, drawn.shape[-1]))] = LOWEST
    return np.asarray(drawn)


def unsigned(rng: np.random.Generator, bits: int, shape: Any) -> Array:
    """Of all lengths."""
    drawn = rng.integers(0, 2**bits, shape, dtype=np.uint64, endpoint=False) if bits < 64 else rng.bytes(8 * shape)
    whole = np.frombuffer(drawn, np.uint64) if isinstance(drawn, bytes) else drawn
    return np.asarray(whole >> rng.integers(0, bits, shape).astype(np.uint64), f"uint{bits}")


def operator(name: str, inputs: Sequence[int], outputs: Sequence[int], options: Mapping[str, Any] | None = None) -> O:
    return O("CUSTOM", inputs, outputs, options, custom=f"Signal{name}")


def alone(name: str, tensors: Sequence[T], outputs: int, options: Mapping[str, Any] | None = None) -> bytes:
    """The last `outputs` tensors are computed, the others given."""
    numbers = range(len(tensors))
    given, computed = numbers[: len(tensors) - outputs], numbers[len(tensors) - outputs :]
    fed = [number for number in given if tensors[number].data is None]
    return model(tensors, [operator(name, given, computed, options)], fed, computed)


def window(weights: Any, count: int, shift: int) -> bytes:
    tensors = [T((1, count), "int16"), T((len(weights),), "int16", data=weights), T((1, count), "int16")]
    return alone("Window", tensors, 1, {"shift": shift})


def auto_scale(count: int) -> bytes:
    return alone("FftAutoScale", [T((count,), "int16"), T((count,), "int16"), T((), "int32")], 2)


def rfft(shape: tuple[int, ...], points: int, real_type: int = 7) -> bytes:
    tensors = [T(shape, "int16"), T((*shape[:-1], points + 2), "int16")]
    return alone("Rfft", tensors, 1, {"T": real_type, "fft_length": points})


def irfft(shape: tuple[int, ...], points: int) -> bytes:
    tensors = [T((*shape, points + 2), "int16"), T((*shape, points), "int16")]
    return alone("Irfft", tensors, 1, {"T": 7, "fft_length": points})


def energy(count: int, start: int, end: int) -> bytes:
    tensors = [T((2 * count,), "int16"), T((count,), "uint32")]
    return alone("Energy", tensors, 1, {"start_index": start, "end_index": end})


def bands(rng: np.random.Generator, channels: int, energies: int) -> dict[str, Array]:
    """Tables of a filter bank, with bands that overlap, touch and are empty."""
    widths = rng.integers(0, energies // channels + 1, channels + 1)
    places = np.concatenate([[0], np.cumsum(widths)[:-1]])
    bins = rng.integers(0, energies - widths + 1)
    weight, unweight = rng.integers(0, 4097, (2, max(int(widths.sum()), 1)))
    return {"weight": weight, "unweight": unweight, "bins": bins, "places": places, "widths": widths}


def filter_bank(tables: Mapping[str, Array], energies: int) -> bytes:
    channels = tables["bins"].size - 1
    constants = [T((table.size,), "int16", data=table) for table in tables.values()]
    tensors = [T((energies,), "uint32"), *constants, T((channels,), "uint64")]
    return alone("FilterBank", tensors, 1, {"num_channels": channels})


def square_root(count: int) -> bytes:
    return alone("FilterBankSquareRoot", [T((count,), "uint64"), T((), "int32"), T((count,), "uint32")], 1)


def subtraction(count: int, **changed: int) -> dict[str, int]:
    """Options of TFLM's front-end, but for some."""
    usual = {
        "alternate_one_minus_smoothing": 15401, "alternate_smoothing": 983, "clamping": 0, "min_signal_remaining": 819,
        "num_channels": count, "one_minus_smoothing": 15975, "smoothing": 409, "smoothing_bits": 10,
        "spectral_subtraction_bits": 14,
    }  # fmt: skip
    return usual | changed


def subtract_noise(count: int, **changed: int) -> bytes:
    tensors = [T((count,), "uint32") for _ in range(3)]
    options: dict[str, Any] = subtraction(count, **changed)
    options["clamping"] = bool(options["clamping"])
    return alone("FilterBankSpectralSubtraction", tensors, 2, options)


def gains(rng: np.random.Generator) -> Array:
    """A table for PCAN, such as no one has."""
    return rng.integers(-(2**15), 2**15, signal.GAINS)


def pcan(table: Array, count: int, shift: int) -> bytes:
    tensors = [T((count,), "uint32"), T((count,), "uint32"), T((table.size,), "int16", data=table)]
    return alone("PCAN", [*tensors, T((count,), "uint32")], 1, {"snr_shift": shift})


def log(count: int, correction: int, scale: int) -> bytes:
    options = {"input_correction_bits": correction, "output_scale": scale}
    return alone("FilterBankLog", [T((count,), "uint32"), T((count,), "int16")], 1, options)


def delay(shape: tuple[int, ...], length: int) -> bytes:
    return alone("Delay", [T(shape, "int16"), T(shape, "int16")], 1, {"delay_length": length})


def overlap_add(shape: tuple[int, ...], step: int) -> bytes:
    """shape: ... x frames x samples."""
    tensors = [T(shape, "int16"), T((*shape[:-2], shape[-2] * step), "int16")]
    return alone("OverlapAdd", tensors, 1, {"T": 7, "frame_step": step})


def stacker(channels: int, left: int, right: int, step: int) -> bytes:
    tensors = [T((channels,), "int16"), T((channels * (left + right + 1),), "int16"), T((), "bool")]
    options = {"num_channels": channels, "stacker_left_context": left, "stacker_right_context": right}
    return alone("Stacker", tensors, 2, options | {"stacker_step": step})


def framer(outer: tuple[int, ...], frames: int, size: int, step: int, prefill: bool) -> bytes:
    tensors = [T((*outer, frames * step), "int16"), T((*outer, frames, size), "int16"), T((), "bool")]
    return alone("Framer", tensors, 2, {"frame_size": size, "frame_step": step, "prefill": prefill})


def streaming() -> bytes:
    """FRAMER, OVERLAP_ADD, DELAY and STACKER behind each other: 2 x 12 samples."""
    tensors = [
        T((2, 12), "int16"),
        T((2, 3, 7), "int16"),
        T((), "bool"),
        T((2, 15), "int16"),
        T((2, 15), "int16"),
        T((1,), "int32", data=np.array([30], np.int32)),
        T((30,), "int16"),
        T((90,), "int16"),
        T((), "bool"),
    ]
    ops = [
        operator("Framer", (0,), (1, 2), {"frame_size": 7, "frame_step": 4, "prefill": True}),
        operator("OverlapAdd", (1,), (3,), {"T": 7, "frame_step": 5}),
        operator("Delay", (3,), (4,), {"delay_length": 20}),
        O("RESHAPE", (4, 5), (6,)),
        operator(
            "Stacker", (6,), (7, 8),
            {"num_channels": 30, "stacker_left_context": 2, "stacker_right_context": 0, "stacker_step": 1},
        ),
    ]  # fmt: skip
    return model(tensors, ops, (0,), (7, 8, 2, 3))


def front_end(seed: int = 12) -> bytes:
    """From 48 samples to 6 features in int8, by an FFT of 64 points."""
    rng, channels, samples, points = np.random.default_rng(seed), 6, 48, 64
    tables = bands(rng, channels, points // 2 + 1)
    weights = np.round(4096 * (0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(samples) + 0.5) / samples)))

    def per_channel(dtype: str) -> T:
        return T((channels,), dtype)

    tensors = [
        T((samples,), "int16"),
        T((samples,), "int16", data=weights),
        T((samples,), "int16"),
        T((samples,), "int16"),
        T((), "int32"),
        T((points + 2,), "int16"),
        T((points // 2 + 1,), "uint32"),
        *(T((table.size,), "int16", data=table) for table in tables.values()),
        per_channel("uint64"),
        per_channel("uint32"),
        per_channel("uint32"),
        per_channel("uint32"),
        T((signal.GAINS,), "int16", data=np.abs(gains(rng)) // 64),
        per_channel("uint32"),
        per_channel("int16"),
        per_channel("int32"),
        T((), "int32", data=np.array(3, np.int32)),
        per_channel("int32"),
        per_channel("int8"),
    ]
    ops = [
        operator("Window", (0, 1), (2,), {"shift": 12}),
        operator("FftAutoScale", (2,), (3, 4)),
        operator("Rfft", (3,), (5,), {"T": 7, "fft_length": points}),
        operator("Energy", (5,), (6,), {"start_index": 0, "end_index": points // 2 + 1}),
        operator("FilterBank", (6, 7, 8, 9, 10, 11), (12,), {"num_channels": channels}),
        operator("FilterBankSquareRoot", (12, 4), (13,)),
        operator("FilterBankSpectralSubtraction", (13,), (14, 15), subtraction(channels)),
        operator("PCAN", (14, 15, 16), (17,), {"snr_shift": 6}),
        operator("FilterBankLog", (17,), (18,), {"input_correction_bits": 3, "output_scale": 64}),
        O("CAST", (18,), (19,)),
        O("DIV", (19, 20), (21,), {}, "DivOptions"),
        O("CAST", (21,), (22,)),
    ]
    return model(tensors, ops, (0,), (22, 15))
