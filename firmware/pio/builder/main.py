# SPDX-License-Identifier: Apache-2.0
"""SCons script: the model that `python -m gen build` generated last for this board, and our firmware, become an ELF.

gen/device/build.py names the model's folder in GEN_FOLDER (and in <build dir>/folder for whoever calls `pio run`),
by a link to it, see gen/device/place.py: all paths here are relative to the project and of letters, digits, points and
slashes, since SCons hands them to a shell. In the folder there are

  src/          generated sources         obj/          their objects, and the ELF while it is linked
  build.json    {"firmware": [the engine's sources], "include_dirs": [folders]}, all of them relative to firmware/, and
                "memory": numbers for the linker script, "tree": a link to an upstream TFLM to compile, if any;
                "generation": the name of a symbol that tells this ELF from others
  firmware.elf  the result, put there whole; firmware.bin and firmware.hex for chips

Objects of our own sources are per board, in PlatformIO's build folder, so that every model shares them; but those of
sources that include a generated header belong to the model.
"""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from SCons.Script import DefaultEnvironment

sys.path.insert(0, str(Path.cwd()))
from gen.device import esp32, rp2040

try:
    import fcntl
except ImportError:  # Windows: don't run two builds of one board at once there
    fcntl = None

WARNINGS = ["-Wall", "-Wextra", "-Werror"]
# No contraction: a fused multiply-add rounds once where the reference rounds twice.
SECTIONS = ["-ffunction-sections", "-fdata-sections", "-ffp-contract=off"]
CXX = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics", "-fno-use-cxa-atexit"]
# By the prefix of a system's compiler, that of PlatformIO's package where it is another.
PACKAGED = {"riscv64-unknown-elf-": "riscv32-esp-elf-"}
OPTIMIZE = "-O2"
OPTIMIZE_FOR_SIZE = {"tflm": "-Os"}

env = DefaultEnvironment()
firmware = Path("firmware")  # in the current folder, the project's
board = env.subst("$PIOENV")
build_dir = Path(os.path.relpath(env["PROJECT_BUILD_DIR"])) / board


def top(path):
    """What SCons calls a path that is relative to the project, not to this script."""
    return f"#{path}"


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
    if image == "rp2040":
        partial.write_bytes(rp2040.seal(partial.read_bytes()))
    partial.replace(str(target[0]))


def write_uf2(target, source, env):
    """The binary as a file for the chip's USB drive."""
    Path(str(target[0])).write_bytes(rp2040.uf2(Path(str(source[0])).read_bytes()))


def write_esp32(target, source, env):
    """The binary as the boot ROM loads it."""
    esp32.image(Path(str(source[0])), Path(str(target[0])))


# Held until this process ends: the objects and SCons' database belong to all models of the board.
lock = (build_dir / "lock").open("w")
if fcntl:
    fcntl.flock(lock, fcntl.LOCK_EX)

folder = model_folder()
plan = json.loads((folder / "build.json").read_text(encoding="utf-8"))
prefix = env.GetProjectOption("custom_toolchain")
if not shutil.which(f"{prefix}gcc"):
    prefix = PACKAGED.get(prefix, prefix)
script = env.GetProjectOption("custom_linker_script", "")
image = env.GetProjectOption("custom_image", "")
machine = shlex.split(env.GetProjectOption("custom_machine_flags"))

env.Replace(
    AR=f"{prefix}gcc-ar", AS=f"{prefix}as", CC=f"{prefix}gcc", CXX=f"{prefix}g++", LINK=f"{prefix}gcc",
    RANLIB=f"{prefix}gcc-ranlib", OBJCOPY=f"{prefix}objcopy",
    PROGPATH=top(folder / "obj" / "firmware.elf"), SRC_FILTER="-<*>", OPTIMIZE=OPTIMIZE,
)  # fmt: skip
env.Append(
    CCFLAGS=["$OPTIMIZE", "-g", *machine, *WARNINGS, *SECTIONS],
    ASPPFLAGS=["-g", *machine],
    CFLAGS=["-std=c11"],
    CXXFLAGS=CXX,
    CPPPATH=[top(firmware / path) for path in plan["include_dirs"]],
    LINKFLAGS=[
        *machine,
        "-Wl,--gc-sections",
        f"-Wl,-Map={folder / 'firmware.map'}",
        f"-Wl,--defsym={plan['generation']}=1",
    ],
)
if script:
    library = [] if "-nostdlib" in machine else ["--specs=nano.specs"]
    env.Append(
        CCFLAGS=library,
        LINKFLAGS=[*library, "-nostartfiles", "-T", script,
                   *(f"-Wl,--defsym=port_{name}={value}" for name, value in plan["memory"].items())],
        LIBS=["gcc"],
    )  # fmt: skip


