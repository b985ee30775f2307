"""Commands in docs/ are ones that the command line takes, and the workflow is one that GitHub would run."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from gen.cli.main import parser
from gen.device import board as boards
from gen.importer import load
from gen.verify.mlperf import BENCHMARKS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = ("ci.md", "mlperf.md")


def commands(text: str) -> list[list[str]]:
    """The words after `python -m gen` in every block of code."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[3:] for line in lines if line.startswith("python -m gen")]


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_taken_and_name_what_exists(page: str) -> None:
    found = commands((DOCS / page).read_text())
    assert found
    for words in found:
        args = parser().parse_args(words)
        load.load_model(str(ROOT / args.model) if args.model.endswith(".tflite") else args.model)
        for word in args.board.split(","):
            boards.load(word)


def workflow() -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load((DOCS / "verify.yml").read_text())
    return found


def test_workflow_has_the_form_of_one() -> None:
    found = workflow()
    assert set(found) == {"name", True, "permissions", "jobs"}  # YAML reads `on` as true
    assert found[True] == ["push", "pull_request"] and found["permissions"] == {"contents": "read"}
    (job,) = found["jobs"].values()
    assert set(job) == {"runs-on", "timeout-minutes", "env", "steps"}
    for step in job["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert set(step) <= {"name", "uses", "with", "run", "if", "working-directory"}
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "actions/checkout@v4"))


def test_workflow_s_command_is_taken_and_its_results_are_kept() -> None:
    (job,) = workflow()["jobs"].values()
    *_, install, verify, keep = job["steps"]
    (checkout,) = [step["with"] for step in job["steps"] if "repository" in step.get("with", {})]
    line = verify["run"].replace("$GITHUB_WORKSPACE/", "")
    for name, value in job["env"].items():
        line = line.replace(f"${name}", value)
    args = parser().parse_args(shlex.split(line)[3:])
    assert (args.subcommand, args.model, args.junit, args.explain) == (
        "verify",
        "model.tflite",
        Path("results.xml"),
        True,
    )
    assert all(boards.load(word).emulated for word in args.board.split(","))
    assert verify["working-directory"] == checkout["path"]
    assert keep["if"] == "always()" and "results.xml" in keep["with"]["path"].split()
    assert f"$(cat {checkout['path']}/apt.txt)" in install["run"] and (ROOT / "apt.txt").is_file()
    assert f"pip install --editable {checkout['path']}\n" in install["run"]


def test_pages_name_every_benchmark() -> None:
    text = (DOCS / "mlperf.md").read_text()
    for (inputs, outputs), (name, _) in BENCHMARKS.items():
        assert f"| {inputs}, {outputs} | `{name}` |" in text
