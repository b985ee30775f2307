"""An exported model knew no normalization, labels or columns: its header's formula was wrong for raw values."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gen.compiler.engines import ENGINES
from gen.data import folder as data
from gen.data.folder import FolderOptions
from gen.export import library as export
from gen.export.library import FORMATS, Library
from gen.export.model_input import describe, look_up
from gen.importer import load
from gen.learn import card, folder_task, task
from gen.learn.objective import CLASSIFY
from gen.model import tflite, values
from gen.model.quantized import QuantizedModel
from gen.render import in_comment
from tests import tiny
from tests.export_host import STANDS, STRICT, assert_exact, objects, run, written
from tests.own_data import images, silent, sounds, write

LABELS = ('back\\slash */ "quoted"', "über %d ??/")
COLUMNS = ("mV, left", "g */ up")


def recording(number: int, label: int) -> bytes:
    """Channels of very different units, about values that are far from 0; a column that counts, and one with labels."""
    rng = np.random.default_rng([number, label])
    steps = np.arange(40)
    millivolts = 5000 + 300 * np.sin(steps * (0.3 + 0.9 * label) + rng.uniform(0, 6)) + rng.normal(0, 10, 40)
    g = 0.01 + 0.002 * label + rng.normal(0, 0.0005, 40)
    name = LABELS[label].replace('"', '""')
    rows = [f'{i},{v:.3f},{a:.6f},"{name}"' for i, v, a in zip(steps, millivolts, g, strict=True)]
    return "\n".join([f'time,"{COLUMNS[0]}",{COLUMNS[1]},label', *rows]).encode()


def classifier() -> bytes:
    """Says class 1 where the mean of the second channel, normalized, is above 0; the inputs' scale is 0.04."""
    weights = np.tile(np.array([[0, -100], [0, 100]], np.int8), 16)
    tensors = [tiny.T((1, 1, 16, 2), scale=0.04), tiny.T((2, 32), scale=0.01, data=weights), tiny.T((1, 2), scale=0.2)]
    return tiny.model(tensors, [tiny.O("FULLY_CONNECTED", [0, 1, -1], [2], {}, "FullyConnectedOptions")], [0], [2])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .tflite and its card, as train_folder() writes them for a folder of CSV files."""
    folder, content = tmp_path_factory.mktemp("raw"), classifier()
    write(folder / "data", {f"{i}_{label}.csv": recording(i, label) for i in range(10) for label in range(2)})
    prepared = data.prepare(FolderOptions(folder / "data", "csv", "raw", window=16.0), silent)
    found = QuantizedModel(content, tflite.read(content, "raw"), "raw")
    made = {
        "task": "raw",
        "dataset": {"classes": list(prepared.classes)},
        "models": {"distilled": {"sha256": found.graph.sha256}},
        "data": folder_task.describe(prepared, found, folder),
    }
    card.write_files(made, content, b"", folder)
    return folder / "raw.tflite"


@pytest.fixture(scope="module")
def library(trained: Path) -> Callable[[str, str], Library]:
    return lambda engine, form: export.library(load.load_model(str(trained)), export.ExportOptions(form, engine))


def answers(printed: str) -> list[tuple[str, str]]:
    """What the example calls each of its inputs, and how it is labeled."""
    return re.findall(r"^raw: this is (.*?)(?:, |\nraw: )labeled (.*)$", printed, re.MULTILINE)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("form", ["c", "arduino"])
def test_the_example_starts_from_raw_values(
    engine: str, form: str, library: Callable[[str, str], Library], tmp_path: Path
) -> None:
    exported = library(engine, form)
    folder = written(exported, tmp_path / "raw")
    if form == "c":
        printed = run("make", "-s", "check", f"CFLAGS=-O1 {STRICT}", f"CXXFLAGS=-O1 {STRICT}", cwd=folder)
    else:
        flags = ("-std=gnu++11", *STRICT.split(), f"-I{STANDS}", f"-I{folder / 'src'}")
        sketch = (folder / "examples" / "raw_example" / "raw_example.ino").read_text()
        (tmp_path / "main.cpp").write_text(f"#include <Arduino.h>\n{sketch}\nint main() {{ setup(); loop(); }}\n")
        built = objects(folder, "", (), ("-std=gnu11", *STRICT.split()), ("-std=gnu++11", *STRICT.split()))
        run("g++", *flags, tmp_path / "main.cpp", *built, "-o", tmp_path / "sketch")
        printed = run(tmp_path / "sketch")
    assert_exact(exported, printed)
    found = answers(printed)
    assert (
        len(found) == 2
        and {label for _, label in found} == set(LABELS)
        and all(answer == label for answer, label in found)
    )


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_has_the_same_example(form: str, library: Callable[[str, str], Library]) -> None:
    exported = library("aot", form)
    (path,) = [path for path in exported.files if re.search(r"(main\.c|main\.cpp|\.ino)$", path)]
    text, header = exported.files[path], exported.files["src/raw.h"]
    assert "raw_quantize(i % RAW_INPUT_CHANNELS, raw[n][i])" in text and text.count("labeled") >= 3
    assert "#define RAW_INPUT_WINDOW 16 " in header and "#define RAW_INPUT_HOP 8 " in header
    assert "#define RAW_LABELS 2 " in header and "raw_input_mean[RAW_INPUT_CHANNELS]" in header


def test_the_header_quantizes_raw_values_as_the_host_does(
    trained: Path, library: Callable[[str, str], Library], tmp_path: Path
) -> None:
    exported = library("aot", "c")
    folder, found = written(exported, tmp_path / "lib"), load.load_model(str(trained))
    assert found.card is not None
    known = data.known(found.card, found.graph.sha256)
    assert known is not None
    raw, normalized = known.raw_test_set(), data.test_set(found.card, found.graph.sha256)
    assert normalized is not None
    (tmp_path / "probe.c").write_text(
        '#include <stdio.h>\n#include "raw.h"\nint main(void) {\n'
        '    printf("%s|%s|%s|%s\\n", raw_input_channels[0], raw_input_channels[1], raw_labels[0], raw_labels[1]);\n'
        '    raw_init();\n    float value;\n    for (unsigned i = 0; scanf("%f", &value) == 1; i++) {\n'
        "        raw_input()[i % RAW_INPUT_ELEMENTS] = raw_quantize(i % RAW_INPUT_CHANNELS, value);\n"
        "        if (i % RAW_INPUT_ELEMENTS == RAW_INPUT_ELEMENTS - 1) {\n            raw_invoke();\n"
        '            printf("%d\\n", raw_output()[1] > raw_output()[0]);\n        }\n    }\n}\n'
    )
    run("make", "-s", cwd=folder)
    run("gcc", "-std=c11", *STRICT.split(), f"-I{folder / 'src'}", tmp_path / "probe.c",
        folder / "build" / "libraw.a", "-o", tmp_path / "probe")  # fmt: skip
    names, *lines = run(tmp_path / "probe", stdin=" ".join(float(v).hex() for v in raw.x.ravel())).splitlines()
    assert names == "|".join((*COLUMNS, *LABELS))
    wanted = values.outputs(found.graph, normalized.x).argmax(axis=1)
    assert [int(line) for line in lines] == wanted.tolist()
    assert CLASSIFY.score(values.outputs(found.graph, normalized.x), normalized) > 0.9
    # By the scale alone, as the header said before, both channels are far out of range.
    assert CLASSIFY.score(values.outputs(found.graph, raw.x), raw) < 0.7


def test_files_that_are_gone_leave_the_constants(trained: Path, tmp_path: Path) -> None:
    for name in ("raw.tflite", "raw.json"):
        (tmp_path / name).write_bytes(trained.with_name(name).read_bytes())
    said: list[str] = []
    found = export.library(load.load_model(str(tmp_path / "raw.tflite")), export.ExportOptions("c", "aot"), said.append)
    assert any("random inputs in the example" in line for line in said) and found.source.startswith("random inputs")
    header = found.files["src/raw.h"]
    assert "RAW_LABELS 2" in header and "raw_input_deviation" in header and "mV, left" in header


@pytest.mark.parametrize("name", task.list_tasks())
def test_every_task_says_what_its_values_are(name: str) -> None:
    known, test, _ = look_up(load.load_model(name), lambda line: None)
    assert test is not None and len(known.meaning) > 20
    assert (known.normalization is not None) == (known.threshold is not None) == (name == "anomaly")


def test_a_card_of_another_model_is_not_believed(tmp_path: Path) -> None:
    """It lies beside a model that takes other examples: the export is of random inputs, without labels."""
    (tmp_path / "raw.tflite").write_bytes(classifier())
    (tmp_path / "raw.json").write_text('{"task": "digits"}')
    said: list[str] = []
    found = export.library(load.load_model(str(tmp_path / "raw.tflite")), export.ExportOptions("c", "aot"), said.append)
    assert found.source.startswith("random inputs") and "RAW_LABELS" not in found.files["src/raw.h"]
    assert any("whose examples this model does not take" in line for line in said)


def test_digits(tmp_path: Path) -> None:
    exported = export.library(load.load_model("digits"), export.ExportOptions("c", "aot"))
    printed = run("make", "-s", "check", cwd=written(exported, tmp_path / "digits"))
    found = re.findall(r"this is (\d), labeled (\d)$", printed, re.MULTILINE)
    assert len(found) == 3 and all(answer == label for answer, label in found)
    assert_exact(exported, printed)


def test_sounds_and_images_are_described(tmp_path: Path) -> None:
    for kind, folder in (("wav", sounds(tmp_path / "wav")), ("images", images(tmp_path / "images"))):
        prepared = data.prepare(FolderOptions(folder, kind), silent)
        meaning, channels, constants = describe(prepared.features)
        names = {constant.name for constant in constants}
        assert channels == () and not meaning.endswith(".")
        assert set(re.findall(r"\b(FRAME|RATE|BANDS|LOW_HZ|HIGH_HZ|FLOOR)\b", meaning)) <= names
        assert ("gray, each value of 8 bits divided by 255" in meaning) == (kind == "images")


def test_no_text_ends_a_comment() -> None:
    for text in ("a*/b", "/* a", "//", "??/", "a\nb", "*/*/"):
        safe = in_comment(text)
        assert not re.search(r"\*/|/\*|//|\?\?|\n", safe)
