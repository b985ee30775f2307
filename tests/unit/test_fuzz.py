"""Damaged models: whatever they are, reading, checking and generating end in a model or in one clear error."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.effort import cases

ROOT = Path(__file__).resolve().parents[2]
PARTS = 2  # processes, for pytest-xdist
COUNT = cases(200, 3000)  # more by hand: python -m tests.fuzz FIRST COUNT COMPARED
COMPARED = 10  # of the models that are accepted, each tenth is compared with tflite-micro


@pytest.mark.parametrize("part", range(PARTS))
def test_damage_is_told(part: int) -> None:
    count = COUNT // PARTS
    command = [sys.executable, "-m", "tests.fuzz", *map(str, (part * count, count, COMPARED))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    *faults, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert not faults, faults
    outcomes = last["outcomes"]
    assert sum(n for outcome, n in outcomes.items() if not outcome.startswith("compared")) == count
    # The damage reaches all there is behind the reader, and is not always harmless.
    assert outcomes["accepted"] > count // 10 and outcomes["NotTflite"] > count // 10
    assert outcomes["compared: same"] > count // 10 // COMPARED // 2
    assert {"UnsupportedOp", "ModelError", "NotQuantized"} <= set(outcomes)
