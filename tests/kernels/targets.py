"""The machines that kernels are tested on: the host with sanitizers, and emulated ones."""

import struct
from dataclasses import dataclass

# What cortex_m.ld asks for, on Arm's MPS2 FPGA images.
MPS2_MEMORY = ("flash_origin=0", "flash_bytes=0x400000", "ram_origin=0x20000000", "ram_bytes=0x400000",
               "stack_reserve=0x4000")  # fmt: skip
# And on its MPS3 image AN547: both are tightly coupled memories.
MPS3_MEMORY = ("flash_origin=0", "flash_bytes=0x80000", "ram_origin=0x20000000", "ram_bytes=0x80000",
               "stack_reserve=0x4000")  # fmt: skip
# What riscv.ld and xtensa.ld ask for; the lx60 has most RAM where the ESP32 writes to its UART.
VIRT_MEMORY = ("code_origin=0x80000000", "code_bytes=0x400000", "constants_origin=0x80000000",
               "constants_bytes=0x400000", "ram_origin=0x80400000", "ram_bytes=0x400000",
               "stack_reserve=0x4000")  # fmt: skip
LX60_MEMORY = ("code_origin=0x40080000", "code_bytes=0x40000", "constants_origin=0x60000000",
               "constants_bytes=0x400000", "ram_origin=0x60400000", "ram_bytes=0x400000",
               "stack_reserve=0x4000")  # fmt: skip
FREESTANDING = ("-ffreestanding", "-fbuiltin", "-nostdlib", "-isystemfirmware/port/freestanding")
# A multiplexed stdio receives three times as fast, see platformio.ini.
LINE = ("-display", "none", "-monitor", "none", "-echr", "0x100", "-chardev", "stdio,id=line,mux=on", "-serial",
        "chardev:line")  # fmt: skip
# The harness's own line, see line.c.
SEMIHOSTING = ("-display", "none", "-monitor", "none", "-serial", "null", "-semihosting-config",
               "enable=on,target=native")  # fmt: skip
QEMU = ("-icount", "shift=0", *SEMIHOSTING)


@dataclass(frozen=True)
class Target:
    """isa: whose kernels it can run. machine: the command that runs the ELF, "{elf}" replaced by its path.
    sources: port and start-up, relative to the checkout."""

    name: str
    compiler: str
    flags: tuple[str, ...]
    sources: tuple[str, ...]
    machine: tuple[str, ...]
    isa: str = "portable"
    pointer_bytes: int = 4
    libraries: tuple[str, ...] = ()

    @property
    def windowed(self) -> bool:
        """Whether it has register windows: what it counts then are interrupts."""
        return "-mabi=windowed" in self.flags


TARGETS = {
    target.name: target
    for target in (
        Target(
            "host",
            "gcc",
            ("-O1", "-g", "-DHARNESS_HEAP", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
            ("firmware/port/host.c",),
            ("{elf}",),
            pointer_bytes=struct.calcsize("P"),
        ),
        Target(
            "cortex-m3",
            "arm-none-eabi-gcc",
            (
                *("-O2", "-mcpu=cortex-m3", "-mthumb", "-ffunction-sections", "-Wl,--gc-sections", "-nostartfiles"),
                *("-Tfirmware/port/cortex_m.ld", "-DHARNESS_POOL_BYTES=0x100000"),
                *("-DPORT_CLOCK_HZ=25000000", *(f"-Wl,--defsym=port_{symbol}" for symbol in MPS2_MEMORY)),
            ),
            ("firmware/port/cortex_m.c", "firmware/port/mps2.c"),
            ("qemu-system-arm", "-M", "mps2-an385", *QEMU, "-kernel", "{elf}"),
            isa="armv7m",
        ),
        Target(
            "cortex-m4",
            "arm-none-eabi-gcc",
            (
                *("-O2", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-ffunction-sections"),
                *("-Wl,--gc-sections", "-nostartfiles", "-Tfirmware/port/cortex_m.ld", "-DHARNESS_POOL_BYTES=0x100000"),
                *("-DPORT_CLOCK_HZ=25000000", *(f"-Wl,--defsym=port_{symbol}" for symbol in MPS2_MEMORY)),
            ),
            ("firmware/port/cortex_m.c", "firmware/port/mps2.c"),
            ("qemu-system-arm", "-M", "mps2-an386", *QEMU, "-kernel", "{elf}"),
            isa="dsp",
        ),
        Target(
            "cortex-m55",
            "arm-none-eabi-gcc",
            (
                *("-O2", "-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard", "-ffunction-sections", "-Wl,--gc-sections"),
                *("-nostartfiles", "-Tfirmware/port/cortex_m.ld", "-DHARNESS_POOL_BYTES=0x60000"),
                *(
                    "-DPORT_CLOCK_HZ=32000000",
                    "-DPORT_UART_HZ=25000000",
                    "-DPORT_UART=0x59303000",
                    "-DPORT_UART_IRQ=33",
                ),
                *(f"-Wl,--defsym=port_{symbol}" for symbol in MPS3_MEMORY),
            ),
            ("firmware/port/cortex_m.c", "firmware/port/mps2.c"),
            ("qemu-system-arm", "-M", "mps3-an547", *QEMU, "-kernel", "{elf}"),
            isa="mve",
        ),
        Target(
            "riscv",
            "riscv64-unknown-elf-gcc",
            (
                *("-O2", "-march=rv32imc", "-misa-spec=2.2", "-mabi=ilp32", "-msmall-data-limit=0", *FREESTANDING),
                *("-ffunction-sections", "-Wl,--gc-sections", "-nostartfiles", "-Tfirmware/port/riscv.ld"),
                *("-DHARNESS_POOL_BYTES=0x100000", *(f"-Wl,--defsym=port_{symbol}" for symbol in VIRT_MEMORY)),
            ),
            tuple(f"firmware/port/{file}" for file in ("qemu_virt.c", "riscv.S", "bare.c", "freestanding/string.c")),
            (
                *("qemu-system-riscv32", "-M", "virt", "-cpu", "rv32,a=off,f=off,d=off,mmu=off", "-bios", "none"),
                *(*QEMU, "-kernel", "{elf}"),
            ),
            isa="riscv",
            libraries=("-lgcc",),
        ),
        Target(
            "xtensa",
            "xtensa-lx106-elf-gcc",
            (
                *("-O2", "-mtext-section-literals", *FREESTANDING, "-ffunction-sections", "-Wl,--gc-sections"),
                *("-nostartfiles", "-Tfirmware/port/xtensa.ld", "-DHARNESS_POOL_BYTES=0x100000"),
                *(f"-Wl,--defsym=port_{symbol}" for symbol in LX60_MEMORY),
            ),
            tuple(
                f"firmware/port/{file}"
                for file in ("qemu_lx60.c", "xtensa.S", "bare.c", "xtensa_arithmetic.c", "freestanding/string.c")
            ),
            (
                *("qemu-system-xtensa", "-M", "lx60", "-cpu", "lx106", "-icount", "shift=7,sleep=off"),
                *(*SEMIHOSTING, "-kernel", "{elf}"),
            ),
            isa="xtensa",
            libraries=("-lgcc",),
        ),
    )
}
