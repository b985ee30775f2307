"""The real firmware/mlperf.c over the engine of probe_engine.c, compiled with ASan and UBSan, as a process."""

import functools
import subprocess
import tempfile
from pathlib import Path

from gen.render import render
from gen.verify.mlperf import PROFILE

ROOT = Path(__file__).resolve().parents[1]
DB_BYTES, OUTPUTS = 40, 41  # input 0 of the probe's engine, and its output: three times the input, and a count of runs
SCALE, ZERO_POINT = 1 / 256, -128  # of the output
INPUT_SCALE, INPUT_ZERO_POINT = 0.375, 3  # of the model's input where db holds features, of which there are:
FEATURES = 10


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="mlperf_probe")


def _compile(name: str, sources: list[Path], include: Path) -> Path:
    path = Path(_folder().name) / name
    flags = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"]
    flags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["gcc", *flags, "-I", ROOT / "firmware", "-I", include, *sources, "-o", path], check=True)
    return path


@functools.cache
def program(db: str) -> Path:
    """A device whose db buffer holds what db says; it ends with an error at the first report of a sanitizer."""
    include = Path(_folder().name) / f"{db}_include"
    include.mkdir()
    features = db == "MLPERF_FEATURES"
    header = render(
        "mlperf_model.h",
        name="probe",
        profile=PROFILE,
        model="kws01",
        db=db,
        db_bytes=DB_BYTES,
        input={"scale": f"{INPUT_SCALE}f", "zero_point": INPUT_ZERO_POINT} if features else None,
        outputs=FEATURES if features else OUTPUTS,
        output={"scale": f"{SCALE}f", "zero_point": f"({ZERO_POINT})"},
    )
    (include / "mlperf_model.h").write_text(header)
    sources = [ROOT / "firmware/mlperf.c", ROOT / "tests/probes/probe_engine.c", ROOT / "tests/probes/link_probe.c"]
    return _compile(db, sources, include)


@functools.cache
def text_program() -> Path:
    """Prints the float32 numbers of its standard input."""
    return _compile("text", [ROOT / "tests/probes/mlperf_text_probe.c"], ROOT / "firmware")


def run(path: Path, line: bytes, *words: str) -> bytes:
    """What a program answers to line; it must end by itself, and cleanly."""
    done = subprocess.run([path, *words], input=line, capture_output=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
