"""The arithmetic of TFLM's signal library in NumPy, exact to the bit: the stages of an audio front-end on integers.

Source: the definitions in tflite-micro's signal/src and kissfft's fixed-point FFT (Borgerding, kissfft 1.3), tried
against the package tflite-micro by the tests. The C is firmware/kernels/portable/signal_*.c. Tables are made here, in
float64, and never on a device."""

from collections.abc import Mapping
from math import isqrt
from typing import Any

import numpy as np

from gen.model.graph import Array

HALF = 1 << 14  # of a fraction of 15 bits, for rounding
ONE = 32767  # kissfft's 1
LOG_SEGMENTS = 128
LN_2 = 45426  # times 2^16
SNR_BITS, PCAN_BITS = 12, 6  # after the binary point of PCAN's ratio and of its output
GAINS = 4 * 32 - 3  # entries of PCAN's table, so that any estimate of noise has its own


def window(x: Array, weights: Array, shift: int) -> Array:
    """int16 x: any multiple of the weights' number."""
    product = x.astype(np.int32).reshape(-1, weights.size) * weights.astype(np.int32)
    clipped: Array = np.clip(product >> shift, -(2**15), 2**15 - 1).astype(np.int16).reshape(x.shape)
    return clipped


def auto_scale(x: Array) -> tuple[Array, Array]:
    """(int16 x shifted to the left as far as it goes, by how much: int32). -32768 has no absolute value: it makes the
    search for the largest one start again."""
    lowest = np.flatnonzero(x == -(2**15))
    if lowest.size:
        most = -(2**15)
        for value in x[lowest[-1] + 1 :].tolist():
            most = value if value > most else max(most, -value)
    else:
        most = int(np.abs(x.astype(np.int32)).max())
    shift = 15 - most.bit_length() if most > 0 else 0
    return (x.astype(np.int32) << shift).astype(np.int16), np.array(shift, np.int32)


