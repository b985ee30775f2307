"""One C function that computes a kernel on an ISA: when it may be taken, and what it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gen.model.ops.operator import Call, CStruct


def always(call: Call) -> bool:
    return True


def no_scratch(call: Call) -> int:
    return 0


def unchanged(call: Call) -> Mapping[str, Any]:
    return call.params


@dataclass(frozen=True)
class Variant:
    """The function nn_<name> in `files` (below firmware/kernels/, .c or .S), declared by `header`.

    kernel: whose reference it must equal, byte for byte, on every call that it accepts. pack: the fields of `struct`
    from the call's parameters; constants may be of any layout and any integer dtype that the field's C type names.
    scratch_bytes: memory that the function may use while it runs, aligned to 16. in_place: whether y may be x.
    dear: its constants are so much larger than the model's own that they are taken only as far as the optimization
    level's budget goes. instructions, cycles: roughly how many each MAC takes, to say what a dear variant saves, and
    whether an output of its own does."""

    kernel: str
    isa: str
    name: str
    files: tuple[str, ...]
    header: str
    struct: CStruct
    accepts: Callable[[Call], bool] = always
    pack: Callable[[Call], Mapping[str, Any]] = unchanged
    scratch_bytes: Callable[[Call], int] = no_scratch
    in_place: bool = False
    dear: bool = False
    instructions: float = 1.0
    cycles: float = 1.0

    @property
    def own_layout(self) -> bool:
        """Takes nn.h's struct with the model's own constants, without scratch memory."""
        return self.pack is unchanged and self.scratch_bytes is no_scratch
