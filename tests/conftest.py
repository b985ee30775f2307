"""The order in which several processes run tests."""

import os
from collections.abc import Sequence

import pytest

# With a test or a fixture of 15 seconds or more: at the end others would wait for it.
LONG = (
    "unit/compress/test_run.py",
    "unit/search/test_study.py",
    "unit/learn/test_train.py",
    "unit/learn/test_folder_task.py",
    "unit/test_fuzz.py",
    "unit/test_networks.py",
    "bugs/test_training_words.py",
    "bugs/test_upstream_tree.py",
    "bugs/test_import_stale.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """pytest-xdist's worksteal gives each process a part of the list as it is, and whoever has ended takes the end of
    another's: long files, whole because of their fixtures, go to the beginnings of the parts."""
    items[:] = ordered(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def ordered(items: Sequence[pytest.Item], parts: int) -> list[pytest.Item]:
    """The items in so many parts of equal length, but for the last, each beginning with its share of the long files."""
    files = {name: [item for item in items if item.path.as_posix().endswith(f"/tests/{name}")] for name in LONG}
    long = [[item for name in LONG[part::parts] for item in files[name]] for part in range(parts)]
    taken = {id(item) for part in long for item in part}
    rest, found = [item for item in items if id(item) not in taken], list[pytest.Item]()
    for part, head in enumerate(long):
        count = max(0, len(items) // parts - len(head)) if part < parts - 1 else len(rest)
        found += [*head, *rest[:count]]
        rest = rest[count:]
    return found
