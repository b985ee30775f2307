"""Where the parts of the project lie, in a checkout and where a wheel has installed it; the one place that knows."""

import hashlib
import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# What setup.py puts into a wheel: the folders and files that a checkout has beside gen/.
_BUNDLED = PACKAGE / "bundled"
INSTALLED = _BUNDLED.is_dir()
# firmware/, boards/, models/, benchmarks/, platformio.ini, pyproject.toml and LICENSE; only read where it is installed.
ROOT = _BUNDLED if INSTALLED else PACKAGE.parent
BOARDS = ROOT / "boards"
MODELS = ROOT / "models"
FIRMWARE = ROOT / "firmware"

if INSTALLED:
    from platformdirs import user_cache_path

    # Data wheels, and where PlatformIO works.
    CACHE = user_cache_path("tinygen", appauthor=False)
    # PlatformIO's project: links to the parts, and .pio. One for each installation, as it names its paths.
    PROJECT = CACHE / "projects" / hashlib.sha256(os.fsencode(ROOT)).hexdigest()[:16]
    # What a person asked for, in the folder where he stands.
    BUILDS = Path("build")
    BENCHMARKS = Path("benchmarks")
    # What trained students of models/ are written to.
    TRAINED = BUILDS / "trained"
else:
    CACHE, PROJECT, BUILDS, BENCHMARKS, TRAINED = ROOT / ".cache", ROOT, ROOT / "build", ROOT / "benchmarks", MODELS


def install(*extras: str) -> str:
    """The command that brings what these extras of pyproject.toml name."""
    named = f"[{','.join(extras)}]" if extras else ""
    if INSTALLED:
        return f"pip install 'tinygen{named}'"
    return f"pip install -e '.{named}'" if extras else "pip install -e ."
