"""What is true of a kernel or an operator stands on it: nobody else tells one by its name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from gen.model.ops import KERNELS, OPS
from gen.paths import ROOT

NAMES = {*KERNELS, *OPS}
ABOUT = {"kind", "kernel", "name"}  # what holds the name of an operator or kernel
OWN = ROOT / "gen" / "model" / "ops"
FILES = sorted(path for path in (ROOT / "gen").rglob("*.py") if not path.is_relative_to(OWN))


def strings(node: ast.AST) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def told_by_name(source: str) -> Iterator[int]:
    """Lines that compare an operator's or kernel's name with strings, or list several of them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            holders = [getattr(side, "attr", getattr(side, "id", None)) for side in sides]
            if ABOUT & {*holders} and any(strings(side) & NAMES for side in sides):
                yield node.lineno
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
            members = node.keys if isinstance(node, ast.Dict) else node.elts
            texts = [m.value for m in members if isinstance(m, ast.Constant) and isinstance(m.value, str)]
            if len(texts) == len(members) > 1 and set(texts) <= NAMES:
                yield node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_is_compared(path: Path) -> None:
    assert not list(told_by_name(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "source",
    ['x = call.kernel == "add"', 'x = "add" != op.kind', 'A = ("conv_2d", "add")', 'A = {"pad": 1, "mean": 2}',
     'if op.kind not in ("relu", "relu6"): pass'],
)  # fmt: skip
def test_of_the_test(source: str) -> None:
    assert set(told_by_name(source)) == {1}
