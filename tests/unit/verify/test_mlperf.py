"""gen/verify/mlperf.py: what the runner sends and expects, over the real firmware/mlperf.c and over devices that
misbehave."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gen.data.examples import Examples
from gen.device.transport import Closing, open_stream
from gen.errors import DeviceGone, DeviceSilent, ModelError, ProtocolError, WrongModel
from gen.learn.objective import CLASSIFY
from gen.model import reference, tflite
from gen.model.graph import Graph
from gen.verify import mlperf
from gen.verify.compare import Expected
from gen.verify.mlperf import FEATURES, PIXELS, TENSOR, Runner
from gen.verify.vectors import Vectors, random_vectors
from tests import mlperf_probe as probe
from tests import tiny

MODELS = Path(__file__).resolve().parents[3] / "models"


def graph_of(name: str) -> Graph:
    return tflite.read_file(MODELS / f"{name}.tflite")[1]


def quiet(stage: str, done: float, total: int) -> None:
    pass


class Scripted(Closing):
    """A device that answers each command as a function says; nothing is as long as None."""

    name = "scripted"

    def __init__(self, answer: Callable[[str], str | None]) -> None:
        self._answer = answer
        self._sent = b""
        self.time_s = 0.0
        self.commands: list[str] = []

    def read(self, timeout_s: float) -> bytes:
        data, self._sent = self._sent, b""
        if not data:
            self.time_s += timeout_s
        return data

    def write(self, data: bytes) -> None:
        for command in data.decode().split("%")[:-1]:
            self.commands.append(command)
            answer = self._answer(command)
            self._sent += b"" if answer is None else answer.encode()

    def close(self) -> None:
        pass

    def runner(self) -> Runner:
        return Runner(self, clock=lambda: self.time_s)


@pytest.mark.parametrize(
    ("name", "model", "db"),
    [
        ("mlperf/kws", "kws01", TENSOR),
        ("mlperf/vww", "vww01", PIXELS),
        ("mlperf/ic", "ic01", PIXELS),
        ("mlperf/ad", "ad01", FEATURES),
        ("mlperf/sww", "sww", TENSOR),
        ("digits", "digits", TENSOR),
    ],
)
def test_benchmarks_are_known_by_their_sizes(name: str, model: str, db: str) -> None:
    graph = graph_of(name)
    seen = mlperf.interface(graph)
    (x,) = reference.random_inputs(graph, 0, 1)
    assert (seen.model, seen.db) == (model, db)
    assert len(seen.payload(x)) == seen.db_bytes == x.size * (4 if db == FEATURES else 1)


def test_payloads_stand_for_the_input() -> None:
    ic, ad = mlperf.interface(graph_of("mlperf/ic")), mlperf.interface(graph_of("mlperf/ad"))
    assert ic.payload(np.array([-128, 0, 127], np.int8)) == bytes([0, 128, 255])
    x = np.array([[-128, 89, 127]], np.int8)
    expected = (x.astype(np.float32) - 89) * np.float32(ad.x.scale)
    assert np.frombuffer(ad.payload(x), np.float32).tolist() == expected.ravel().tolist()


def test_results_are_texts_of_thousandths() -> None:
    digits = mlperf.interface(graph_of("digits"))
    y = np.array([[-128, -127, -112, -96, 127]], np.int8)
    assert digits.results(y, y) == "0.000,0.004,0.062,0.125,0.996"  # 1/16 is a tie, and goes to the even digit


def test_a_model_with_two_inputs_is_refused() -> None:
    tensors = [tiny.T((1, 4), scale=0.1), tiny.T((1, 4), scale=0.1), tiny.T((1, 4), scale=0.1)]
    content = tiny.model(tensors, [tiny.O("ADD", [0, 1], [2], {}, "AddOptions")], [0, 1], [2])
    with pytest.raises(ModelError, match="2 inputs and 1 outputs"):
        mlperf.interface(tflite.read(content, "two"))


def test_the_runner_and_the_firmware_agree() -> None:
    with open_stream(f"exec:{probe.program(TENSOR)}") as stream:
        runner = Runner(stream)
        assert runner.start() == "unspecified"
        assert runner.profile() == ("ULPMark for tinyML Firmware V0.0.1", "kws01")
        assert runner.timestamp() == 0
        runner.load(bytes(probe.DB_BYTES))
        found = runner.infer(3, 2)
    assert (found.start_us, found.end_us) == (2000, 5000)
    assert found.results == ",".join(["0.500"] * probe.DB_BYTES + ["0.520"])  # and five runs


def test_start_ends_a_half_sent_command_and_ignores_what_came_before() -> None:
    with open_stream(f"exec:{probe.program(TENSOR)}") as stream:
        stream.write(b"name%name%infer 1 0%db load")
        runner = Runner(stream)
        runner.start()
        assert runner.timestamp() == 1000


def test_bytes_lost_on_the_line_are_noticed() -> None:
    def answer(command: str) -> str:
        return "m-[Expecting 40 bytes]\r\nm-ready\r\n" if "load" in command else "m-ready\r\n"

    with pytest.raises(ProtocolError, match="lost bytes of the input"):
        Scripted(answer).runner().load(bytes(40))


@pytest.mark.parametrize(
    "answer",
    [
        "e-[Unknown command: infer]\r\nm-ready\r\n",
        "Input db has 39 elemented, expected 40\nm-warmup-start-0\r\nm-ready\r\n",
        "m-lap-us-1\r\nm-results-[1.000]\r\nm-ready\r\n",
        "m-lap-us-1\r\nm-lap-us-2\r\nm-ready\r\n",
        "\x80\xff garbage\r\nm-ready\r\n",
    ],
)
def test_other_answers_are_errors(answer: str) -> None:
    with pytest.raises(ProtocolError, match="verify again"):
        Scripted(lambda command: answer).runner().infer(1, 0)


def test_silence_is_an_error() -> None:
    device = Scripted(lambda command: None)
    with pytest.raises(DeviceSilent, match="--protocol mlperf"):
        device.runner().start()
    assert device.time_s == pytest.approx(mlperf.START_S) and set(device.commands) == {"", "name"}
    with pytest.raises(DeviceSilent, match="did not finish"):
        Scripted(lambda command: "m-lap-us-1\r\n").runner().timestamp()


def test_a_device_that_ends_is_an_error() -> None:
    with open_stream("exec:true") as stream, pytest.raises(DeviceGone):
        Runner(stream).start()


KWS_NAME = "m-profile-[x]\r\nm-model-[kws01]\r\nm-ready\r\n"
NAME = "m-name-dut-[unspecified]\r\nm-ready\r\n"


def compared(graph: Graph, vectors: Vectors, printed: Callable[[int], str], *, emulated: bool = True) -> mlperf.Score:
    """The score of a device that prints these results, and takes 4 ms for an inference."""
    number = -1

    def answer(command: str) -> str:
        nonlocal number
        if command == "name":
            return NAME
        if command == "profile":
            return KWS_NAME
        if command.startswith("db load"):
            return f"m-[Expecting {command.split()[2]} bytes]\r\nm-ready\r\n"
        if command.startswith("infer"):
            number += 1
            return f"m-lap-us-1000\r\nm-lap-us-5000\r\nm-results-[{printed(number)}]\r\nm-ready\r\n"
        if command == "timestamp":
            return "m-lap-us-1\r\nm-ready\r\n"
        last = command.startswith("db") and len(command) < len("db ") + 2 * mlperf.BYTES_A_COMMAND
        return "m-load-done\r\nm-ready\r\n" if last else "m-ready\r\n"

    truth = [reference.outputs(graph, inputs) for inputs in vectors.inputs]
    return mlperf.compare(
        graph, Scripted(answer).runner(), vectors, Expected(truth, "NumPy"), emulated=emulated, progress=quiet
    )


def test_a_difference_of_a_thousandth_is_a_mismatch() -> None:
    graph = graph_of("mlperf/kws")
    vectors = random_vectors(graph, 3)
    seen = mlperf.interface(graph)
    truth = [seen.results(inputs[0], reference.outputs(graph, inputs)[0]) for inputs in vectors.inputs]
    exact = compared(graph, vectors, lambda number: truth[number])
    assert (exact.kind, exact.mismatches, exact.worst_difference, exact.exact) == ("exact", 0, 0, True)

    first, _, rest = truth[1].partition(",")
    wrong = f"{float(first) + 0.003:.3f},{rest}"
    found = compared(graph, vectors, lambda number: wrong if number == 1 else truth[number])
    assert (found.kind, found.mismatches, found.worst_difference, found.exact) == ("mismatch", 1, 3, False)
    assert found.reference == "NumPy, in thousandths" and found.vectors == 3

    with pytest.raises(ProtocolError, match="2 results instead of 12"):
        compared(graph, vectors, lambda number: "0.000,1.000")
    with pytest.raises(ProtocolError, match="no numbers"):
        compared(graph, vectors, lambda number: "a,b")


def test_rates_are_of_real_boards() -> None:
    graph = graph_of("mlperf/kws")
    vectors = random_vectors(graph, 1)
    (x,) = vectors.inputs[0]
    truth = mlperf.interface(graph).results(x, reference.outputs(graph, [x])[0])
    assert compared(graph, vectors, lambda _: truth).inferences_per_second is None
    assert compared(graph, vectors, lambda _: truth, emulated=False).inferences_per_second == 250.0


def test_accuracy_is_of_the_printed_results() -> None:
    graph = graph_of("mlperf/kws")
    drawn = random_vectors(graph, 2)
    examples = Examples(np.zeros((2, 1, 1, 1), np.float32), np.array([11, 3]))
    vectors = Vectors(drawn.inputs, "drawn", lambda outputs: CLASSIFY.measure(outputs, examples))
    printed = ",".join(["0.000"] * 11 + ["1.000"])
    figure = compared(graph, vectors, lambda _: printed).metric
    assert figure is not None and (figure.key, figure.value) == ("accuracy", 0.5)


def test_another_model_is_an_error() -> None:
    graph = graph_of("digits")
    with pytest.raises(WrongModel, match="'kws01', not 'digits'"):
        compared(graph, random_vectors(graph, 1), lambda _: "")
