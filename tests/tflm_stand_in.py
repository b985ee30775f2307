"""A stand-in for an upstream TFLM tree: firmware/tflm laid out as create_tflm_tree.py does it, with upstream's habits:
an assertion that newlib serves, and no way to run single operators."""

import shutil
from pathlib import Path

from gen.compiler.engines import ENGINES
from gen.compiler.target import Target
from gen.device.upstream_tflm import NEEDED
from gen.importer import load
from gen.paths import ROOT

OURS = ROOT / "firmware" / "tflm"
PREPARES = "TfLiteStatus MicroInterpreter::AllocateTensors() {"


def make(root: Path, holds: str = "1") -> Path:
    """tensorflow/ with interpreter and kernels, third_party/ with the other headers that they include. holds: what is
    asserted whenever tensors are allocated."""
    lite, third = root / "tensorflow" / "lite", root / "third_party"
    shutil.copytree(OURS / "tensorflow", root / "tensorflow")
    for source in OURS.glob("*.cc"):
        shutil.copy(source, lite / "micro")
    found = load.load_model("digits")
    sources = ENGINES["tflm"](found, Target("portable", 8))
    kernels = lite / "micro" / "kernels"
    kernels.mkdir()
    for file in sources.firmware:
        if file.startswith(("tflm/ops/", "kernels/")):
            shutil.copy(ROOT / "firmware" / file, kernels)
    for folder in ("tflm", "kernels"):
        shutil.copytree(ROOT / "firmware" / folder, third / "gemmlowp" / folder, ignore=shutil.ignore_patterns("*.c*"))
    shutil.rmtree(third / "gemmlowp" / "tflm" / "tensorflow")
    for header in (*(ROOT / "firmware" / "kernels").glob("*.h"), *(ROOT / "firmware/kernels/portable").glob("*.h")):
        shutil.copy(header, third / "gemmlowp")
    (third / "gemmlowp" / "nn_select.h").write_text(sources.files["nn_select.h"])
    # What nobody uses must not be linked.
    (kernels / "unused.cc").write_text("extern int nowhere; int unused() { return nowhere; }\n")
    flatbuffers = root / NEEDED[-1]
    flatbuffers.parent.mkdir(parents=True)
    flatbuffers.write_text("")
    asserting(lite / "micro", holds)
    return root


def asserting(micro: Path, holds: str) -> None:
    interpreter, header = micro / "interpreter.cc", micro / "micro_interpreter.h"
    text = interpreter.read_text()
    assert PREPARES in text
    kept = f"{PREPARES}\n    static volatile int holds = {holds};\n    assert(holds != 0);"
    interpreter.write_text(f"#include <assert.h>\n{text.replace(PREPARES, kept)}")
    header.write_text(header.read_text().replace("#define TFLM_STEPWISE 1\n", ""))
