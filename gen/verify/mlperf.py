"""MLPerf Tiny's serial API: what the firmware is told about a model, and the runner's part of the conversation.

firmware/mlperf.c is the other side. Commands end with "%", every answer with a line "m-ready"; texts, the order of the
commands and the 31 bytes of one `db` are those of github.com/mlcommons/tiny, benchmark/api and benchmark/runner.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median_low

import numpy as np

from gen.compiler.engines import Sources
from gen.device.transport import Stream
from gen.errors import DeviceSilent, ModelError, ProtocolError, WrongModel
from gen.learn.objective import Metric
from gen.model.graph import Array, Graph, Tensor
from gen.render import render
from gen.verify.compare import EXACT, MISMATCH, Expected, Progress
from gen.verify.vectors import Vectors

FIRMWARE = "mlperf.c"
PROFILE = "ULPMark for tinyML Firmware V0.0.1"  # how the runner knows the API
BYTES_A_COMMAND = 31
READY = "m-ready"

# Seconds:
START_S, ANSWER_S, INFER_S = 10.0, 5.0, 60.0  # until giving up
AGAIN_S = 1.0  # of silence until the device is called again
QUIET_S = 0.3  # of silence after which nothing more will come

# What the db buffer holds, see firmware/mlperf.c.
TENSOR, PIXELS, FEATURES = "MLPERF_TENSOR", "MLPERF_PIXELS", "MLPERF_FEATURES"
# Elements of input and output -> what the runner calls the benchmark, what it sends.
BENCHMARKS = {
    (490, 12): ("kws01", TENSOR),
    (27648, 2): ("vww01", PIXELS),
    (3072, 10): ("ic01", PIXELS),
    (640, 640): ("ad01", FEATURES),
}


@dataclass(frozen=True, eq=False)
class Interface:
    """A model as the runner sees it."""

    model: str  # a name of BENCHMARKS, or the model's own
    db: str  # TENSOR, PIXELS, FEATURES: what its buffer holds
    x: Tensor
    y: Tensor

    @property
    def db_bytes(self) -> int:
        """How many bytes `db load` announces."""
        return self.x.elements * 4 if self.db == FEATURES else self.x.size_bytes

    def payload(self, x: Array) -> bytes:
        """What the runner sends for an input tensor (of its shape and dtype)."""
        if self.db == TENSOR:
            return x.tobytes()
        if self.db == PIXELS:
            return (x.astype(np.int16) + 128).astype(np.uint8).tobytes()
        return _real(self.x, x).tobytes()

    def results(self, x: Array, y: Array) -> str:
        """What the device prints between the brackets of m-results: each output, or the mean squared error, as
        printf's %.3f; computed in float32 in the device's order."""
        values = _real(self.y, y).ravel()
        if self.db == FEATURES:
            squares = (values - _real(self.x, x).ravel()) ** 2
            values = squares.cumsum(dtype=np.float32)[-1:] / np.float32(squares.size)  # cumsum() adds one by one
        return ",".join(f"{value:.3f}" for value in values.tolist())


def interface(graph: Graph) -> Interface:
    """Raises ModelError unless the model has one input and one output, which is all that the API can name."""
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ModelError(
            f"{graph.name} has {len(graph.inputs)} inputs and {len(graph.outputs)} outputs: MLPerf Tiny's serial API "
            "is for models with one of each, leave --protocol out."
        )
    x, y = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    name, db = BENCHMARKS.get((x.elements, y.elements), (graph.name, TENSOR))
    return Interface(name, db, x, y) if x.dtype == y.dtype == "int8" else Interface(graph.name, TENSOR, x, y)


def with_mlperf_api(sources: Sources, graph: Graph) -> Sources:
    """The same firmware of the model graph behind MLPerf Tiny's serial API. Raises ModelError, see interface()."""
    seen = interface(graph)
    header = render(
        "mlperf_model.h",
        name=sources.name,
        profile=PROFILE,
        model=seen.model,
        db=seen.db,
        db_bytes=seen.db_bytes,
        input=_quantization(seen.x) if seen.db == FEATURES else None,
        outputs=seen.y.elements,
        output=_quantization(seen.y) if seen.y.dtype == "int8" else None,
    )
    return replace(sources, link=FIRMWARE, files={**sources.files, "mlperf_model.h": header})


