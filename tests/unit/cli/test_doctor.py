"""doctor finds what is here and says how to get what is not, without needing any of it itself."""

import builtins
import json
from importlib import metadata
from typing import Any

import pytest

from gen.cli import doctor
from gen.paths import ROOT


def test_everything_that_the_tests_need_is_found() -> None:
    found = {check.name: check for check in doctor.check()}
    assert {"numpy", "tensorflow", "pytest", "gcc", "arm-none-eabi-gcc", "qemu-system-arm"} <= set(found)
    assert [check for check in found.values() if check.missing] == []
    assert "netduino_plus_2" in found["qemu-system-arm"].needed_for
    assert found["scons"].detail == "4.11.1"
    json.dumps([check.as_json() for check in found.values()])


def test_a_missing_program_says_who_needs_it_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    missing = {check.name: check for check in doctor.check() if not check.found}
    assert set(missing) >= {"gcc", "arm-none-eabi-gcc", "arm-none-eabi-newlib", "qemu-system-arm"}
    assert missing["arm-none-eabi-gcc"].install == "apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"
    assert missing["gcc"].needed_for == "host"


def test_a_missing_or_too_old_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "numpy":
            return "1.26.4"
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    found = {check.name: check for check in doctor.check()}
    assert (found["numpy"].found, found["numpy"].detail) == (False, "1.26.4, but >=2.0 is needed")
    assert (found["rich"].found, found["rich"].install) == (False, "pip install -e .")
    assert found["tensorflow"].install == "pip install -e '.[train]'"


def test_it_works_without_any_package(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] in ("packaging", "platformio"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    found = doctor.check()
    assert not any(check.found for check in found if check.name.startswith("numpy"))
    assert "gcc" in {check.name for check in found}


def test_make_setup_installs_every_program_that_doctor_looks_for() -> None:
    listed = set((ROOT / "apt.txt").read_text(encoding="ascii").split())
    installs = [check.install for check in doctor.check()]
    asked = {name for line in installs if line.startswith("apt-get install ") for name in line.split()[2:]}
    assert asked and asked <= listed
