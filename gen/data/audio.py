"""WAV files as examples: log-mel spectrograms of windows of fixed length, a series with a channel for each mel band.

All that a device needs to compute the same is in AudioFeatures and so in the card: of each frame the Hann window, the
power spectrum of a real FFT, triangles on the mel scale, and the logarithm."""

import io
import struct
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import gcd
from typing import Any

import numpy as np

from gen.data.files import Unusable, Windows
from gen.errors import INSTALL_TRAIN, MissingTool, UsageError
from gen.model.graph import Array

SUFFIXES = (".wav",)
HIGHEST_RATE = 16_000  # Hz; what speech and most machines need
MIN_RATE_HZ, MAX_RATE_HZ = 100, 400_000  # Hz
FRAME_SECONDS, STRIDE_SECONDS = 0.03, 0.02
MAX_BANDS = 32
LOWEST_HZ = 20.0
FLOOR = 1e-6  # added to a band's energy before the logarithm
MIN_FRAMES = 8


@dataclass(frozen=True)
class AudioFeatures:
    """Samples are -1 to 1, mono (the mean of the channels). Energy of band b: sum over k of |FFT_k|^2 / frame_samples *
    triangle_b(k * rate / frame_samples), the triangles' corners being bands + 2 points that are equally far apart from
    low_hz to high_hz on the scale mel(f) = 2595 log10(1 + f / 700), their height 1. Value: ln(energy + floor)."""

    rate: int  # Hz
    window_samples: int  # of one example
    hop_samples: int  # from the start of one window to that of the next
    frame_samples: int  # a power of two, the FFT's size; its Hann window is 0.5 - 0.5 cos(2 pi n / frame_samples)
    stride_samples: int  # from the start of one frame to that of the next
    bands: int  # mel bands of a frame
    low_hz: float  # where the lowest band begins
    high_hz: float  # where the highest band ends
    floor: float  # added to an energy before its logarithm

    @property
    def frames(self) -> int:
        return 1 + (self.window_samples - self.frame_samples) // self.stride_samples

    @property
    def shape(self) -> tuple[int, int, int]:
        return 1, self.frames, self.bands

    def read(self, content: bytes) -> Windows:
        """One window at least. Raises Unusable, MissingTool."""
        rate, samples = decode(content)
        note = []
        if rate != self.rate:
            samples = resample(samples, rate, self.rate)
            note.append(f"resampled from {rate} Hz to {self.rate} Hz")
        if len(samples) < self.window_samples:
            samples = np.pad(samples, (0, self.window_samples - len(samples)))
            note.append("shorter than the window, padded with silence")
        starts = range(0, len(samples) - self.window_samples + 1, self.hop_samples)
        x = np.stack([self.spectrogram(samples[start : start + self.window_samples]) for start in starts])
        return Windows(x[:, None], note="; ".join(note))

    def spectrogram(self, samples: Array) -> Array:
        """window_samples -> frames x bands, float32."""
        at = np.arange(self.frames)[:, None] * self.stride_samples + np.arange(self.frame_samples)
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.frame_samples) / self.frame_samples)
        power = np.abs(np.fft.rfft(samples[at] * hann)) ** 2 / self.frame_samples
        filters = mel_filters(self.rate, self.frame_samples, self.bands, self.low_hz, self.high_hz)
        logarithms: Array = np.log(power @ filters + self.floor).astype(np.float32)
        return logarithms


