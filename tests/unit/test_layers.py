"""Nothing imports upward, and nothing in a circle; imports within functions count too. No test imports another."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from gen.paths import ROOT

# From the bottom: a package may import those in lines above its own, and itself.
LAYERS = (
    ("errors", "paths", "files", "progress", "tables", "render", "child"),
    ("model",),
    ("data", "compiler"),
    ("learn", "device"),
    ("importer",),
    ("export", "verify"),
    ("bench",),
    ("compress",),
    ("search",),
    ("cli",),
    ("__main__",),
)
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names}
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
           for path in (ROOT / "gen").rglob("*.py")}  # fmt: skip
MOST = 16  # modules in a package


def statements(path: Path) -> Iterator[tuple[str, str]]:
    """(module, name in it or "") of everything that a file imports, wherever it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def imports(module: str) -> set[str]:
    """The modules of ours that a module imports."""
    pairs = list(statements(MODULES[module]))
    found = {f"{parent}.{name}" if f"{parent}.{name}" in MODULES else parent for parent, name in pairs}
    return {name for name in found if name.split(".")[0] == "gen"}


def package(module: str) -> str:
    return module.split(".")[1] if "." in module else "__main__"


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"gen"}))
def test_nothing_imports_upward(module: str) -> None:
    own = package(module)
    for other in imports(module) - {"gen"}:
        assert package(other) == own or LEVELS[package(other)] < LEVELS[own] or LEVELS[own] == 0, other


def test_nothing_imports_in_a_circle() -> None:
    left = {module: imports(module) - {"gen"} for module in MODULES}
    while free := [module for module, others in left.items() if not others & left.keys() - {module}]:
        for module in free:
            del left[module]
    assert not left


def test_a_package_stays_one_that_a_person_can_look_over() -> None:
    counts: dict[Path, int] = {}
    for path in MODULES.values():
        if path.name != "__init__.py":
            counts[path.parent] = counts.get(path.parent, 0) + 1
    operators = ROOT / "gen" / "model" / "ops"
    assert {str(folder): count for folder, count in counts.items() if count > MOST and folder != operators} == {}


def test_folders_of_tests_are_named_as_packages() -> None:
    """firmware and models are what the folders of this name hold."""
    packages = {name for names in LAYERS[1:-1] for name in names} | {"firmware", "models"}
    assert {path.parent.name for path in (ROOT / "tests" / "unit").glob("*/__init__.py")} <= packages


def test_no_test_module_imports_another() -> None:
    """What several need lies in a module that is no test."""
    for path in (ROOT / "tests").rglob("*.py"):
        words = [word for parent, name in statements(path) for word in (*parent.split("."), name)]
        assert not any(word.startswith("test_") for word in words), path
