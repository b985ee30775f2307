"""Dependencies were installed at whatever version and content a mirror served."""

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gen.paths import ROOT
from tests.lock import lines

LOCK = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
EXTRAS = ("train", "onnx", "search", "bench", "dev")


def test_every_package_has_a_version_and_a_hash() -> None:
    assert LOCK[0].startswith("# ") and LOCK[1:] == sorted(LOCK[1:])
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+ --hash=sha256:[0-9a-f]{64}", line) for line in LOCK[1:])


def test_every_dependency_of_setup_is_among_them_in_a_version_that_will_do() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(word for name in EXTRAS for word in project["optional-dependencies"][name])]
    locked = dict(line.split(" ")[0].split("==") for line in LOCK[1:])
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)], prereleases=True), (
            requirement
        )


def test_the_makefile_holds_them_to_it() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    assert "--require-hashes -r requirements.lock" in text and f"EXTRAS := {','.join(EXTRAS)}\n" in text


def test_a_report_of_pip_becomes_lines() -> None:
    archive = {"archive_info": {"hashes": {"sha256": "ab"}}}
    package = {"metadata": {"name": "Some", "version": "1.2"}, "download_info": archive}
    own = {"metadata": {"name": "tinygen", "version": "0"}, "download_info": {"dir_info": {}}}
    assert lines({"install": [own, package]}) == ["some==1.2 --hash=sha256:ab"]
