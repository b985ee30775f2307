"""The table of operators: as its page has it, and true of all models of the tests."""

from pathlib import Path

import numpy as np
import pytest

from gen.compiler import catalog
from gen.compiler.kernels.select import FALLBACK
from gen.model import tflite
from gen.model.ops import KERNELS, OPS
from tests import graph_int16, graphs
from tests.tflm_models import MODELS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "operators.md"


def test_the_page_is_as_committed() -> None:
    """If the change is meant: python -m gen ops --markdown docs/operators.md."""
    assert PAGE.read_text("utf-8") == catalog.markdown("python -m gen ops --markdown docs/operators.md")


def test_machines_are_those_that_kernels_are_chosen_for() -> None:
    assert set(catalog.MACHINES) == set(FALLBACK) - {"portable"}


def contents() -> list[bytes]:
    drawn = [graphs.network(seed) for seed in range(20)]
    of_int16 = [graph_int16.network(np.random.default_rng(seed)) for seed in range(20)]
    return [*(make() for make in MODELS.values()), *drawn, *of_int16]


def test_no_model_of_the_tests_has_a_type_that_is_not_told() -> None:
    told = {name: set(op.types(KERNELS)) for name, op in OPS.items()}
    found = set()
    for content in contents():
        graph = tflite.read(content, "m")
        for op in graph.ops:
            types = {graph.tensors[i].dtype for i in (*op.inputs, *op.outputs) if i >= 0}
            assert op.role is not None or told[op.kind] & types, f"{op} of {types}"
            found.add(op.kind)
    assert len(found) > 60


@pytest.mark.parametrize(
    ("operator", "machine", "types"),
    [("ADD", "xtensa", ("int8",)), ("CONV_2D", "mve", ("int8", "int16")), ("DIV", "dsp", ())],
)
def test_kernels_by_machine(operator: str, machine: str, types: tuple[str, ...]) -> None:
    (entry,) = [entry for entry in catalog.entries() if entry.operator == operator]
    assert entry.kernels[machine] == types
