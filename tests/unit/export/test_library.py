"""Exported libraries: built and run as a person's build system does it, with the reference's values; two in one
program; the metadata of each format against its rules."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from gen.compiler.engines import ENGINES, Sources
from gen.compiler.engines.tflm import CORE
from gen.compiler.kernels.select import FALLBACK
from gen.compiler.target import Target
from gen.device import build
from gen.export.sources import MACHINES, tree
from gen.model import values
from gen.model.ops import OPS
from gen.paths import FIRMWARE
from tests.export_host import (
    STANDS,
    STRICT,
    assert_exact,
    foreign_symbols,
    library,
    objects,
    quantized,
    run,
    written,
)

FREESTANDING = ("-ffreestanding", "-isystem", str(FIRMWARE / "port" / "freestanding"))
# Of every ISA: a compiler and a machine that has it.
MACHINE_FLAGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "portable": ("arm-none-eabi-", ("-mcpu=cortex-m0plus", "-mthumb")),
    "armv7m": ("arm-none-eabi-", ("-mcpu=cortex-m3", "-mthumb")),
    "dsp": ("arm-none-eabi-", ("-mcpu=cortex-m4", "-mthumb")),
    "mve": ("arm-none-eabi-", ("-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard")),
    "riscv": ("riscv64-unknown-elf-", ("-march=rv32imc", "-mabi=ilp32", *FREESTANDING)),
    "xtensa": ("xtensa-lx106-elf-", FREESTANDING),
}
# As Arduino's cores call their compilers, the oldest C++ that they use, and warnings on.
ARDUINO_C = ("-std=gnu11", "-Os", "-ffunction-sections", "-fdata-sections", *STRICT.split())
ARDUINO_CPP = ("-std=gnu++11", "-Os", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", *STRICT.split())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("model", ["digits", "elementwise", "two_inputs"])
def test_c_library(model: str, engine: str, tmp_path: Path) -> None:
    """elementwise has float inputs and outputs of two types, two_inputs two and three of them."""
    exported = library(model, engine)
    folder = written(exported, tmp_path / "lib")
    flags = (f"CFLAGS=-O1 {STRICT}", f"CXXFLAGS=-O1 {STRICT}")
    assert_exact(exported, run("make", "-s", "check", *flags, cwd=folder))
    assert foreign_symbols(exported.prefix, [folder / "build" / f"lib{exported.prefix}.a"]) == []


def test_two_libraries_in_one_program(tmp_path: Path) -> None:
    """Installed by CMake, found by a project whose one file includes both headers, as C and as C++11."""
    libraries = [library("digits", "aot", "cmake", prefix="one"), library("digits", "tflm", "cmake", prefix="two"),
                 library("two_inputs", "tflm", "cmake")]  # fmt: skip
    for exported in libraries:
        folder = written(exported, tmp_path / exported.prefix)
        run("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_INSTALL_PREFIX={tmp_path / 'root'}",
            f"-DCMAKE_C_FLAGS={STRICT}", f"-DCMAKE_CXX_FLAGS={STRICT}")  # fmt: skip
        run("cmake", "--build", folder / "build")
        run("ctest", "--test-dir", folder / "build")
        assert_exact(exported, run(folder / "build" / f"{exported.prefix}_example"))
        run("cmake", "--install", folder / "build")
    project = tmp_path / "project"
    project.mkdir()
    names = [exported.prefix for exported in libraries]
    both = "\n".join(f'#include "{name}.h"' for name in names)
    # The examples' main() become functions of one program.
    for exported in libraries:
        text = exported.files[f"examples/{exported.prefix}_example/main.c"]
        (project / f"{exported.prefix}.c").write_text(
            f"{both}\nint run_{exported.prefix}(void);\n"
            + text.replace("int main(void)", f"int run_{exported.prefix}(void)")
        )
    calls = " + ".join(f"run_{name}()" for name in names)
    (project / "main.cpp").write_text(
        f'{both}\nextern "C" {{ {" ".join(f"int run_{name}(void);" for name in names)} }}\n'
        f"int main() {{ int wrong = {calls}; return wrong + ({calls}); }}\n"
    )
    (project / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.13)\nproject(both C CXX)\nset(CMAKE_CXX_STANDARD 11)\n"
        + "".join(f"find_package({name} REQUIRED)\n" for name in names)
        + f"add_executable(both main.cpp {' '.join(f'{name}.c' for name in names)})\n"
        + f"target_link_libraries(both {' '.join(f'{name}::{name}' for name in names)})\n"
    )
    run("cmake", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={tmp_path / 'root'}",
        f"-DCMAKE_CXX_FLAGS={STRICT}", f"-DCMAKE_C_FLAGS={STRICT}")  # fmt: skip
    run("cmake", "--build", project / "build")
    printed = run(project / "build" / "both")
    for exported in libraries:
        assert_exact(exported, printed)


def pio(project: Path, core: Path, *words: str) -> str:
    """`pio run` with a core directory of its own, whose platform native is the stand-in."""
    build.prepare()
    shutil.copytree(build.CORE / "packages" / "tool-scons", core / "packages" / "tool-scons", dirs_exist_ok=True)
    shutil.copytree(STANDS / "pio_native", core / "platforms" / "native", dirs_exist_ok=True)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PLATFORMIO_")}
    settings = {"CORE_DIR": str(core), "SETTING_ENABLE_TELEMETRY": "no", "DISABLE_UPGRADE_CHECK": "true"}
    env = ours | {f"PLATFORMIO_{name}": value for name, value in settings.items()}
    return run(sys.executable, "-m", "platformio", "run", "-d", project, "--disable-auto-clean", *words, env=env)


@pytest.mark.parametrize("engine", ENGINES)
def test_platformio_library(engine: str, tmp_path: Path) -> None:
    exported = library("digits", engine, "platformio")
    folder = written(exported, tmp_path / "digits")
    assert_exact(exported, pio(folder / "examples" / "digits_example", tmp_path / "core", "-t", "exec"))


def test_platformio_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By PlatformIO's own schema, but for its list of licences, which is on the net."""
    from platformio.package.manifest.parser import ManifestParserFactory
    from platformio.package.manifest.schema import ManifestSchema

    licences = {"licenses": [{"licenseId": "Apache-2.0"}]}
    monkeypatch.setattr(ManifestSchema, "load_spdx_licenses", staticmethod(lambda: licences))
    folder = written(library("digits", "aot", "platformio"), tmp_path / "digits")
    manifest = ManifestSchema().load_manifest(ManifestParserFactory.new_from_dir(str(folder)).as_dict())
    assert manifest["name"] == "digits"
    assert [(folder / "src" / header).is_file() for header in manifest["headers"]] == [True]
    for example in manifest["examples"]:
        assert all((folder / example["base"] / file).is_file() for file in example["files"])