def upstream(tree):
    """An upstream TFLM as an archive, of which the linker takes what is used; its warnings are not ours to mend."""
    third = tree / "third_party"
    places = ["gemmlowp", "flatbuffers/include", "kissfft", "kissfft/tools", "ruy", "cmsis", "cmsis/CMSIS/Core/Include",
              "cmsis_nn", "cmsis_nn/Include"]  # fmt: skip
    defines = ["TF_LITE_STATIC_MEMORY", "TF_LITE_STRIP_ERROR_STRINGS"]
    if (third / "cmsis_nn").is_dir():
        defines.append("CMSIS_NN")
    flags = [f"-isystem{path}" for path in (tree, *(third / place for place in places)) if path.is_dir()]
    # gen/device/upstream_tflm.py asks for its headers before; a tree that needs none of it links without.
    named = subprocess.run(
        [f"{prefix}g++", "-print-file-name=libstdc++.a"], capture_output=True, text=True, check=False
    )
    library = ["stdc++"] if Path(named.stdout.strip()).is_absolute() else []
    env.Append(CCFLAGS=flags, CPPDEFINES=defines, LIBS=[*library, "m"])
    own = build_dir / f"tree-{hashlib.sha256(str(tree).encode()).hexdigest()[:12]}"
    roots = (tree / "tensorflow", tree / "signal", third / "cmsis_nn" / "Source")
    sources = [path for root in roots for path in sorted(root.rglob("*")) if path.suffix in (".c", ".cc", ".cpp")]
    objects = [
        env.Object(top(own / f"{path.relative_to(tree)}.o"), top(path), CCFLAGS=[*env["CCFLAGS"], "-w", "-Wno-error"])
        for path in sources
    ]
    return env.StaticLibrary(top(own / "libtflm.a"), objects)


def compiled(path, source, of_model):
    """The object of one source, with path below the model's obj/ or below the board's build folder."""
    optimize = next((flag for part, flag in OPTIMIZE_FOR_SIZE.items() if path.startswith(f"{part}/")), OPTIMIZE)
    target = (folder / "obj" if of_model else build_dir / "firmware") / f"{path}.o"
    include = [top(folder / "src"), *env["CPPPATH"]] if of_model else env["CPPPATH"]
    return env.Object(top(target), top(source), OPTIMIZE=optimize, CPPPATH=include)


archive = upstream(Path(plan["tree"])) if "tree" in plan else []
generated = [path for path in sorted((folder / "src").rglob("*")) if path.suffix in (".c", ".cc", ".h")]
objects = [compiled(str(path.relative_to(folder / "src")), path, True) for path in generated if path.suffix != ".h"]
headers = [f'#include "{path.name}"' for path in generated if path.suffix == ".h"]
system = ["port/newlib.c"] if archive and script and "-nostdlib" not in machine else []
for path in [
    "main.c",
    plan["link"],
    *system,
    *plan["firmware"],
    *(f"port/{name}" for name in env.GetProjectOption("custom_port").split()),
]:
    text = (firmware / path).read_text(encoding="utf-8")
    objects.append(compiled(path, firmware / path, any(line in text for line in headers)))
env.Append(PIOBUILDFILES=objects, LIBS=archive)

program = env.BuildProgram()
if script:
    env.Depends(program, top(script))
results = [env.Command(top(folder / "firmware.elf"), program, env.VerboseAction(publish, "Writing $TARGET"))]
if image == "esp32":
    action = env.VerboseAction(write_esp32, "Writing $TARGET")
    results.append(env.Command(top(folder / "firmware.bin"), results[0], action))
elif image == "esp32c3":  # constants at one address for the core and at another, behind the code, in flash
    move = plan["memory"]["code_origin"] - plan["memory"]["constants_origin"]
    moved = " ".join(f"--change-section-lma {section}+{move}" for section in (".rodata", ".data"))
    command = env.VerboseAction(f"$OBJCOPY -O binary {moved} $SOURCE $TARGET", "Writing $TARGET")
    results.append(env.Command(top(folder / "firmware.bin"), results[0], command))
elif prefix and image != "elf":
    for form, name in (("binary", "bin"), ("ihex", "hex")):
        command = env.VerboseAction(f"$OBJCOPY -O {form} $SOURCE $TARGET", "Writing $TARGET")
        results.append(env.Command(top(folder / f"firmware.{name}"), results[0], command))
if image == "rp2040":
    action = env.VerboseAction(write_uf2, "Writing $TARGET")
    results.append(env.Command(top(folder / "firmware.uf2"), results[1], action))
env.Default(results)
