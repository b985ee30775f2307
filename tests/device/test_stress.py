"""Every emulated board behind a bad line: one fault in a hundred bytes, a pulled cable, noise."""

import json
from pathlib import Path

import numpy as np
import pytest

from gen.cli.main import main
from gen.device import board as boards
from gen.verify import stress
from tests import tiny

EMULATED = [board.id for board in boards.load_all() if board.transport.startswith("exec:")]
NOISE = 40_000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough for writes and reads of several frames."""
    path = tmp_path_factory.mktemp("model") / "small.tflite"
    weights = np.random.default_rng(1).integers(-99, 100, (300, 300))
    tensors = [tiny.T((1, 300), scale=0.1), tiny.T((300, 300), scale=0.01, data=weights), tiny.T((1, 300), scale=0.5)]
    op = tiny.O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")
    path.write_bytes(tiny.model(tensors, [op], [0], [2]))
    return path


@pytest.mark.parametrize("board", EMULATED)
def test_stress(board: str, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vectors = 2
    if board == "stm32vldiscovery":
        model, vectors = Path("digits"), 10  # the other one is larger than its flash; small inputs, so more of them
    words = ["stress", str(model), "--board", board, "--vectors", str(vectors), "--noise", str(NOISE), "--json"]
    assert main(words) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["verdict"] == "exact"
    assert row["unplug_seconds"] < stress.UNPLUG_DEADLINE_S
    assert "gone" in row["unplugged"]
    assert row["noise_bytes"] == NOISE
    assert 0.005 < sum(row["faults"].values()) / row["bytes_passed"] < 0.02
    assert row["resends"] > 0
