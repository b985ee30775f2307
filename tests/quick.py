"""`make quick`: the tests of what changed, nearest first, and a smoke of the rest, within a time that is kept.

Changed is what differs from where this branch left main, the working tree included. A test file is as far from it as
its imports are (imports within functions count); files that are no Python are near the modules that name them, and near
what NEAR says. Each test file runs in a process of its own; what there was no time for is named.

pytest-testmon is of no use here: it sees what Python ran in the test's own process, and most of our tests run
compilers, emulators and `python -m gen` in others."""

import argparse
import ast
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECONDS = ROOT / ".pytest_cache" / "quick.json"  # how long each took when it last ran here
# Always run, before all else.
SMOKE = (
    "test_layers.py",
    "test_facts.py",
    "test_lock.py",
    "test_golden.py",
    "test_tflite.py",
    "test_passes.py",
    "test_session.py",
    "test_models.py::test_digits_on_every_board[qemu_mps2_an386]",
)
# Names of test files that try what begins so; of kernels see of_kernel().
NEAR = {
    "firmware/tflm/": ("test_tflm.py", "test_tflm_tree.py"),
    "firmware/link": ("test_link.py", "test_session*.py"),
    "firmware/mlperf": ("test_mlperf*.py",),
    "firmware/port": ("test_clocks.py", "test_freestanding.py", "test_start.py", "test_bare.py"),
    "firmware/pio/": ("test_build.py", "test_paths.py", "test_arduino.py"),
    "firmware/": ("test_models.py",),
    "boards/": ("test_board.py", "test_clocks.py", "test_flash.py"),
    "platformio.ini": ("test_board.py", "test_build.py"),
    "models/": ("test_task.py", "test_students.py"),
    "docs/": ("test_docs.py",),
    "setup.py": ("test_wheel.py",),
    "MANIFEST.in": ("test_wheel.py",),
}
KERNELS = "firmware/kernels/"


def git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def base() -> str:
    """Where this branch left main; on main itself the commit before the last one."""
    for main in ("origin/main", "main"):
        try:
            (found,) = git("merge-base", main, "HEAD")
        except subprocess.CalledProcessError:
            continue
        if [found] != git("rev-parse", "HEAD") or git("status", "--porcelain"):
            return found
    return "HEAD~1"


def changed(since: str) -> list[str]:
    """Paths of files that are not as they were, deleted ones too."""
    return [*git("diff", "--name-only", "--no-renames", since), *git("ls-files", "--others", "--exclude-standard")]


def sources() -> dict[str, str]:
    """The Python files of gen/ and tests/: path -> text."""
    paths = (path for top in ("gen", "tests") for path in sorted((ROOT / top).rglob("*.py")))
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in paths}


