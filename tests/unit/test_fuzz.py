"""Damaged models: whatever they are, reading, checking and generating end in a model or in one clear error."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import fuzz, shared
from tests.effort import cases

ROOT = Path(__file__).resolve().parents[2]
PARTS = 2  # processes, for pytest-xdist
COUNT = cases(200, 3000)  # more by hand: python -m tests.fuzz FIRST COUNT COMPARED
COMPARED = 10  # of the models that are accepted, each tenth is compared with tflite-micro


def outcomes(first: int, count: int) -> dict[str, int]:
    """How often each outcome was that of a case. A fault fails the test."""
    command = [sys.executable, "-m", "tests.fuzz", *map(str, (first, count, COMPARED))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    *faults, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert not faults, faults
    found: dict[str, int] = last["outcomes"]
    assert sum(n for outcome, n in found.items() if not outcome.startswith("compared")) == count
    return found


@pytest.mark.parametrize("part", range(PARTS))
def test_damage_is_told(part: int) -> None:
    count = COUNT // PARTS
    found = outcomes(part * count, count)
    # The damage reaches all there is behind the reader, and is not always harmless.
    assert found["accepted"] > count // 10 and found["NotTflite"] > count // 10
    assert found["compared: same"] > count // 10 // COMPARED // 2
    assert {"UnsupportedOp", "ModelError", "NotQuantized"} <= set(found)


@shared.needed
def test_damage_of_published_models_is_told() -> None:
    count = cases(30, 300)
    assert outcomes(fuzz.PUBLISHED, count)["NotTflite"] > count // 10