def _quantization(tensor: Tensor) -> dict[str, str]:
    return {"scale": f"{float(tensor.scale).hex()}f", "zero_point": f"({tensor.zero_point})"}


def _real(tensor: Tensor, stored: Array) -> Array:
    """The float32 values that a tensor's elements stand for."""
    if stored.dtype != np.int8:
        return stored
    values: Array = (stored.astype(np.int32) - tensor.zero_point).astype(np.float32) * np.float32(tensor.scale)
    return values


@dataclass(frozen=True)
class Inference:
    """What `infer` answered."""

    results: str  # as printed, the values between the brackets
    start_us: int  # the device's time at the two laps
    end_us: int


class Runner:
    """The runner's side of one conversation over a stream.

    Every method raises DeviceSilent when an answer does not come in time, DeviceGone when the line ends, ProtocolError
    when the device answers otherwise than agreed."""

    def __init__(
        self, stream: Stream, *, start_s: float = START_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._start_s = start_s
        self._clock = clock
        self._backlog = b""

    def start(self) -> str:
        """Ends whatever command was begun, waits for the device to answer `name`, which it may do several times while
        it starts, and then for silence. Returns the name."""
        deadline = self._clock() + self._start_s
        while self._clock() < deadline:
            self._stream.write(b"%name%")
            for line in self._lines(min(AGAIN_S, deadline - self._clock())):
                if match := re.fullmatch(r"m-name-dut-\[(.*)\]", line):
                    while self._clock() < deadline and self._stream.read(QUIET_S):
                        pass
                    self._backlog = b""
                    return match[1]
        raise DeviceSilent(
            f"{self._stream.name} does not answer `name` within {self._start_s:g} s: check the port and the baud rate, "
            "and that a firmware built with --protocol mlperf is on the board"
        )

    def ask(self, command: str, timeout_s: float = ANSWER_S) -> list[str]:
        """The lines of the answer, without m-ready. Also raises ProtocolError when one of them is an error message."""
        self._stream.write(command.encode("ascii") + b"%")
        lines: list[str] = []
        for line in self._lines(timeout_s):
            if line == READY:
                return lines
            if not line.startswith("m-"):
                raise ProtocolError(f"{self._stream.name} answers {command!r} with {line!r}: verify again")
            lines.append(line)
        raise DeviceSilent(f"{self._stream.name} did not finish its answer to {command!r} within {timeout_s:g} s")

    def profile(self) -> tuple[str, str]:
        """The firmware's profile and the model's name."""
        return self._first("profile", r"m-profile-\[(.*)\]"), self._first("profile", r"m-model-\[(.*)\]")

    def timestamp(self) -> int:
        """The device's time in microseconds."""
        return int(self._first("timestamp", r"m-lap-us-(\d+)"))

    def load(self, data: bytes) -> None:
        """Fills the db buffer."""
        self._first(f"db load {len(data)}", rf"(m-\[Expecting {len(data)} bytes\])")
        for at in range(0, len(data), BYTES_A_COMMAND):
            lines = self.ask(f"db {data[at : at + BYTES_A_COMMAND].hex()}")
            done = at + BYTES_A_COMMAND >= len(data)
            if lines != (["m-load-done"] if done else []):
                raise ProtocolError(f"{self._stream.name} lost bytes of the input on the line: verify again")

    def infer(self, iterations: int, warmups: int, timeout_s: float = INFER_S) -> Inference:
        """Runs the model warmups + iterations times and times the latter."""
        command = f"infer {iterations} {warmups}"
        lines = self.ask(command, timeout_s)
        laps = _matches(r"m-lap-us-(\d+)", lines)
        results = _matches(r"m-results-\[(.*)\]", lines)
        if len(laps) != 2 or len(results) != 1:
            raise ProtocolError(f"{self._stream.name} answers {command!r} without two laps and results: verify again")
        return Inference(results[0], int(laps[0]), int(laps[1]))

    def _first(self, command: str, pattern: str) -> str:
        lines = self.ask(command)
        matches = _matches(pattern, lines)
        if not matches:
            raise ProtocolError(f"{self._stream.name} answers {command!r} with {lines}: verify again")
        return matches[0]

    def _lines(self, timeout_s: float) -> Iterator[str]:
        """Complete lines, as they come, until timeout_s have passed."""
        deadline = self._clock() + timeout_s
        while True:
            while b"\n" in self._backlog:
                line, _, self._backlog = self._backlog.partition(b"\n")
                if line.strip():
                    yield line.decode("ascii", "replace").strip("\r\0")
            left_s = deadline - self._clock()
            if left_s <= 0:
                return
            self._backlog += self._stream.read(left_s)


def _matches(pattern: str, lines: Sequence[str]) -> list[str]:
    return [match[1] for line in lines if (match := re.fullmatch(pattern, line))]


@dataclass(frozen=True)
class Score:
    """compare.Verdict for this API, which tells texts instead of bytes."""

    kind: str  # EXACT or MISMATCH
    vectors: int
    mismatches: int  # vectors that differ
    vectors_source: str
    reference: str
    worst_difference: int  # in thousandths
    inferences_per_second: float | None  # of a real board with a clock, from the low median
    metric: Metric | None  # such as accuracy, of what the device printed
    explanation: None = None
    instructions: None = None
    cycles: None = None
    stack_bytes: None = None

    @property
    def exact(self) -> bool:
        return self.kind == EXACT


def compare(
    graph: Graph, runner: Runner, vectors: Vectors, expected: Expected, *, emulated: bool, progress: Progress
) -> Score:
    """Does what the benchmark's runner does with every vector, and compares the results with what is expected, as text.

    Raises DeviceError; WrongModel when the device has a model of another name."""
    seen = interface(graph)
    runner.start()
    _, model = runner.profile()
    if model != seen.model:
        raise WrongModel(f"the device runs the model {model!r}, not {seen.model!r}: build and flash the firmware again")
    runner.timestamp()
    total = len(expected.outputs)
    bad, worst, times, given = 0, 0, [], []
    for number, ((x,), (y,)) in enumerate(zip(vectors.inputs, expected.outputs, strict=True)):
        progress("device", number, total)
        runner.load(seen.payload(x))
        inference, truth = runner.infer(1, 0), seen.results(x, y)
        times.append(inference.end_us - inference.start_us)
        if inference.results != truth:
            bad += 1
            worst = max(worst, _thousandths(inference.results, truth))
        given.append(_values(inference.results))
    progress("device", total, total)
    microseconds = median_low(times)
    return Score(
        kind=MISMATCH if bad else EXACT,
        vectors=total,
        mismatches=bad,
        vectors_source=vectors.source,
        reference=f"{expected.reference}, in thousandths",
        worst_difference=worst,
        inferences_per_second=None if emulated or microseconds == 0 else round(1e6 / microseconds, 3),
        metric=None if vectors.measure is None else vectors.measure(np.stack(given).astype(np.float32)),
    )


def _values(results: str) -> Array:
    """The printed numbers. Raises ProtocolError where they are none."""
    try:
        return np.array([float(text) for text in results.split(",")])
    except ValueError as error:
        raise ProtocolError(f"the device's results are no numbers: {results!r}; verify again") from error


def _thousandths(results: str, truth: str) -> int:
    """The largest difference of two lists of printed numbers."""
    a, b = _values(results), _values(truth)
    if a.shape != b.shape:
        raise ProtocolError(
            f"the device gives {a.size} results instead of {b.size}: build and flash the firmware again"
        )
    return int(np.rint(np.nan_to_num(np.abs(a - b).max()) * 1000))