@cache
def imports(text: str) -> frozenset[str]:
    """Names of modules, and of what is in them, that a Python file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return frozenset(found)


def module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def of_kernel(path: str, tests: Iterable[str]) -> set[str]:
    """Tests of a kernel by its file's name and its ISA, all of kernels' where neither has any."""
    folder, _, file = path.removeprefix(KERNELS).rpartition("/")
    stem = file.partition(".")[0]
    kernels = {test: Path(test).stem.removeprefix("test_") for test in tests if test.startswith("tests/kernels/test_")}
    named = {test for test, name in kernels.items() if stem.startswith(name) or (folder and name.startswith(folder))}
    return named or set(kernels)


def distances(paths: Iterable[str], files: Mapping[str, str]) -> dict[str, int]:
    """Test file -> how far it is from these changed paths; those that nothing leads to are not in it."""
    known = {module(path): path for path in files}
    tests = [path for path in files if Path(path).name.startswith("test_")]
    found: dict[str, int] = {}
    for path in paths:
        if path in files:
            found[path] = 0
            continue
        name = Path(path).name
        near = {other for other, text in files.items() if f'"{name}"' in text or f"/{name}" in text}
        near |= {other for other, text in files.items() if name.endswith(".j2") and f'"{name[:-3]}"' in text}
        near |= of_kernel(path, tests) if path.startswith(KERNELS) else set()
        for beginning, patterns in NEAR.items():
            if path.startswith(beginning):
                near |= {test for test in tests if any(fnmatch(Path(test).name, each) for each in patterns)}
        found |= {each: 1 for each in near if each not in found}
    importers: dict[str, set[str]] = {}
    for path, text in files.items():
        for name in imports(text) & known.keys():
            importers.setdefault(known[name], set()).add(path)
    edge = sorted(found, key=lambda path: found[path])
    for path in edge:  # which grows: breadth first, but for the first two distances
        for other in importers.get(path, ()):
            if found.get(other, found[path] + 2) > found[path] + 1:
                found[other] = found[path] + 1
                edge.append(other)
    return {path: found[path] for path in tests if path in found}


def named(test: str) -> list[Path]:
    """The file of a test, in whichever folder."""
    return sorted((ROOT / "tests").rglob(test.partition("::")[0]))


def order(far: Mapping[str, int], seconds: Mapping[str, float]) -> list[str]:
    """The smoke, then test files by distance, of equal ones the quicker first."""
    smoke = [str(path.relative_to(ROOT)) + each[len(path.name) :] for each in SMOKE for path in named(each)]
    nearest = sorted(far, key=lambda path: (far[path], seconds.get(path, 0.0), path))
    return [*smoke, *(test for test in nearest if test not in smoke)]


@dataclass
class Outcome:
    seconds: dict[str, float] = field(default_factory=dict)  # of those that ended
    failed: dict[str, str] = field(default_factory=dict)  # and what pytest said
    left_out: list[str] = field(default_factory=list)


def run(
    tests: Sequence[str], budget_s: float, known: Mapping[str, float], command: Callable[[str], list[str]]
) -> Outcome:
    """All that the time allows, as many at once as there are cores; what is not done by then is ended.

    known: seconds that a test took before: it is not begun where less is left."""
    deadline, outcome, waiting, lock = time.monotonic() + budget_s, Outcome(), list(tests), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                test = waiting.pop(0)
            began = time.monotonic()
            left = deadline - began
            if left <= known.get(test, 0.0):
                outcome.left_out.append(test)
                continue
            environment = os.environ | {"CASES": "quick"}
            try:
                done = subprocess.run(
                    command(test), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=left, check=False
                )
            except subprocess.TimeoutExpired:
                outcome.left_out.append(test)
                continue
            outcome.seconds[test] = round(time.monotonic() - began, 1)
            if done.returncode:
                outcome.failed[test] = done.stdout + done.stderr
            last = (done.stdout.strip().splitlines() or [""])[-1].strip("= ")
            sys.stdout.write(f"{'FAILED' if done.returncode else 'ok':6} {test}: {last}\n")
            sys.stdout.flush()

    workers = [threading.Thread(target=work) for _ in range(os.cpu_count() or 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return outcome


def pytest(test: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", "--no-header", "-r", "f", test]


def tell(outcome: Outcome) -> None:
    """What failed, and what was left out."""
    for test, said in outcome.failed.items():
        sys.stdout.write(f"\n{test}\n{said}\n")
    if outcome.left_out:
        sys.stdout.write(
            f"\nNOT RUN, no time was left for {len(outcome.left_out)} test files; `make test` runs them:\n"
        )
        sys.stdout.writelines(f"  {test}\n" for test in outcome.left_out)
    sys.stdout.write(f"{len(outcome.seconds) - len(outcome.failed)} passed, {len(outcome.failed)} failed\n")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.quick", description=__doc__.partition("\n")[0])
    parser.add_argument("--since", help="a commit (default: where this branch left main)")
    parser.add_argument("--budget", type=float, default=180.0, metavar="SECONDS", help="(default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="only say what would run, with its distance")
    args = parser.parse_args(words)
    since = args.since or base()
    paths = changed(since)
    far = distances(paths, sources())
    known: dict[str, float] = json.loads(SECONDS.read_text("utf-8")) if SECONDS.is_file() else {}
    tests = order(far, known)
    sys.stdout.write(f"{len(paths)} files changed since {since[:12]}; test files near them: {len(far)}\n")
    if args.list:
        sys.stdout.writelines(f"{far.get(test, 'smoke')!s:6} {test}\n" for test in tests)
        return 0
    outcome = run(tests, args.budget, known, pytest)
    SECONDS.parent.mkdir(exist_ok=True)
    SECONDS.write_text(json.dumps(known | outcome.seconds, indent=1, sort_keys=True) + "\n", "utf-8")
    tell(outcome)
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
