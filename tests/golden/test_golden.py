"""Generated files are byte-equal to the ones in this folder, and when made twice."""

import pytest

from tests.golden.refresh import CASES, folder, generated


@pytest.mark.parametrize(("model", "engine"), CASES)
def test_generated_files_are_as_committed(model: str, engine: str) -> None:
    committed = {path.name: path.read_text() for path in folder(model, engine).iterdir()}
    assert dict(generated(model, engine)) == committed, "if the change is meant: python -m tests.golden.refresh"


@pytest.mark.parametrize(("model", "engine"), CASES)
def test_generation_is_deterministic(model: str, engine: str) -> None:
    assert generated(model, engine) == generated(model, engine)
