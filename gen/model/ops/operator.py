"""What one file in gen/model/ops provides, and the bridge from its numbers to the C structs of
firmware/kernels/nn.h."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from gen.model.graph import Array, Graph, Op, Tensor
from gen.model.ops.interval import Interval

# C type -> (size, alignment); a pointer's are those of the target's ABI.
C_TYPES = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "float": 4}


@dataclass(frozen=True)
class Field:
    """One member of a C struct: a number, a fixed array of `count` numbers, or (pointer) the address of constants."""

    name: str
    ctype: str
    count: int = 1
    pointer: bool = False


@dataclass(frozen=True)
class CStruct:
    """A parameter struct of nn.h, fields in the order of the header."""

    name: str
    fields: tuple[Field, ...]
    # The file of firmware/tflm/fits that checks it where it goes with the model.
    fits: str | None = None

    def layout(self, pointer_bytes: int) -> tuple[dict[str, int], int]:
        """(offset of each field, sizeof) under the natural alignment that every ABI we target uses."""
        offsets: dict[str, int] = {}
        end, widest = 0, 1
        for field in self.fields:
            size = pointer_bytes if field.pointer else C_TYPES[field.ctype]
            offsets[field.name] = end = -(-end // size) * size
            end += size * (1 if field.pointer else field.count)
            widest = max(widest, size)
        return offsets, -(-end // widest) * widest


def numbers(ctype: str, names: str) -> tuple[Field, ...]:
    """Fields of one C type from a line of names: numbers("int16_t", "act_min act_max"); "dims[4]" is an array."""
    fields = []
    for name in names.split():
        stem, _, count = name.rstrip("]").partition("[")
        fields.append(Field(stem, ctype, int(count or 1)))
    return tuple(fields)


def pointers(ctype: str, names: str) -> tuple[Field, ...]:
    return tuple(Field(name, ctype, pointer=True) for name in names.split())


NO_KERNEL = ""  # of an operator that only says which one comes next


@dataclass(frozen=True)
class Call:
    """One kernel call, or of NO_KERNEL."""

    op: Op
    kernel: str
    # Plain ints, floats, tuples, arrays for pointers; None for NULL.
    params: Mapping[str, Any]
    # Indices of the tensors that the kernel takes at run time, and of those that it writes.
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    # Multiplications.
    macs: int = 0
    # Bytes of the arena that are free while it runs, for scratch.
    scratch_budget: int = 0
    # Likewise if the output lies on the first input; 0 where it can't.
    scratch_budget_in_place: int = 0
    # Variables that it changes, as tensors: its kernel reads and writes them in place.
    state: tuple[int, ...] = ()
    # The same as calls of another kernel on the first input, each for some of the output's pixels; (): there are none.
    parts: tuple["Part", ...] = ()

    @property
    def output(self) -> int:
        """The output, of a kernel that has one."""
        return self.outputs[0]

    @property
    def is_control(self) -> bool:
        return self.kernel == NO_KERNEL


@dataclass(frozen=True)
class Part:
    """Pixels of a call's output that lie apart: a call with the parameters y_pixel and y_row besides, bytes from one
    pixel and from one row to the next, and where in bytes the first pixel is."""

    call: Call
    y_offset: int


class Channels(Enum):
    """How the channels (last axis) of a kernel's output come from those of its first input."""

    KEPT = "each from the one of the same number"
    MIXED = "each from all of them, by weights"
    TILED = "the input's in order, over and over"


def nothing(call: Call, pointer_bytes: int) -> int:
    return 0


def no_view(params: Mapping[str, Any]) -> Sequence[int] | None:
    return None


def no_other(call: Call) -> Call | None:
    return None


def unknown_channels(params: Mapping[str, Any]) -> Channels | None:
    return None


