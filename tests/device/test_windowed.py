"""Exported libraries under the ABI that compilers for the ESP32 have: built with register windows, exact in QEMU while
interrupts spill them."""

import re
from pathlib import Path

import pytest

from gen.device.session import Session
from gen.device.transport import open_stream
from gen.export import library as export
from gen.export.library import ExportOptions
from gen.paths import ROOT
from gen.verify import compare
from gen.verify.vectors import random_vectors
from tests import windowed
from tests.export_host import STRICT, objects, quantized, run, written
from tests.kernels.targets import LINE

KWS = str(ROOT / "models" / "mlperf" / "kws.tflite")
COMMON = ("-O2", "-ffunction-sections", "-fdata-sections", *STRICT.split())
CPP = ("-std=c++11", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-fno-use-cxa-atexit")
# engine.h's functions, which a library has under its prefix.
ENGINE = ("info", "init", "input", "output", "invoke", "reset", "invoke_op", "op_output")


@pytest.mark.parametrize(
    ("name", "form", "engine", "vectors"),
    [
        ("digits", "esp-idf", "aot", 20),
        ("digits", "arduino", "tflm", 10),
        (KWS, "platformio", "aot", 2),
        (KWS, "esp-idf", "tflm", 1),
    ],
    ids=("digits-aot", "digits-tflm", "kws-aot", "kws-tflm"),
)
def test_exact_while_interrupts_spill_windows(name: str, form: str, engine: str, vectors: int, tmp_path: Path) -> None:
    """What `export --board esp32` writes, with the protocol that a firmware talks in place of the example."""
    model = quantized(name)
    library = export.library(model, ExportOptions(form, engine, board="esp32", prefix="mine"))
    folder = written(library, tmp_path / "mine")
    machine = (*windowed.ABI, *windowed.FREESTANDING)
    built = objects(folder, windowed.TOOLCHAIN, machine, ("-std=c11", *COMMON), (*CPP, *COMMON))
    names = [f"-Dengine_{function}=mine_engine_{function}" for function in ENGINE]
    protocol = [windowed.FIRMWARE / file for file in ("main.c", "link.c")]
    elf, log = tmp_path / "program.elf", tmp_path / "interrupts"
    run(f"{windowed.TOOLCHAIN}gcc", *windowed.FLAGS, *names, "-DLINK_ANNOUNCE", f"-I{windowed.FIRMWARE}", *protocol,
        *windowed.SOURCES, *built, "-o", elf)  # fmt: skip
    command = (*windowed.MACHINE, *LINE, "-d", "int", "-D", str(log), "-kernel", str(elf))
    chosen = random_vectors(model.graph, vectors)
    with open_stream(f"exec:{' '.join(command)}") as stream:
        verdict = compare.compare(
            model, library.sources, Session(stream), chosen,
            compare.expect(model, chosen, lambda *_: None), emulated=True, progress=lambda *_: None,
        )  # fmt: skip
    assert verdict.exact
    assembly = [text for path, text in library.files.items() if path.endswith(".S")]
    functions = {function for text in assembly for function in re.findall(r"NN_FUNCTION (\w+)", text)}
    assert functions and functions <= windowed.interrupted(elf, log)