def twiddles(points: int, sign: int = -1) -> Array:
    """int16, pairs of cos and sin of -2 pi k / points, k below 3/4 of the points: what passes of a complex FFT take.
    sign: 1 for its inverse."""
    return _turns(sign * 2 * np.pi * np.arange(max(3 * points // 4, 1)) / points)


def post_twiddles(points: int, sign: int = -1) -> Array:
    """Likewise of what makes a real FFT of twice as many points from a complex one, or the other way round."""
    return _turns(sign * np.pi * ((np.arange(points // 2) + 1) / points + 0.5))


def _turns(angles: Array) -> Array:
    return np.floor(0.5 + ONE * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.int16)


def reversed_digits(points: int) -> Array:
    """Which input comes to each place before the first pass: base 4 digits, one of base 2 where those don't do."""
    if points == 1:
        return np.zeros(1, np.int32)
    radix = 4 if points % 4 == 0 else 2
    order: Array = (np.arange(radix)[:, None] + radix * reversed_digits(points // radix)).reshape(-1)
    return order


def _rounded(product: Array) -> Array:
    return ((product + HALF) >> 15).astype(np.int16).astype(np.int64)


def _times(re: Array, im: Array, turn: Array) -> tuple[Array, Array]:
    c, s = turn[..., 0].astype(np.int64), turn[..., 1].astype(np.int64)
    return _rounded(re * c - im * s), _rounded(re * s + im * c)


def _wrapped(values: Array) -> Array:
    return values.astype(np.int16).astype(np.int64)


def _pass_of_two(re: Array, im: Array) -> tuple[Array, Array]:
    """The first pass where the points are no power of 4: neighbors, halved."""
    pairs = [_rounded(part * (ONE // 2)).reshape(len(part), -1, 2) for part in (re, im)]
    re, im = (np.stack([pair[..., 0] + pair[..., 1], pair[..., 0] - pair[..., 1]], axis=-1) for pair in pairs)
    return _wrapped(re).reshape(len(re), -1), _wrapped(im).reshape(len(im), -1)


def _pass_of_four(re: Array, im: Array, turns: Array, m: int, inverse: bool) -> tuple[Array, Array]:
    """Groups of 4 m points, quartered."""
    batches, points = re.shape
    parts = [_rounded(part * (ONE // 4)).reshape(batches, -1, 4, m) for part in (re, im)]
    step = np.arange(m) * (points // (4 * m))
    f = [(parts[0][:, :, 0], parts[1][:, :, 0])]
    f += [_times(parts[0][:, :, k], parts[1][:, :, k], turns[k * step]) for k in (1, 2, 3)]
    (f0r, f0i), (f1r, f1i), (f2r, f2i), (f3r, f3i) = f
    dr, di, er, ei = f0r - f2r, f0i - f2i, f0r + f2r, f0i + f2i
    pr, pi, qr, qi = f1r + f3r, f1i + f3i, f1r - f3r, f1i - f3i
    qr, qi = (-qr, -qi) if inverse else (qr, qi)
    re = np.stack([er + pr, dr + qi, er - pr, dr - qi], axis=2)
    im = np.stack([ei + pi, di - qr, ei - pi, di + qr], axis=2)
    return _wrapped(re).reshape(batches, points), _wrapped(im).reshape(batches, points)


def fft(re: Array, im: Array, turns: Array, inverse: bool = False) -> tuple[Array, Array]:
    """int64 holding int16, batches x a power of 2 points; divided by the points."""
    points = re.shape[1]
    order = reversed_digits(points)
    re, im, m = re[:, order], im[:, order], 1
    if points.bit_length() % 2 == 0:
        re, im, m = *_pass_of_two(re, im), 2
    while m < points:
        re, im, m = *_pass_of_four(re, im, turns, m, inverse), 4 * m
    return re, im


def rfft(x: Array, points: int, turns: Array, post: Array) -> Array:
    """int16 x: batches x at most as many values as points, a power of 2 from 4 on -> int16, batches x (points + 2):
    points / 2 + 1 complex numbers."""
    half = points // 2
    padded = np.zeros((len(x), points), np.int64)
    padded[:, : x.shape[1]] = x
    re, im = fft(padded[:, ::2], padded[:, 1::2], turns)
    y = np.zeros((len(x), half + 1, 2), np.int64)
    re, im, negative = (_rounded(part * (ONE // 2)) for part in (re, im, _wrapped(-im)))
    y[:, 0, 0], y[:, half, 0] = re[:, 0] + im[:, 0], re[:, 0] - im[:, 0]
    k = np.arange(1, half // 2 + 1)
    fr, fi = re[:, k] + re[:, half - k], im[:, k] + negative[:, half - k]
    tr, ti = _times(_wrapped(re[:, k] - re[:, half - k]), _wrapped(im[:, k] - negative[:, half - k]), post[k - 1])
    y[:, k, 0], y[:, k, 1] = (fr + tr) >> 1, (fi + ti) >> 1
    y[:, half - k, 0], y[:, half - k, 1] = (fr - tr) >> 1, (ti - fi) >> 1
    return y.astype(np.int16).reshape(len(x), -1)


def irfft(x: Array, points: int, turns: Array, post: Array) -> Array:
    """The other way round: int16, batches x (points + 2) -> batches x points; tables of sign 1."""
    half = points // 2
    z = x.reshape(len(x), half + 1, 2).astype(np.int64)
    re, im = np.zeros((2, len(x), half), np.int64)
    re[:, 0], im[:, 0] = (_rounded(_wrapped(z[:, 0, 0] + s * z[:, half, 0]) * (ONE // 2)) for s in (1, -1))
    k = np.arange(1, half // 2 + 1)
    ar, ai, br, bi = (
        _rounded(part * (ONE // 2))
        for part in (z[:, k, 0], z[:, k, 1], z[:, half - k, 0], _wrapped(-z[:, half - k, 1]))
    )
    tr, ti = _times(_wrapped(ar - br), _wrapped(ai - bi), post[k - 1])
    re[:, k], im[:, k] = ar + br + tr, ai + bi + ti
    re[:, half - k], im[:, half - k] = ar + br - tr, ti - ai - bi
    y = np.stack(fft(_wrapped(re), _wrapped(im), turns, inverse=True), axis=2)
    return y.astype(np.int16).reshape(len(x), points)


def energy(x: Array, start: int, end: int) -> Array:
    """int16, pairs -> uint32: squares of the complex numbers from start to end, 0 for the others (TFLM leaves those as
    they are)."""
    pairs = x.reshape(-1, 2).astype(np.int64)
    y = np.zeros(len(pairs), np.uint32)
    y[start:end] = (pairs[start:end] ** 2).sum(axis=1).astype(np.uint32)
    return y


def filter_bank(x: Array, p: Mapping[str, Any]) -> Array:
    """uint32 energies -> uint64, one less than there are bands: the energies of a channel's own band by weight and
    those of the band before by unweight. p: for each band its first energy, its first weight and how many of both:
    bins, places, widths; int16 weight and unweight, none below 0."""
    bands = zip(p["bins"].tolist(), p["places"].tolist(), p["widths"].tolist(), strict=True)
    sums = np.zeros((2, p["bins"].size), np.uint64)
    for band, (first, at, width) in enumerate(bands):
        energies = x[first : first + width].astype(np.uint64)
        for side, weights in enumerate((p["weight"], p["unweight"])):
            sums[side, band] = (energies * weights[at : at + width].astype(np.uint64)).sum(dtype=np.uint64)
    channels: Array = sums[0, 1:] + sums[1, :-1]
    return channels


def square_root(x: Array, shift: int) -> Array:
    """uint64 -> uint32: to the nearest, then to the right; where a value has no more than 32 bits its root has 16."""

    def root(value: int) -> int:
        found = isqrt(value)
        return found + (value - found * found > found and found not in (0xFFFF if value < 2**32 else 0xFFFFFFFF,))

    return np.array([root(value) >> (shift & 31) for value in x.tolist()], np.uint32)


def subtract_noise(x: Array, noise: Array, p: Mapping[str, Any]) -> tuple[Array, Array]:
    """(uint32 signal less the estimate of noise, at least a share of it; the estimate after it). p: smoothing and
    one_minus of even channels, alternate_... of odd ones, least, smoothing_bits, bits, clamping."""
    even = np.arange(x.size) % 2 == 0
    smoothing = np.where(even, p["smoothing"], p["alternate_smoothing"]).astype(np.uint64)
    rest = np.where(even, p["one_minus"], p["alternate_one_minus"]).astype(np.uint64)
    up = (x << np.uint32(p["smoothing_bits"])).astype(np.uint32)
    bits = np.uint64(p["bits"])
    noise = ((up.astype(np.uint64) * smoothing + noise.astype(np.uint64) * rest) >> bits).astype(np.uint32)
    estimate = np.minimum(noise, up)
    least = ((x.astype(np.uint64) * np.uint64(p["least"])) >> bits).astype(np.uint32)
    signal = np.maximum((up - estimate) >> np.uint32(p["smoothing_bits"]), least)
    return signal, estimate if p["clamping"] else noise


def _gain(noise: int, gains: Array) -> int:
    """The table's function of noise: a parabola between powers of 2; int16."""
    if noise <= 2:
        return int(gains[noise])
    bits = noise.bit_length()
    y0, a1, a2 = (int(gains[4 * bits - 6 + k]) for k in range(3))
    fraction = (noise << 11 >> bits) & 0x3FF
    parabola = (((a2 * fraction >> 5) + 32 * a1) * fraction + HALF + 2**31) % 2**32 - 2**31
    return ((parabola >> 15) + y0 + 2**15) % 2**16 - 2**15


def pcan(x: Array, noise: Array, gains: Array, shift: int) -> Array:
    """Per-channel automatic gain control (Wang et al., "Trainable Frontend For Robust and Far-Field Keyword Spotting",
    2017), uint32: x over a power of its noise, small values squared."""
    y = []
    for value, estimate in zip(x.tolist(), noise.tolist(), strict=True):
        ratio = (value * (_gain(estimate, gains) % 2**32) >> shift) % 2**32
        small = ratio * ratio % 2**32 >> (2 + 2 * SNR_BITS - PCAN_BITS)
        y.append(small if ratio < 2 << SNR_BITS else (ratio >> (SNR_BITS - PCAN_BITS)) - (1 << PCAN_BITS))
    return np.array(y, np.uint32)


def log_fractions() -> Array:
    """uint16: 2^16 (log2(1 + i / 128) - i / 128), i = 0..128."""
    i = np.arange(LOG_SEGMENTS + 1) / LOG_SEGMENTS
    return np.round(65536 * (np.log2(1 + i) - i)).astype(np.uint16)


def log(x: Array, fractions: Array, correction: int, scale: int) -> Array:
    """uint32 -> int16: the natural logarithm of x << correction, times scale; saturates."""
    value = (x << np.uint32(correction)).astype(np.uint32).astype(np.int64)
    bits = np.array([v.bit_length() - 1 for v in np.maximum(value, 1).tolist()])
    fraction = ((np.maximum(value, 1) - (1 << bits)) << 16) >> bits
    at = fraction >> 9
    low, high = fractions[at].astype(np.int64), fractions[at + 1].astype(np.int64)
    log2 = (bits << 16) + fraction + low + (((high - low) * (fraction & 511)) >> 16)
    natural = (LN_2 * log2 + 2**15) >> 16
    scaled = ((natural * scale + 2**15) % 2**32) >> 16
    result: Array = np.where(value <= 1, 0, np.minimum(scaled, 2**15 - 1)).astype(np.int16)
    return result
