# SPDX-License-Identifier: Apache-2.0
"""Extra script of the environments with `framework = arduino`, which a vendor's platform builds: it adds the model that
`python -m gen build` generated last for this board. builder/main.py does the same for our own platform."""

import json
import os
import shutil
from pathlib import Path

Import("env")  # noqa: F821 (SCons)
env = env  # noqa: F821, PLW0127

firmware = Path(env.subst("$PROJECT_DIR")) / "firmware"
folder = Path(os.environ.get("GEN_FOLDER", ""))
if not (folder / "build.json").is_file():
    board = env.subst("$PIOENV")
    env.Exit(f"error: nothing is generated for {board}; run `python -m gen build MODEL --board {board}`.")
plan = json.loads((folder / "build.json").read_text(encoding="utf-8"))
source = str(folder.absolute() / "src")
ports = [f"port/{name}" for name in env.GetProjectOption("custom_port").split()]


def publish(target, source, env):
    """The linked file to where gen/device/build.py looks for it, whole or not at all."""
    partial = folder / "firmware.elf.partial"
    shutil.copy2(str(target[0]), partial)
    partial.replace(folder / "firmware.elf")


# Arduino's core has main().
env.Replace(SRC_FILTER=["-<*>", *(f"+<{path}>" for path in ["link.c", *plan["firmware"], *ports])])
env.Append(
    CPPPATH=[source, *(str(firmware / path) for path in plan["include_dirs"])],
    CCFLAGS=["-ffp-contract=off"],
    LINKFLAGS=[f"-Wl,-Map={folder / 'firmware.map'}", f"-Wl,--defsym={plan['generation']}=1"],
)
env.BuildSources("$BUILD_DIR/model", source)
env.AddPostAction("$BUILD_DIR/${PROGNAME}.elf", publish)
