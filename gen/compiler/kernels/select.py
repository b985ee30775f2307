"""Which C function computes a kernel call on an ISA at an optimization level, and what it wants of its constants.

VARIANTS is the whole choice, best first: `select` takes the first one that the ISA can run and that accepts the call;
`select_all` replaces some by variants with larger constants, as far as the level's budget goes. Everything is decided
here, in Python; there is no dispatch on the device.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np

from gen.compiler.kernels import armv7m, dsp, mve, riscv, xtensa
from gen.compiler.kernels.variant import Variant, own_layout
from gen.model.ops import KERNELS
from gen.model.ops.operator import C_TYPES, NO_KERNEL, Call, CStruct

__all__ = [
    "FALLBACK",
    "LEVELS",
    "VARIANTS",
    "GoOn",
    "Step",
    "Variant",
    "interpreted",
    "select",
    "select_all",
    "select_apart",
]

# What a machine can run, best first. armv7m: Thumb-2 without the DSP extension (Cortex-M3).
FALLBACK = {
    "mve": ("mve", "dsp", "armv7m", "portable"),
    "dsp": ("dsp", "armv7m", "portable"),
    "armv7m": ("armv7m", "portable"),
    "riscv": ("riscv", "portable"),
    "xtensa": ("xtensa", "portable"),
    "portable": ("portable",),
}


VARIANTS: tuple[Variant, ...] = (
    *mve.VARIANTS,
    *dsp.VARIANTS,
    *armv7m.VARIANTS,
    *riscv.VARIANTS,
    *xtensa.VARIANTS,
    *(
        own_layout(name, "portable", f"portable/{name}.c", header="nn.h", in_place=kernel.in_place)
        for name, kernel in KERNELS.items()
    ),
)


@dataclass(frozen=True, eq=False)
class Step:
    """A kernel call with the function that computes it."""

    call: Call
    variant: Variant
    # The fields of variant.struct, constants repacked.
    params: Mapping[str, Any]
    scratch_bytes: int

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Every function that the step calls."""
        return (self.variant,)

    @property
    def in_place(self) -> bool:
        """Whether the output may lie on the first input."""
        return self.variant.in_place

    @property
    def const_bytes(self) -> int:
        """Bytes of the constants, the struct with 4-byte pointers included."""
        fields = (f for f in self.variant.struct.fields if f.pointer and self.params[f.name] is not None)
        arrays = sum(np.size(self.params[f.name]) * C_TYPES[f.ctype] for f in fields)
        return int(arrays) + self.variant.struct.layout(4)[1]


WHOLE = 5.0  # instructions that each MAC takes of what has parts, in portable C


@dataclass(frozen=True, eq=False)
class InParts(Step):
    """A call as calls of another kernel on its first input, each with where in bytes its output begins; the first one's
    function and constants stand for all."""

    steps: tuple[tuple[Step, int], ...]

    @property
    def variants(self) -> tuple[Variant, ...]:
        return tuple(dict.fromkeys(step.variant for step, _ in self.steps))

    @property
    def const_bytes(self) -> int:
        return sum(step.const_bytes for step, _ in self.steps)


# Never called.
_NOTHING = Variant(NO_KERNEL, "portable", NO_KERNEL, (), "nn.h", CStruct(NO_KERNEL, ()))


class GoOn(Step):
    """A step that only says which one comes next: no function computes it."""

    def __init__(self, call: Call) -> None:
        super().__init__(call, _NOTHING, {}, 0)

    @property
    def variants(self) -> tuple[Variant, ...]:
        return ()


@dataclass(frozen=True)
class Level:
    """What speed may cost."""

    # How many times the model's own the constants may be.
    constants: float
    # What one variant with larger constants must save for each of the model's MACs: it may bring code of its own.
    min_saving_per_mac: float
    # Of each MAC, what is to be saved with them.
    cost: Callable[[Variant], float]
    # How many times the smallest one the arena may be for scratch memory that saves instructions, though no more than
    # what operators one after another need without it; 0: none, since it brings code of its own.
    arena: float


# speed is what the emulator counts; balanced what Arm's timings make of it, which on silicon is the better guess.
LEVELS = {
    "size": Level(1.0, 0.0, lambda variant: 0.0, 0.0),
    "balanced": Level(1.1, 0.005, lambda variant: variant.cycles, 1.1),
    "speed": Level(2.5, 0.0, lambda variant: variant.instructions, 2.5),
}


