"""firmware/mlperf.c against the texts of MLPerf Tiny's reference implementation, and against noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.model.ops import quantize
from gen.verify.mlperf import FEATURES, PIXELS, TENSOR
from tests import mlperf_probe as probe

FEW = settings(derandomize=True, deadline=None, max_examples=40)
READY = "m-ready\r\n"
BOOT = "m-timestamp-mode-performance\r\nm-lap-us-0\r\nm-init-done\r\nm-ready\r\n"
SHORT = "Input db has 0 elemented, expected 40\n"
DB = bytes(range(probe.DB_BYTES))


def talk(line: str | bytes, db: str = TENSOR, status: int = 0) -> str:
    """What the device sends after its greeting."""
    data = line.encode() if isinstance(line, str) else line
    answer = probe.run(probe.program(db), data, str(status)).decode("latin-1")
    assert answer.startswith(BOOT)
    return answer.removeprefix(BOOT)


def load(data: bytes = DB) -> str:
    """The commands that bring data."""
    return f"db load {len(data)}%" + "".join(f"db {data[at : at + 31].hex()}%" for at in range(0, len(data), 31))


def loaded(count: int = probe.DB_BYTES) -> str:
    """The answer to load()."""
    return f"m-[Expecting {count} bytes]\r\n{READY}{READY}m-load-done\r\n{READY}"


def results(data: bytes = DB, runs: int = 1) -> str:
    """What the probe's engine makes of an input, as printf would print it."""
    stored = np.array([*(3 * byte & 255 for byte in data), runs], np.uint8).view(np.int8)
    values = ((stored.astype(np.int32) - probe.ZERO_POINT) * probe.SCALE).tolist()
    return f"m-results-[{','.join(f'{value:.3f}' for value in values)}]\r\n"


def inferred(iterations: int = 1, warmups: int = 0, start: int = 0, more: str = "", last: str | None = None) -> str:
    """The answer to infer; start: microseconds since the device started."""
    start += 1000 * warmups
    last = results(runs=iterations + warmups) if last is None else last
    return (
        f"{more}m-warmup-start-{warmups}\r\nm-warmup-done\r\nm-infer-start-{iterations}\r\nm-lap-us-{start}\r\n"
        f"m-lap-us-{start + 1000 * iterations}\r\nm-infer-done\r\n{last}{READY}"
    )


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("name", "m-name-dut-[unspecified]\r\n"),
        ("timestamp", "m-lap-us-0\r\n"),
        ("profile", "m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[kws01]\r\n"),
        ("", ""),
        ("   ", ""),
        ("  name  now", "m-name-dut-[unspecified]\r\n"),
        ("names", "e-[Unknown command: names]\r\n"),
        ("nam", "e-[Unknown command: nam]\r\n"),
        ("\r\nname", "e-[Unknown command: \r\nname]\r\n"),
        ("x" * 100, f"e-[Unknown command: {'x' * 80}]\r\n"),
        ("db", "e-[Command 'db' requires a subcommand]\r\n"),
        ("db load", "e-[Command 'db load' requires the # of bytes]\r\n"),
        ("db load 0", "e-[Command 'db load' must be >0 bytes]\r\n"),
        ("db load many", "e-[Command 'db load' must be >0 bytes]\r\n"),
        ("db load 40", "m-[Expecting 40 bytes]\r\n"),
        ("db load +7x", "m-[Expecting 7 bytes]\r\n"),
        ("db load 41", "Supplied buffer size 41 exceeds maximum of 40\n"),
        ("db load -5", "Supplied buffer size -5 exceeds maximum of 40\n"),
        ("db load 99999999999999999999", "Supplied buffer size 2147483647 exceeds maximum of 40\n"),
        ("db load -99999999999999999999", "Supplied buffer size -2147483647 exceeds maximum of 40\n"),
        ("db 123", "e-[Insufficent number of hex digits]\r\n"),
        ("db 00", "e-[Command 'db' comes after 'db load', and for as many bytes]\r\n"),
        ("db print", ""),
        ("infer 0", "e-[Inference iterations must be >0]\r\n"),
        ("infer -1 5", "e-[Inference iterations must be >0]\r\n"),
        ("infer all", "e-[Inference iterations must be >0]\r\n"),
        ("infer 1 -1", "e-[Inference warmup must be >=0]\r\n"),
        ("results", f"m-results-[{','.join(['0.500'] * 41)}]\r\n"),
    ],
)
def test_answers(command: str, answer: str) -> None:
    assert talk(f"{command}%") == answer + READY


def test_help_names_every_command() -> None:
    lines = talk("help%").split("\r\n")
    assert lines[0] == "ULPMark for tinyML Firmware V0.0.1" and lines[-2] == "m-ready"
    for command in ("name", "profile", "timestamp", "db load", "db print", "infer", "results"):
        assert any(line.startswith(command) for line in lines)


def test_a_conversation_of_the_runner() -> None:
    line = "name%profile%timestamp%" + load() + "infer 1 0%" + "infer 2 3%" + "infer%" + "results%"
    answers = (
        f"m-name-dut-[unspecified]\r\n{READY}"
        f"m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[kws01]\r\n{READY}"
        f"m-lap-us-0\r\n{READY}"
        f"{loaded()}"
        f"{inferred()}"
        f"{inferred(2, 3, start=1000, last=results(runs=6))}"
        f"{inferred(1, 10, start=6000, last=results(runs=17))}"
        f"{results(runs=17)}{READY}"
    )
    assert talk(line) == answers


