# SPDX-License-Identifier: Apache-2.0
"""PlatformIO's view of our platform: which packages a board needs."""

import shutil

from platformio.platform.base import PlatformBase

TOOLCHAINS = {
    "arm-none-eabi-": "toolchain-gccarmnoneeabi",
    "riscv64-unknown-elf-": "toolchain-riscv32-esp",
    "xtensa-lx106-elf-": "toolchain-xtensa",
}


class TinygenPlatform(PlatformBase):
    def get_build_script(self):
        """Relative to the project: the checkout's own path may be one that SCons takes for something else."""
        return "firmware/pio/builder/main.py"

    def configure_default_packages(self, options, targets):
        """Requires PlatformIO's toolchain where the board's compiler is not on PATH; where it is, PATH's is used."""
        for prefix, package in TOOLCHAINS.items():
            if options["custom_toolchain"] == prefix and not shutil.which(f"{prefix}gcc"):
                self.packages[package]["optional"] = False
            else:
                del self.packages[package]
        super().configure_default_packages(options, targets)