def select(call: Call, isa: str) -> Step:
    """The best variant for a call, of those without larger constants."""
    return _step(call, next(v for v in _variants(call.kernel, isa) if not v.larger_constants and v.accepts(call)))


def in_parts(call: Call, isa: str) -> InParts | None:
    """The call in its parts, where it has some and the machine has a variant for each; every part has its own biases
    and multipliers."""
    steps = [(step, part.y_offset) for part in call.parts if (step := _apart(part.call, isa)) is not None]
    if not steps or len(steps) < len(call.parts):
        return None
    first = steps[0][0]
    scratch = max(step.scratch_bytes for step, _ in steps)
    return InParts(call, first.variant, first.params, scratch, tuple(steps))


def _apart(call: Call, isa: str) -> Step | None:
    """The best variant for a call whose output pixels lie apart, if there is one."""
    taken = (v for v in _variants(call.kernel, isa) if v.apart and v.accepts(call))
    return next((_step(call, variant) for variant in taken), None)


def select_apart(step: Step, isa: str) -> Step | None:
    """For a step that works in place: the best one with an output of its own, if that takes fewer instructions."""
    own = (v for v in _variants(step.call.kernel, isa) if not v.in_place and not v.larger_constants)
    other = next((v for v in own if v.accepts(step.call)), step.variant)
    fewer = step.variant.in_place and other.instructions < step.variant.instructions
    return _step(step.call, other) if fewer else None


def select_all(calls: Sequence[Call], isa: str, level: str, own_bytes: int) -> list[Step]:
    """The best variants for a model's calls: those with larger constants where they save the most for each byte, until
    the level's budget is used up, a multiple of the model's own constants."""
    steps = [select(call, isa) for call in calls]
    cost, left = LEVELS[level].cost, LEVELS[level].constants * own_bytes - sum(step.const_bytes for step in steps)
    larger = [
        (number, _step(call, variant))
        for number, call in enumerate(calls)
        for variant in _before(steps[number].variant, _variants(call.kernel, isa))
        if variant.larger_constants and variant.accepts(call)
    ]
    larger += [(number, parts) for number, call in enumerate(calls) if (parts := in_parts(call, isa)) is not None]
    min_saving = LEVELS[level].min_saving_per_mac * sum(call.macs for call in calls)
    while True:
        offers = []
        for number, step in larger:
            extra = step.const_bytes - steps[number].const_bytes
            saved = _cost(steps[number], cost) - _cost(step, cost)
            if saved > min_saving and extra <= left:
                offers.append((saved / max(extra, 1), -number, extra, step))
        if not offers:
            return steps
        _, number, extra, step = max(offers, key=lambda offer: offer[:3])
        steps[-number] = step
        left -= extra


def _cost(step: Step, of_mac: Callable[[Variant], float]) -> float:
    """Roughly, of all its MACs."""
    if isinstance(step, InParts):
        return sum(_cost(part, of_mac) for part, _ in step.steps)
    return step.call.macs * (WHOLE if step.call.parts else of_mac(step.variant))


def interpreted(kernel: str, calls: Iterable[Call], isa: str) -> Variant:
    """The best variant that takes nn.h's struct with the model's own constants, so that an interpreter can prepare it
    on the device, and that accepts all of a model's calls of this kernel: the interpreter has one function for them."""
    mine = [call for call in calls if call.kernel == kernel]
    return next(v for v in _variants(kernel, isa) if v.own_layout and all(map(v.accepts, mine)))


def _before(variant: Variant, variants: Iterable[Variant]) -> Iterator[Variant]:
    """The better ones: those of a lesser ISA come after it."""
    return takewhile(lambda other: other is not variant, variants)


def _step(call: Call, variant: Variant) -> Step:
    return Step(call, variant, variant.pack(call), variant.scratch_bytes(call))


def _variants(kernel: str, isa: str) -> Iterator[Variant]:
    """Those that the machine can run, best first; the last one, portable, accepts every call."""
    return (v for v in VARIANTS if v.kernel == kernel and v.isa in FALLBACK[isa])