def test_print_shows_what_was_announced() -> None:
    full = "".join(f"m-buffer-{'-'.join(f'{byte:02x}' for byte in DB[at : at + 8])}\r\n" for at in range(0, 40, 8))
    assert talk(load() + "db print%") == loaded() + full + READY
    part = "m-buffer-00-01-02-03-04-05-06-07\r\nm-buffer-08-09\r\n\r\n"  # the reference ends a broken row twice
    assert talk(load() + "db load 10%db print 3 4%").endswith(f"m-[Expecting 10 bytes]\r\n{READY}{part}{READY}")


def test_hexadecimal_of_either_case_and_what_is_none() -> None:
    answer = talk("db load 3%db aBxx%db Cd%db gg%db eFff%db print%")
    errors = [f"e-[Invalid hex digit '{digits}']\r\n{READY}" for digits in ("xx", "gg")]
    rest = f"m-load-done\r\n{READY}m-buffer-ab-cd-ef\r\n\r\n{READY}"
    assert answer == f"m-[Expecting 3 bytes]\r\n{READY}{errors[0]}{READY}{errors[1]}{rest}"


def test_an_unfinished_load_is_said_and_the_old_input_kept() -> None:
    line = load() + "infer 1 0%db load 40%db 01%infer 1 0%"
    spoilt = bytes(byte ^ 0x5A for byte in DB)  # the engine overwrites its input, and nothing fills it again
    text = "Input db has 1 elemented, expected 40\n"
    again = inferred(start=1000, more=text, last=results(spoilt, runs=2))
    assert talk(line) == loaded() + inferred() + f"m-[Expecting 40 bytes]\r\n{READY}{READY}" + again
    assert talk("infer 1 0%") == inferred(more=SHORT, last=results(bytes(40)))


def test_pixels_are_128_more_than_the_tensor() -> None:
    raw = bytes((byte + 128) % 256 for byte in DB)
    row = "-".join(f"{byte:02x}" for byte in raw[:8])
    answer = talk(load(raw) + "infer 2 0%db print%", PIXELS)
    assert answer.startswith(loaded() + inferred(2) + f"m-buffer-{row}\r\n")


def test_an_engine_that_is_not_ready_gives_no_results() -> None:
    answer = talk(load() + "infer 1 0%results%", status=3)
    error = f"e-[The engine failed with status 3]\r\n{READY}"
    assert answer.endswith(f"m-infer-done\r\n{error}{error}") and "m-results" not in answer


features = st.lists(
    st.floats(-60, 60, width=32) | st.integers(-130, 130).map(lambda n: 0.375 * (n + 0.5)) | st.floats(width=32),
    min_size=probe.FEATURES,
    max_size=probe.FEATURES,
)


@FEW
@given(features)
def test_features_are_quantized_and_their_reconstruction_scored(values: list[float]) -> None:
    """The model's input is what QUANTIZE would make of the features; the score the mean squared error in float32."""
    x = np.array(values, np.float32)
    stored = quantize.KERNELS[0].reference({"scale": probe.INPUT_SCALE, "output_offset": probe.INPUT_ZERO_POINT}, [x])
    y = (3 * stored.view(np.uint8).astype(int) % 256).astype(np.uint8).view(np.int8)
    total = np.float32(0)
    with np.errstate(over="ignore", invalid="ignore"):
        for real, reconstructed in zip(x, y, strict=True):
            difference = np.float32((int(reconstructed) - probe.ZERO_POINT) * probe.SCALE) - real
            total += difference * difference
        score = float(total / np.float32(probe.FEATURES))
    answer = talk(load(x.tobytes()) + "infer 1 0%", FEATURES)
    assert answer.endswith(f"m-results-[{score:.3f}]\r\n{READY}")


@FEW
@given(st.lists(st.integers(0, 2**32 - 1) | st.floats(width=32).map(lambda v: int(np.float32(v).view(np.uint32))),
                min_size=50, max_size=400))  # fmt: skip
def test_numbers_are_printed_as_printf_does(patterns: list[int]) -> None:
    values = np.array(patterns, np.uint32).view(np.float32)
    printed = probe.run(probe.text_program(), values.tobytes()).decode().split()
    assert printed == [f"{value:.3f}" for value in values.tolist()]


def test_ties_are_rounded_to_even() -> None:
    values = np.concatenate([np.arange(-4096, 4096) / 2**k for k in range(14)]).astype(np.float32)
    printed = probe.run(probe.text_program(), values.tobytes()).decode().split()
    assert printed == [f"{value:.3f}" for value in values.tolist()]
    assert "0.062" in printed and "0.188" in printed  # 1/16 and 3/16


# No number that could follow `infer` has many digits: the device would be busy for as long as that says.
WORDS = [
    *("name", "profile", "timestamp", "help", "results", "db", "load", "print", "infer", "infer", "2", "1", "-1", "0"),
    *("7", "40", "41", "aB", "0102", "xyz", "f" * 90, "\0", "\r\n", "%", "%", "%", "%db load 99999999999999%"),
]
noise = st.binary(max_size=300) | st.lists(st.sampled_from(WORDS), max_size=40).map(
    lambda words: " ".join(words).replace(" % ", "%").encode()
)


@settings(FEW, max_examples=120)
@given(noise, st.sampled_from([TENSOR, PIXELS, FEATURES]))
def test_noise_then_a_good_conversation(data: bytes, db: str) -> None:
    """Whatever came before, one "%" ends it, and what follows is answered."""
    answer = talk(data + b"%" + load().encode() + b"name%", db)
    assert answer.endswith(loaded() + f"m-name-dut-[unspecified]\r\n{READY}")