@pytest.mark.parametrize(
    ("engine", "isa"), [*(("aot", isa) for isa in FALLBACK), ("tflm", "portable"), ("tflm", "dsp")]
)
def test_arduino_library_compiles(engine: str, isa: str, tmp_path: Path) -> None:
    """All of src/, and the sketch as C++ behind Arduino.h, as Arduino's builder does it."""
    toolchain, machine = MACHINE_FLAGS[isa]
    folder = written(library("digits", engine, "arduino", isa), tmp_path / "digits")
    built = objects(folder, toolchain, machine, ARDUINO_C, ARDUINO_CPP)
    assert foreign_symbols("digits", built, toolchain) == []
    if toolchain == "arm-none-eabi-":  # the one with a C++ library
        sketch = folder / "examples" / "digits_example" / "digits_example.ino"
        run(f"{toolchain}g++", *machine, *ARDUINO_CPP, f"-I{STANDS}", f"-I{folder / 'src'}", "-include", "Arduino.h",
            "-x", "c++", "-c", sketch, "-o", tmp_path / "sketch.o")  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_arduino_sketch_runs(engine: str, tmp_path: Path) -> None:
    exported = library("digits", engine, "arduino")
    folder = written(exported, tmp_path / "digits")
    built = objects(folder, "", (), ARDUINO_C, ARDUINO_CPP)
    main_cpp = tmp_path / "main.cpp"
    sketch = (folder / "examples" / "digits_example" / "digits_example.ino").read_text()
    main_cpp.write_text(f"#include <Arduino.h>\n{sketch}\nint main() {{ setup(); loop(); }}\n")
    run("g++", *ARDUINO_CPP, f"-I{STANDS}", f"-I{folder / 'src'}", main_cpp, *built, "-o", tmp_path / "sketch")
    assert_exact(exported, run(tmp_path / "sketch"))


