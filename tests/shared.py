"""The published MLPerf Tiny models, which lie beside the checkout on the project's own machines only."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "models"
NAMES = ("ad01_int8", "kws_ref_model", "pretrainedResnet_quant", "vww_96_int8")

needed = pytest.mark.skipif(not FOLDER.is_dir(), reason="the published MLPerf Tiny models are not in ../shared/models")


def path(name: str) -> Path:
    return FOLDER / f"{name}.tflite"