@cache
def mel_filters(rate: int, frame_samples: int, bands: int, low_hz: float, high_hz: float) -> Array:
    """frame_samples / 2 + 1 FFT bins x bands, see AudioFeatures."""
    low, high = 2595 * np.log10(1 + np.array([low_hz, high_hz]) / 700)
    corners = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    hz = np.arange(frame_samples // 2 + 1)[:, None] * rate / frame_samples
    left, top, right = corners[:-2], corners[1:-1], corners[2:]
    triangles: Array = np.maximum(0.0, np.minimum((hz - left) / (top - left), (right - hz) / (right - top)))
    return triangles


def survey(contents: Iterable[bytes], window_seconds: float, hop_seconds: float) -> AudioFeatures:
    """For the files' most common rate, at most HIGHEST_RATE. Raises UsageError for a window or hop that is too
    short."""
    known = range(MIN_RATE_HZ, MAX_RATE_HZ + 1)
    rates = Counter(rate for rate in map(sample_rate, contents) if rate is not None and rate in known)
    rate = min(HIGHEST_RATE, max(rates, key=lambda r: (rates[r], r))) if rates else HIGHEST_RATE
    frame = 1 << (max(16, round(FRAME_SECONDS * rate)) - 1).bit_length()
    stride = max(1, round(STRIDE_SECONDS * rate))
    window, hop = round(window_seconds * rate), max(1, round(hop_seconds * rate))
    fewest = frame + (MIN_FRAMES - 1) * stride
    if window < fewest:
        raise UsageError(
            f"--window {window_seconds:g} is too short: at {rate} Hz at least {fewest / rate:.2f} s are needed."
        )
    if hop < stride:
        raise UsageError(f"--hop {hop_seconds:g} is too short: a spectrogram has a value each {stride / rate:.2f} s.")
    low, high = min(LOWEST_HZ, rate / 100), rate / 2
    bands = MAX_BANDS
    while bands > 1 and not mel_filters(rate, frame, bands, low, high).any(axis=0).all():
        bands -= 1  # a triangle narrower than the FFT's bins may miss them all
    return AudioFeatures(rate, window, hop, frame, stride, bands, low, high, FLOOR)


def sample_rate(content: bytes) -> int | None:
    """What the fmt chunk says; None where there is none."""
    at = 12
    while content[:4] == b"RIFF" and at + 16 <= len(content):
        if content[at : at + 4] == b"fmt ":
            rate: int = struct.unpack_from("<I", content, at + 12)[0]
            return rate
        at += 8 + struct.unpack_from("<I", content, at + 4)[0]
        at += at % 2
    return None


def decode(content: bytes) -> tuple[int, Array]:
    """Sample rate in Hz and the samples, float64, -1 to 1, mono. Raises Unusable, MissingTool."""
    wavfile, _ = _scipy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="Reached EOF prematurely")
        try:
            rate, samples = wavfile.read(io.BytesIO(content))
        except wavfile.WavFileWarning:
            raise Unusable("is shorter than its header says: it is truncated") from None
        except (ValueError, struct.error, OSError, EOFError, ZeroDivisionError, TypeError, UnboundLocalError) as error:
            raise Unusable(f"is not a WAV file that SciPy reads ({str(error).splitlines()[0]})") from None
    if not samples.size:
        raise Unusable("has no samples")
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        raise Unusable(f"has a sample rate of {rate} Hz; supported are {MIN_RATE_HZ} to {MAX_RATE_HZ}")
    values = samples.astype(np.float64)
    if samples.dtype == np.uint8:
        values = (values - 128) / 128
    elif samples.dtype.kind == "i":
        values /= 2.0 ** (8 * samples.dtype.itemsize - 1)
    if not np.isfinite(values).all():
        raise Unusable("has samples that are infinite or not a number")
    return rate, values if values.ndim == 1 else values.mean(axis=1)


def resample(samples: Array, old: int, new: int) -> Array:
    """From old to new Hz with SciPy's polyphase filter."""
    _, signal = _scipy()
    divisor = gcd(old, new)
    resampled: Array = signal.resample_poly(samples, new // divisor, old // divisor)
    return resampled


def _scipy() -> tuple[Any, Any]:
    """The modules scipy.io.wavfile and scipy.signal."""
    try:
        from scipy import signal
        from scipy.io import wavfile
    except ImportError:
        raise MissingTool(f"reading sound needs the Python package scipy: run `{INSTALL_TRAIN}`.") from None
    return wavfile, signal
