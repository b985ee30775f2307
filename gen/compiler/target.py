"""What code is generated for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A kind of machine, as far as generated code depends on it."""

    isa: str  # a key of kernels.select.FALLBACK: which kernels the machine can run
    pointer_bytes: int  # of its ABI