CATEGORIES = ("Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing", "Data Storage",
              "Data Processing", "Other")  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_arduino_metadata(engine: str) -> None:
    """Arduino's library specification, revision 2.2."""
    exported = library("digits", engine, "arduino")
    lines = exported.files["library.properties"].splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    required = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url", "architectures"}
    assert len(properties) == len(lines) and set(properties) == required | {"includes"}
    assert all(properties.values())
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", properties["name"])
    assert not properties["name"].lower().startswith("arduino")
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties["version"])
    assert properties["category"] in CATEGORIES
    assert re.fullmatch(r"https?://\S+", properties["url"])
    headers = {path for path in exported.files if re.fullmatch(r"src/[^/]+", path)}
    assert headers == {f"src/{properties['includes']}"}, "only what a sketch may include is in src/ itself"
    folders = {path.split("/")[0] for path in exported.files if "/" in path}
    assert folders == {"src", "examples"}
    for path in exported.files:
        if path.startswith("examples/"):
            assert re.fullmatch(r"examples/([^/]+)/\1\.ino", path)
    header = exported.files["src/digits.h"]
    for line in exported.files["keywords.txt"].splitlines():
        if line and not line.startswith("#"):
            word, kind = line.split("\t")
            assert re.search(rf"\b{word}\b", header)
            assert kind in ("KEYWORD1", "KEYWORD2", "LITERAL1")
    assert "\ndigits_quantize_input\tKEYWORD2\n" in exported.files["keywords.txt"]
    assert "\nDIGITS_NOT_READY\tLITERAL1\n" in exported.files["keywords.txt"]


