"""A second opinion: upstream TFLM as the package tflite-micro carries it (Linux x86-64 only), in a process of its own,
since it ends its process on some models that it does not run."""

import atexit
import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from importlib import metadata, util
from typing import Any

import numpy as np

from gen.errors import Mismatch
from gen.model.graph import Array, Graph
from gen.model.rewrites.tail import whole
from gen.paths import PACKAGE

# Whose rounding the NumPy reference has. Upstream's multipliers differ from version to version: those of a dozen
# operators were rounded to float32 on the way in the sources of August 2026 and earlier, and are double in this one.
FOLLOWED = "0.dev20261023182759"
OWN = f"NumPy reference with the rounding of TFLM {FOLLOWED}"
ARENA_MORE = 1 << 20  # bytes beside twice the activations and ten times the model, which its own guess falls short of


class Unconfirmed(Exception):
    """Why upstream TFLM has no outputs for a model; str() follows "because"."""


def available() -> bool:
    return util.find_spec("tflite_micro") is not None


def outputs(
    content: bytes, vectors: Sequence[Sequence[Array]], count: int, activation_bytes: int = 0
) -> list[list[Array]]:
    """What TFLM's reference kernels compute: for each vector, in this order and without a reset between them, the
    `count` outputs of the .tflite content. activation_bytes: of all tensors together, for the arena.

    Raises Unconfirmed where it refuses the model, or crashes."""
    arena = 10 * len(content) + 2 * activation_bytes + ARENA_MORE
    request: dict[str, Any] = {"content": np.frombuffer(content, np.uint8), "count": count, "arena": arena}
    for number, inputs in enumerate(vectors):
        request |= {f"{number}_{index}": array for index, array in enumerate(inputs)}
    answer = _worker().ask(request | {"vectors": len(vectors)})
    return [[answer[f"{number}_{index}"] for index in range(count)] for number in range(len(vectors))]


def confirm(graph: Graph, content: bytes, vectors: Sequence[list[Array]], truth: Sequence[list[Array]]) -> str:
    """The name of the reference for a report. TFLM is given what the device gets: itself it would not look for
    constants behind the flatbuffer, and would go on in float32 where the device ends. Raises Mismatch should upstream
    TFLM ever disagree with ours."""
    if not available():
        return f"{OWN}, unconfirmed, because tflite-micro is not installed"
    version = metadata.version("tflite-micro")
    try:
        theirs = outputs(whole(content).content, vectors, len(truth[0]), sum(t.size_bytes for t in graph.activations))
    except Unconfirmed as why:
        return f"{OWN}, unconfirmed, because {why}"
    for number, (ours, other) in enumerate(zip(truth, theirs, strict=True)):
        if any(a.tobytes() != b.tobytes() for a, b in zip(ours, other, strict=True)):
            raise Mismatch(
                f"the host reference and tflite-micro {version} disagree on vector {number}: "
                + (
                    "this is a bug in the generator, please report it with the model."
                    if version == FOLLOWED
                    else f"the reference follows {FOLLOWED}, install that one (`pip install tflite-micro=={FOLLOWED}`)."
                )
            )
    return f"{OWN}, confirmed by tflite-micro {version}"


class _Worker:
    """The process that has tflite-micro; started anew after a crash."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process)
        self.turn = threading.Lock()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Raises Unconfirmed."""
        with self.turn:
            try:
                answer = self._ask(request)
            except (BrokenPipeError, EOFError):
                assert self.process is not None
                raise Unconfirmed(self._with_log(_ending(self.process.wait()))) from None
            except BaseException:  # such as Ctrl-C: what it would answer next belongs to this request
                self.end()
                raise
            finally:
                if self.process is not None and self.process.poll() is not None:
                    self.end()
            if "refused" in answer:
                raise Unconfirmed(self._with_log(f"tflite-micro refuses the model ({answer['refused']})"))
            return answer

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.log.seek(0)
        self.log.truncate()
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from gen.model.upstream_worker import main; main()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.log,
                env=os.environ | {"PYTHONPATH": str(PACKAGE.parent)},
                start_new_session=True,  # Ctrl-C reaches us alone, and we end it
            )
        assert self.process.stdin is not None and self.process.stdout is not None
        write(self.process.stdin, request)
        return read(self.process.stdout)

    def _with_log(self, reason: str) -> str:
        """The reason with the last line of what TFLM said of it."""
        self.log.seek(0)
        lines = [line.strip() for line in self.log.read().decode(errors="replace").splitlines() if line.strip()]
        return f"{reason}: {lines[-1][:160].rstrip('.')}" if lines else reason

    def end(self) -> None:
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()
        self.process = None


@cache
def _worker() -> _Worker:
    worker = _Worker()
    atexit.register(worker.log.close)
    atexit.register(worker.end)
    return worker


def _ending(status: int) -> str:
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
    return f"tflite-micro {how} on the model"


def write(pipe: Any, arrays: dict[str, Any]) -> None:
    """One message: its length in 8 bytes, little-endian, and an .npz, which can't carry code."""
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    content = packed.getvalue()
    pipe.write(len(content).to_bytes(8, "little") + content)
    pipe.flush()


def read(pipe: Any) -> dict[str, Any]:
    """The message that write() sent. Raises EOFError where the other side is gone."""
    length = int.from_bytes(_exactly(pipe, 8), "little")
    with np.load(io.BytesIO(_exactly(pipe, length)), allow_pickle=False) as message:
        return {name: message[name] for name in message.files}


def _exactly(pipe: Any, count: int) -> bytes:
    content: bytes = pipe.read(count)
    if len(content) < count:
        raise EOFError
    return content
