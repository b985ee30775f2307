"""Every error that a person can cause, with the process's exit code.

GenError                  2  anything a person can put right; the message says what, where and what to do
├── DiskFull              2  nothing more can be written
├── UsageError            2  wrong word on the command line: unknown board, task, engine, key; missing file
├── ModelError            4  the model can't be used
│   ├── NotTflite         4  the file is not a (whole) .tflite
│   ├── NotQuantized      4  float or hybrid where int8 is needed
│   └── UnsupportedOp     4  an operator, or a variant of one, that no kernel computes
├── DoesNotFit            1  flash or RAM of the board is too small for the model
├── Mismatch              1  the device computed other bytes than the reference
├── MissingTool           3  a program or a Python package is not installed
├── BuildError            6  compiler, linker or PlatformIO failed
└── DeviceError           5  the line to the device
    ├── DeviceSilent      5  nothing valid was received in time
    ├── DeviceGone        5  the port vanished or the emulator ended
    ├── DeviceReset       5  the device started again in the middle of a session
    │   └── StackOverflow 5  because its stack grew out of its reserve
    ├── ProtocolError     5  the device answered, but not as agreed
    └── WrongModel        5  the device runs another model than the one verified
"""

import errno
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import ClassVar

from gen.paths import install


class GenError(Exception):
    """Base of all; str() is one sentence for a person, exit_code the process's exit code."""

    exit_code: ClassVar[int] = 2

    @property
    def kind(self) -> str:
        """Machine-readable name for --json, such as "does_not_fit"."""
        name = type(self).__name__
        return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


class DiskFull(GenError):
    pass


class UsageError(GenError):
    pass


class ModelError(GenError):
    exit_code = 4


class NotTflite(ModelError):
    pass


class NotQuantized(ModelError):
    pass


class UnsupportedOp(ModelError):
    pass


class DoesNotFit(GenError):
    exit_code = 1


class Mismatch(GenError):
    exit_code = 1


class MissingTool(GenError):
    exit_code = 3


class BuildError(GenError):
    exit_code = 6


class DeviceError(GenError):
    exit_code = 5


class DeviceSilent(DeviceError):
    pass


class DeviceGone(DeviceError):
    pass


class DeviceReset(DeviceError):
    pass


class StackOverflow(DeviceReset):
    pass


class ProtocolError(DeviceError):
    pass


class WrongModel(DeviceError):
    pass


def is_full(error: OSError) -> bool:
    """Whether no room is left: on the disk, or of what a user may have there."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def why(error: OSError) -> str:
    """The reason as the end of a sentence."""
    return "the disk is full" if is_full(error) else (error.strerror or str(error)).lower()


def of_os(error: OSError) -> GenError:
    """What nobody expected of a file, in a sentence."""
    file = f"{error.filename} " if error.filename else "a file "
    if is_full(error):
        return DiskFull(f"the disk is full: {file}could not be written; make room, and do it again.")
    return UsageError(f"{file}can't be used: {why(error)}.")


def brief(values: Sequence[object], most: int = 8) -> str:
    """A list of numbers that fits a sentence, however long it is: "[1, 2, 3, ... 5000 in all]"."""
    more = f", ... {len(values)} in all" if len(values) > most else ""
    return f"[{', '.join(map(str, values[:most]))}{more}]"


def unknown(what: str, word: str, known: Iterable[str], see: str) -> UsageError:
    """UsageError for a word that is not among known, with the nearest one when there is one."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"`{see}` lists them."
    return UsageError(f"unknown {what} {word!r}: {hint}")


INSTALL_TRAIN = install("train")