def test_esp_idf_component(tmp_path: Path) -> None:
    exported = library("digits", "tflm", "esp-idf")
    folder = written(exported, tmp_path / "digits")
    example = folder / "examples" / "digits_example"
    env = os.environ | {"IDF_PATH": str(STANDS / "esp_idf")}
    run("cmake", "-S", example, "-B", tmp_path / "build", env=env)
    run("cmake", "--build", tmp_path / "build", env=env)
    assert_exact(exported, run(tmp_path / "build" / "program"))
    manifest = yaml.safe_load(exported.files["idf_component.yml"])
    assert set(manifest) == {"version", "description", "license", "dependencies"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert manifest["license"] == "Apache-2.0" and set(manifest["dependencies"]) == {"idf"}


def test_zephyr_module(tmp_path: Path) -> None:
    exported = library("digits", "aot", "zephyr")
    folder = written(exported, tmp_path / "digits")
    sample = folder / "samples" / "digits_example"
    env = os.environ | {"ZEPHYR_BASE": str(STANDS / "zephyr")}
    run("cmake", "-S", sample, "-B", tmp_path / "build", env=env)
    run("cmake", "--build", tmp_path / "build", env=env)
    assert_exact(exported, run(tmp_path / "build" / "app"))
    module = yaml.safe_load(exported.files["zephyr/module.yml"])
    assert set(module) == {"name", "build", "samples"} and set(module["build"]) == {"cmake", "kconfig"}
    assert (folder / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    kconfig = (folder / module["build"]["kconfig"]).read_text()
    assert re.search(r"^config DIGITS_MODEL\n\tbool ", kconfig, re.MULTILINE)
    assert "select CPP" not in kconfig
    assert "\n\tselect CPP\n" in library("digits", "tflm", "zephyr").files["zephyr/Kconfig"]
    assert all((folder / path).is_dir() for path in module["samples"])
    tests = yaml.safe_load((sample / "sample.yaml").read_text())
    assert list(tests) == ["sample", "tests"] and list(tests["tests"]) == ["sample.digits_example"]


WITH_KERNELS = sorted(path.name for path in (FIRMWARE / "kernels").iterdir() if path.is_dir())


def everything(isa: str) -> Sources:
    """Every kernel of an ISA, and those that its headers need."""
    files = sorted(path.relative_to(FIRMWARE).as_posix() for path in (FIRMWARE / "kernels" / isa).glob("*.[cS]"))
    return Sources("aot", "all", quantized("digits").graph, {}, tuple(files), (".", "kernels"), 0, "", 0, 0, ())


def interpreter() -> Sources:
    """The interpreter with every operator; kernels are declared only."""
    kernels = sorted({kernel for op in OPS.values() for kernel in op.kernel_names})
    lines = ['#include "kernels/nn.h"', *(f"#define NN_{kernel.upper()} nn_{kernel}_portable" for kernel in kernels)]
    operators = sorted({file for op in OPS.values() for file in op.interpreter})
    firmware = [f"tflm/{file}.cc" for file in CORE] + [f"tflm/ops/{file}.cc" for file in operators]
    files = dict(ENGINES["tflm"](quantized("digits"), Target("portable", 8)).files)
    files |= {"nn_select.h": "\n".join(lines) + "\n"}
    return Sources(
        "tflm", "all", quantized("digits").graph, files, tuple(firmware), (".", "tflm", "kernels"), 0, "", 0, 0, ()
    )


@pytest.mark.parametrize("isa", WITH_KERNELS)
def test_every_kernel_can_have_a_prefix(isa: str, tmp_path: Path) -> None:
    toolchain, machine = MACHINE_FLAGS[isa]
    written_tree(tree(everything(isa), "mine"), tmp_path / "src" / "mine")
    assert foreign_symbols("mine", objects(tmp_path, toolchain, machine, ARDUINO_C, ARDUINO_CPP), toolchain) == []


def test_the_whole_interpreter_can_have_a_prefix(tmp_path: Path) -> None:
    written_tree(tree(interpreter(), "mine"), tmp_path / "src" / "mine")
    assert foreign_symbols("mine", objects(tmp_path, "", (), ARDUINO_C, ARDUINO_CPP)) == []


def written_tree(files: dict[str, str], folder: Path) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def test_every_isa_says_what_machine_it_needs() -> None:
    assert set(MACHINES) == set(FALLBACK) - {"portable"}
    assert set(MACHINE_FLAGS) == set(FALLBACK)


@pytest.mark.parametrize("isa", [isa for isa in WITH_KERNELS if isa != "portable"])
def test_kernels_refuse_a_machine_that_lacks_their_isa(isa: str, tmp_path: Path) -> None:
    for path, text in tree(everything(isa), "mine").items():
        if path.startswith(f"kernels/{isa}/") and path.endswith((".c", ".S")):
            source = tmp_path / Path(path).name
            source.write_text(text)
            done = subprocess.run(
                ["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-E", source],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode != 0
            assert f"mine has kernels for {MACHINES[isa].people}" in done.stderr


def test_quantize_and_dequantize_are_the_hosts(tmp_path: Path) -> None:
    exported = library("digits", "aot")
    folder = written(exported, tmp_path / "lib")
    graph = exported.model.graph
    (tmp_path / "probe.c").write_text(
        '#include <stdio.h>\n#include "digits.h"\nint main(void) {\n    float real;\n'
        '    while (scanf("%f", &real) == 1)\n        printf("%d\\n", digits_quantize_input(real));\n'
        "    for (int i = -128; i < 128; i++)\n"
        '        printf("%a\\n", (double)digits_dequantize_output((int8_t)i));\n}\n'
    )
    run("gcc", "-std=c11", "-O1", *STRICT.split(), "-fsanitize=undefined", "-fno-sanitize-recover",
        f"-I{folder / 'src'}", tmp_path / "probe.c", "-o", tmp_path / "probe")  # fmt: skip
    scale = np.float32(graph.tensors[graph.inputs[0]].scale)
    halves = (np.arange(-600, 600, dtype=np.float32) / 2) * scale
    near = np.concatenate([np.nextafter(halves, np.float32(9)), np.nextafter(halves, np.float32(-9)), halves])
    reals = np.concatenate([near, np.array([1e30, -1e30, np.inf, -np.inf, 0.0, -0.0], np.float32)])
    lines = run(tmp_path / "probe", stdin=" ".join(float(real).hex() for real in reals)).split()
    wanted = [values.quantize_input(graph, np.full((64,), real, np.float32))[0].flat[0] for real in reals]
    assert [int(line) for line in lines[: len(reals)]] == [int(value) for value in wanted]
    dequantized = values.dequantize_output(graph, np.arange(-128, 128).astype(np.int8))
    assert [float.fromhex(line) for line in lines[len(reals) :]] == dequantized.tolist()
