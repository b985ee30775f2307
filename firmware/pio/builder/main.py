# SPDX-License-Identifier: Apache-2.0
"""SCons script: the model that `python -m gen build` generated last for this board, and our firmware, become an ELF.

gen/build.py names the model's folder in GEN_FOLDER (and in <build dir>/folder for whoever calls `pio run`). There are

  src/          generated sources         obj/          their objects, and the ELF while it is linked
  build.json    {"firmware": [the engine's sources], "include_dirs": [folders]}, all of them relative to firmware/
  firmware.elf  the result, put there whole; firmware.bin and firmware.hex for chips

Objects of our own sources are per board, in PlatformIO's build folder, so that every model shares them; but those of
sources that include a generated header belong to the model.
"""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

from SCons.Script import DefaultEnvironment

try:
    import fcntl
except ImportError:  # Windows: don't run two builds of one board at once there
    fcntl = None

WARNINGS = ["-Wall", "-Wextra", "-Werror"]
# No contraction: a fused multiply-add rounds once where the reference rounds twice.
SECTIONS = ["-ffunction-sections", "-fdata-sections", "-ffp-contract=off"]
CXX = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-fno-use-cxa-atexit"]
OPTIMIZE = "-O2"
OPTIMIZE_FOR_SIZE = {"tflm": "-Os"}

env = DefaultEnvironment()
root = Path(env.subst("$PROJECT_DIR"))
firmware = root / "firmware"
build_dir = Path(env.subst("$BUILD_DIR"))
board = env.subst("$PIOENV")


def fail(sentence):
    sys.stderr.write(f"error: {sentence}\n")
    env.Exit(1)


def model_folder():
    """The folder that gen names, or named last."""
    last = build_dir / "folder"
    folder = Path(os.environ.get("GEN_FOLDER") or (last.read_text(encoding="utf-8") if last.is_file() else ""))
    if not (folder / "build.json").is_file():
        fail(f"nothing is generated for {board}; run `python -m gen build MODEL --board {board}` first.")
    last.write_text(str(folder), encoding="utf-8")
    return folder


def publish(target, source, env):
    """Copies the linked file to where it is looked for, whole or not at all."""
    partial = Path(f"{target[0]}.partial")
    shutil.copy2(str(source[0]), partial)
    partial.replace(str(target[0]))


# Held until this process ends: the objects and SCons' database belong to all models of the board.
lock = (build_dir / "lock").open("w")
if fcntl:
    fcntl.flock(lock, fcntl.LOCK_EX)

folder = model_folder()
plan = json.loads((folder / "build.json").read_text(encoding="utf-8"))
prefix = env.GetProjectOption("custom_toolchain")
script = env.GetProjectOption("custom_linker_script", "")
machine = shlex.split(env.GetProjectOption("custom_machine_flags"))

env.Replace(
    AR=f"{prefix}gcc-ar", AS=f"{prefix}as", CC=f"{prefix}gcc", CXX=f"{prefix}g++", LINK=f"{prefix}gcc",
    RANLIB=f"{prefix}gcc-ranlib", OBJCOPY=f"{prefix}objcopy",
    PROGPATH=str(folder / "obj" / "firmware.elf"), SRC_FILTER="-<*>", OPTIMIZE=OPTIMIZE,
)  # fmt: skip
env.Append(
    CCFLAGS=["$OPTIMIZE", "-g", *machine, *WARNINGS, *SECTIONS],
    ASPPFLAGS=["-g", *machine],
    CFLAGS=["-std=c11"],
    CXXFLAGS=CXX,
    CPPPATH=[str(firmware / path) for path in plan["include_dirs"]],
    LINKFLAGS=[*machine, "-Wl,--gc-sections", f"-Wl,-Map={folder / 'firmware.map'}"],
)
if script:
    memory = {}
    for region in ("flash", "ram"):
        memory[f"{region}_origin"], memory[f"{region}_bytes"] = env.GetProjectOption(f"custom_{region}").split()
    memory["stack_reserve"] = env.GetProjectOption("custom_stack_bytes")
    env.Append(
        CCFLAGS=["--specs=nano.specs"],
        LINKFLAGS=["--specs=nano.specs", "-nostartfiles", "-T", str(root / script),
                   *(f"-Wl,--defsym=port_{name}={value}" for name, value in memory.items())],
    )  # fmt: skip


def compiled(path, source, of_model):
    """The object of one source, with path below the model's obj/ or below the board's build folder."""
    optimize = next((flag for part, flag in OPTIMIZE_FOR_SIZE.items() if path.startswith(f"{part}/")), OPTIMIZE)
    target = (folder / "obj" if of_model else build_dir / "firmware") / f"{path}.o"
    include = [str(folder / "src"), *env["CPPPATH"]] if of_model else env["CPPPATH"]
    return env.Object(str(target), str(source), OPTIMIZE=optimize, CPPPATH=include)


generated = [path for path in sorted((folder / "src").rglob("*")) if path.suffix in (".c", ".cc", ".h")]
objects = [compiled(str(path.relative_to(folder / "src")), path, True) for path in generated if path.suffix != ".h"]
headers = [f'#include "{path.name}"' for path in generated if path.suffix == ".h"]
for path in [
    "main.c",
    "link.c",
    *plan["firmware"],
    *(f"port/{name}" for name in env.GetProjectOption("custom_port").split()),
]:
    text = (firmware / path).read_text(encoding="utf-8")
    objects.append(compiled(path, firmware / path, any(line in text for line in headers)))
env.Append(PIOBUILDFILES=objects)

program = env.BuildProgram()
results = [env.Command(str(folder / "firmware.elf"), program, env.VerboseAction(publish, "Writing $TARGET"))]
if prefix:
    for form, name in (("binary", "bin"), ("ihex", "hex")):
        command = env.VerboseAction(f"$OBJCOPY -O {form} $SOURCE $TARGET", "Writing $TARGET")
        results.append(env.Command(str(folder / f"firmware.{name}"), program, command))
env.Default(results)
