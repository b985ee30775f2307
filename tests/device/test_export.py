"""Libraries with kernels for Cortex-M4, three models of both engines in one program on an emulated one."""

from pathlib import Path

from gen.export import library as export
from gen.export.library import ExportOptions
from gen.paths import ROOT
from tests.export_host import STRICT, assert_exact, objects, quantized, run, written

STAND = Path(__file__).with_name("export_semihosting")
MACHINE = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
C = ("-std=c11", "-O2", "-ffunction-sections", "-fdata-sections", *STRICT.split())
CPP = ("-std=c++11", "-O2", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", *STRICT.split())
KWS = str(ROOT / "models" / "mlperf" / "kws.tflite")


def test_three_models_in_one_program(tmp_path: Path) -> None:
    orders = (
        (KWS, ExportOptions("c", "aot", board="qemu_mps2_an386", level="speed", prefix="fast")),
        (KWS, ExportOptions("c", "tflm", board="qemu_mps2_an386", prefix="interpreted")),
        ("digits", ExportOptions("c", "aot", board="qemu_mps2_an386")),
    )
    libraries = [export.library(quantized(model), order) for model, order in orders]
    built = []
    for library in libraries:
        folder = written(library, tmp_path / library.prefix)
        built += objects(folder, "arm-none-eabi-", MACHINE, C, CPP)
        assert any(path.name.endswith(".S.o") for path in built)
        name = f"{library.prefix}_example"
        main = folder / "examples" / name / "main.c"
        built.append(folder / f"{name}.o")
        run("arm-none-eabi-gcc", *MACHINE, *C, f"-I{folder / 'src'}", f"-Dmain={name}", "-c", main, "-o", built[-1])
    names = [f"{library.prefix}_example" for library in libraries]
    twice = " + ".join(f"{name}()" for name in names * 2)
    (tmp_path / "main.c").write_text(
        "".join(f"int {n}(void);\n" for n in names) + f"int main(void) {{ return {twice}; }}"
    )
    elf = tmp_path / "program.elf"
    run("arm-none-eabi-gcc", *MACHINE, *C, "--specs=rdimon.specs", "-nostartfiles", "-T", STAND / "link.ld",
        "-Wl,--gc-sections", STAND / "start.c", tmp_path / "main.c", *built, "-o", elf)  # fmt: skip
    printed = run("qemu-system-arm", "-M", "mps2-an386", "-kernel", elf, "-display", "none", "-monitor", "none",
                  "-serial", "none", "-semihosting-config", "enable=on,target=native")  # fmt: skip
    for library in libraries:
        assert_exact(library, printed)
        assert printed.count(f"{library.prefix}: every value is the expected one") == 2
