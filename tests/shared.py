"""Published models, MLPerf Tiny's among them, and recorded words, which lie beside the checkout on the project's own
machines only."""

import wave
from pathlib import Path

import numpy as np
import pytest

from gen.model.graph import Array

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "models"
NAMES = ("ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "vww_96_int8")

needed = pytest.mark.skipif(not FOLDER.is_dir(), reason="the published MLPerf Tiny models are not in ../shared/models")


SOUNDS = FOLDER.parent / "sounds"
needs_sounds = pytest.mark.skipif(
    not SOUNDS.is_dir() or not (FOLDER / "public").is_dir(), reason="recorded words or models are not in ../shared"
)


def path(name: str) -> Path:
    return FOLDER / f"{name}.tflite"


def public(name: str) -> Path:
    return FOLDER / "public" / f"{name}.tflite"


def sound(name: str) -> Array:
    """A second of int16, 16 kHz."""
    with wave.open(str(SOUNDS / f"{name}_1000ms.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


def frames(x: Array, step: int, size: int = 480) -> list[list[Array]]:
    """What micro_speech's preprocessor takes, one inference after the other."""
    return [[x[start : start + size][None]] for start in range(0, len(x) - size + 1, step)]
