"""One C function that computes a kernel on an ISA: when it may be taken, and what it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gen.model.ops import KERNELS
from gen.model.ops.operator import Call, CStruct


def always(call: Call) -> bool:
    return True


def no_scratch(call: Call) -> int:
    return 0


def unchanged(call: Call) -> Mapping[str, Any]:
    return call.params


@dataclass(frozen=True)
class Variant:
    """The function nn_<name> of one ISA."""

    # Whose reference it must equal, byte for byte, on every call that it accepts.
    kernel: str
    isa: str
    name: str
    # Below firmware/kernels/, .c or .S.
    files: tuple[str, ...]
    # Which of firmware/kernels/ declares it.
    header: str
    struct: CStruct
    accepts: Callable[[Call], bool] = always
    # The fields of `struct` from the call's parameters; constants may be of any layout and any integer dtype that the
    # field's C type names.
    pack: Callable[[Call], Mapping[str, Any]] = unchanged
    # Bytes that the function may use while it runs, aligned to 16.
    scratch_bytes: Callable[[Call], int] = no_scratch
    # Whether y may be x.
    in_place: bool = False
    # Whether it takes calls whose output pixels lie apart (gen/model/ops/operator.py, Part).
    apart: bool = False
    # Whether its constants are so much larger than the model's own that they are taken only as far as the optimization
    # level's budget goes.
    larger_constants: bool = False
    # Roughly how many each MAC takes: what larger constants save, and whether an output of its own does.
    instructions: float = 1.0
    cycles: float = 1.0

    @property
    def own_layout(self) -> bool:
        """Takes nn.h's struct with the model's own constants, without scratch memory."""
        return self.pack is unchanged and self.scratch_bytes is no_scratch


def own_layout(
    kernel: str,
    isa: str,
    *files: str,
    header: str,
    name: str = "",
    accepts: Callable[[Call], bool] = always,
    in_place: bool = False,
) -> Variant:
    """nn_<name>, by itself nn_<kernel>_<isa>, which takes the model's own constants."""
    return Variant(
        kernel=kernel,
        isa=isa,
        name=name or f"{kernel}_{isa}",
        files=files,
        header=header,
        struct=KERNELS[kernel].struct,
        accepts=accepts,
        in_place=in_place,
    )


def in_place_too(variant: Variant, name: str, accepts: Callable[[Call], bool]) -> tuple[Variant, Variant]:
    """The variant as nn_<name> where its output may lie on its input, which `accepts` says of calls that the variant
    accepts; and as it is, for all others. A struct named after the variant has one named after the other beside it."""
    own = variant.struct.name == f"nn_{variant.name}_t"
    other = replace(
        variant,
        name=name,
        struct=CStruct(f"nn_{name}_t", variant.struct.fields) if own else variant.struct,
        accepts=lambda call: accepts(call) and variant.accepts(call),
        in_place=True,
    )
    return other, variant