@dataclass(frozen=True)
class Kernel:
    """One kernel's contract: its C struct, what it computes, and all that planners and passes need to know of it."""

    name: str
    struct: CStruct
    # (params, inputs) -> output, in NumPy, equal to TFLM byte for byte; arrays have the tensors' shapes, the output has
    # any shape with the right number of elements (NHWC order). A list of them where the kernel has several. Of a kernel
    # with state: its variables behind the inputs, and behind the outputs their new values.
    reference: Callable[[Mapping[str, Any], Sequence[Array]], Any]
    # Of its first input, or of its output where it has none.
    types: tuple[str, ...] = ("int8",)
    # How many tensors it reads at run time; None: a list of any length.
    arity: int | None = 1
    # How many tensors it writes; None: a list of any length.
    outputs: int | None = 1
    # How many variables it changes.
    state: int = 0
    # Whether its output is its inputs one after another, in as many runs as its param outer says.
    joins: bool = False
    # Whether y may be the first input, where that and y have as many bytes.
    in_place: bool = False
    # (call, pointer bytes) -> bytes that the interpreter allocates besides its struct when it prepares it.
    interpreter_bytes: Callable[[Call, int], int] = nothing
    # params -> at which byte of the input each output's bytes lie, in their order; None: they don't.
    view: Callable[[Mapping[str, Any]], Sequence[int] | None] = no_view
    # A call of another kernel that computes the same in fewer steps; None: there is none.
    simpler: Callable[[Call], Call | None] = no_other
    # Whether its outputs depend on no activation.
    is_constant: bool = False
    # Of a sum (1) or a difference (-1) of two inputs that is rescaled: the second one's sign.
    second_sign: int = 0
    # Whether it puts values around its input, as many as its params before and after say.
    pads: bool = False
    # params -> how its channels come from the input's; None: in no way that a pass could use.
    channels: Callable[[Mapping[str, Any]], Channels | None] = unknown_channels
    # (call, bounds of the first input, output tensor) -> bounds of the output; None: anything.
    interval: Callable[[Call, Interval, Tensor], Interval] | None = None
    # (call, first output row, behind the last, which input comes in bands, elements of one of its rows) -> the call for
    # these rows, and which rows of that input they need: first, behind the last. None: it can't run in bands of rows.
    rows: Callable[[Call, int, int, int, int], tuple[Call, int, int]] | None = None
    # Whether its output may be computed in bands for another kernel, and whether it may be that other one.
    begins_bands: bool = False
    ends_bands: bool = False

    @property
    def weighted(self) -> bool:
        """Whether it has constant weights, and so a bias and multipliers."""
        return any(field.name == "weights" for field in self.struct.fields)


@dataclass(frozen=True)
class Kept:
    """State of an operator that its file has no tensor for: zeros after a reset."""

    dtype: str
    shape: tuple[int, ...]


def keeps_nothing(options: Mapping[str, Any], shape: Sequence[int]) -> Sequence[Kept]:
    return ()


@dataclass(frozen=True)
class Operator:
    """One TFLite operator."""

    name: str
    # Its name in TFLite's BuiltinOperator.
    builtin: str
    # MicroMutableOpResolver's Add method, without the Add.
    tflm: str
    # Its table of options, and attributes in it -> defaults, named as in the schema ("StrideH"); of a custom operator
    # the keys that its flexbuffer has, all or none of which are read.
    options_table: str | None
    options: Mapping[str, Any]
    # Checks the operator and returns its kernel call; raises UnsupportedOp, NotQuantized.
    lower: Callable[[Graph, Op], Call]
    # Kernels that its calls may be of; () is one of its own name.
    kernels: tuple[str, ...] = ()
    # Files of firmware/tflm/ops that prepare it on the device; (): it is prepared here, and its kernel's parameters go
    # with the model (gen/compiler/engines/prepared.py).
    interpreter: tuple[str, ...] = ()
    # Of its kernels, those whose calls are prepared here although it has such files.
    prepared: tuple[str, ...] = ()
    # Whether it turns one type into another at a model's rim.
    is_rim: bool = False
    # Whether it works on a resource variable, which gen/model/rewrites/variables.py has made a tensor of.
    is_resource: bool = False
    # Whether it calls subgraphs, which gen/model/rewrites/control.py has put in its place.
    is_control: bool = False
    # Whether its output is its input under another shape.
    is_view: bool = False
    # (options, shape of its first input) -> what it keeps to itself from one inference to the next, of which
    # gen/model/rewrites/hidden.py makes variable tensors, which come behind its inputs.
    keeps: Callable[[Mapping[str, Any], Sequence[int]], Sequence[Kept]] = keeps_nothing
    # What TensorFlow calls the nodes that it is made of, in lower case, where they are not called as it is.
    nodes: tuple[str, ...] = ()
    # Whether its option Padding may be numbers, as passes.merge_pads puts them.
    takes_padding: bool = False
    # The fused activation that does the same where nothing is rescaled.
    activation: str | None = None
    # Of its first input, where they are not all that its kernels take.
    only_types: tuple[str, ...] = ()

    @property
    def kernel_names(self) -> tuple[str, ...]:
        return self.kernels or (self.name,)

    def types(self, kernels: Mapping[str, Kernel]) -> tuple[str, ...]:
        """Of its first input; kernels: all by name."""
        return self.only_types or tuple(dict.fromkeys(t for name in self.kernel_names for t in kernels[name].types))

    @property
    def prepared_kernels(self) -> tuple[str, ...]:
        """Kernels whose calls are prepared here and go with the model."""
        return self.prepared if self.interpreter else self.kernel_names

    @property
    def own_kernels(self) -> tuple[str, ...]:
        """The others, which its files in firmware/tflm/ops call."""
        return tuple(name for name in self.kernel_names if name not in self.prepared_kernels)


def int8_array(values: Any) -> Array:
    return np.ascontiguousarray(values, dtype=np.int8)


def int32_array(values: Any) -> Array:
    return np.ascontiguousarray(values, dtype=np.int32)
