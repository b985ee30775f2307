"""Every MVE variant against the NumPy reference, byte for byte, on the emulated Cortex-M55."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.model.graph import Array, Op
from gen.model.ops import KERNELS
from gen.model.ops.operator import Call
from tests.kernels.convolutions import GENERATORS
from tests.kernels.harness import harness

TARGET = "cortex-m55"
RELU, ANY = -128, 5  # output offsets: with the first one negative results don't matter


def call_of(kernel: str, params: dict[str, Any], inputs: int = 1, macs: int = 0) -> Call:
    indices = tuple(range(inputs))
    return Call(Op(0, kernel, indices, (inputs,), {}), kernel, params, indices, (inputs,), macs)


def check(call: Call, x: list[Array], shape: tuple[int, ...]) -> dict[str, int]:
    """Run every MVE variant that accepts the call, in place too where it may; instructions of each."""
    expected = KERNELS[call.kernel].reference(call.params, x).reshape(shape)
    counts = {}
    for step in harness(TARGET).steps(call):
        if step.variant.isa == "mve":
            for in_place in (False, True) if step.variant.in_place else (False,):
                y, counts[step.variant.name] = harness(TARGET).run(step, x, expected, in_place=in_place)
                np.testing.assert_array_equal(y, expected, f"{step.variant.name}{' in place' * in_place}")
    return counts


def requantization(rng: np.random.Generator, channels: int, depth: int, offset: int) -> dict[str, Any]:
    """Parameters of an operator with weights, per channel, that put its sums all over the output's range."""
    shift = rng.integers(-9 - int(depth).bit_length() // 2, -3, channels)
    return {
        "bias": (rng.uniform(-1, 1, channels) * 2.0 ** rng.uniform(4, 18, channels)).astype(np.int32),
        "multiplier": rng.integers(2**30, 2**31, channels).astype(np.int32), "shift": shift.astype(np.int8),
        "input_offset": int(rng.choice([128, -127, 0, 83])), "output_offset": offset, "act_min": -128, "act_max": 127,
        "per_channel": 1, "batches": 1,
    }  # fmt: skip


def int8s(rng: np.random.Generator, *shape: int) -> Array:
    """Mostly uniform, now and then all at an extreme."""
    values: Array = rng.integers(-128, 128, shape).astype(np.int8)
    return np.full(shape, rng.choice([-128, 127]), np.int8) if rng.random() < 0.15 else values


@dataclass(frozen=True)
class Window:
    """The shape of a CONV_2D, or (depthwise) of a DEPTHWISE_CONV_2D; pairs are height and width."""

    size: tuple[int, int]
    in_c: int
    out_c: int
    taps: tuple[int, int] = (3, 3)
    strides: tuple[int, int] = (1, 1)
    same: bool = True
    depthwise: bool = False


def window(rng: np.random.Generator, w: Window, offset: int) -> tuple[Call, Array, tuple[int, ...]]:
    """A call, an input, and the output's shape."""
    size, in_c, out_c, taps, strides, same = w.size, w.in_c, w.out_c, w.taps, w.strides, w.same
    out, pad = [], []
    for n, k, s in zip(size, taps, strides, strict=True):
        out.append(-(-n // s) if same else (n - k) // s + 1)
        pad.append(max((out[-1] - 1) * s + k - n, 0) // 2 if same else 0)
    dense = not w.depthwise
    depth = taps[0] * taps[1] * (in_c if dense else 1)
    params = requantization(rng, out_c, depth, offset) | {
        "weights": int8s(rng, *((out_c, *taps, in_c) if dense else (1, *taps, out_c))),
        "in_h": size[0], "in_w": size[1], "in_c": in_c, "out_h": out[0], "out_w": out[1], "out_c": out_c,
        "k_h": taps[0], "k_w": taps[1], "stride_h": strides[0], "stride_w": strides[1], "dilation_h": 1,
        "dilation_w": 1, "pad_top": pad[0], "pad_left": pad[1],
    }  # fmt: skip
    params |= {"group_c": in_c} if dense else {"depth_multiplier": 1}
    call = call_of("conv_2d" if dense else "depthwise_conv_2d", params)
    return call, int8s(rng, 1, *size, in_c), (1, *out, out_c)


def convolutions_of(call: Call) -> set[str]:
    """The variants that must accept a CONV_2D that the module's arithmetic covers."""
    p = call.params
    whole = (p["k_h"], p["k_w"]) == (p["in_h"], p["in_w"]) and p["out_h"] == p["out_w"] == 1 and pads(call) == (0, 0)
    unit = p["k_h"] == p["k_w"] == p["stride_h"] == p["stride_w"] == 1
    in_place = unit and 16 < p["in_c"] >= p["out_c"] and p["out_c"] % 4 == p["in_c"] % 4 == 0
    names = {"conv_2d_whole_mve": whole, "conv_2d_in_place_mve": in_place, "conv_2d_mve": p["out_c"] >= 4}
    return {name for name, accepted in names.items() if accepted}


def pads(call: Call) -> tuple[int, int]:
    return call.params["pad_top"], call.params["pad_left"]


def fully_connected(rng: np.random.Generator, batches: int, in_n: int, out_n: int, offset: int) -> Call:
    params = requantization(rng, out_n, in_n, offset) | {
        "weights": int8s(rng, out_n, in_n), "batches": batches, "in_n": in_n, "out_n": out_n,
    }  # fmt: skip
    return call_of("fully_connected", params)


def on_the_edge(rng: np.random.Generator, multiplier: Array, shift: Array) -> Array:
    """Sums whose first rounding ends at, or one beside, a tie of the second one; and the extremes of int32."""
    right = -shift.astype(np.int64)
    k = rng.integers(-130, 131, len(shift))
    tie = (2 * k + 1) * 2.0 ** (right - 1) + rng.integers(-1, 2, len(shift))
    sums = np.rint(tie * 2.0**31 / multiplier) + rng.integers(-1, 2, len(shift))
    extreme = rng.choice([-(2**31), 2**31 - 1, 0, -1], len(shift))
    chosen = np.where(rng.random(len(shift)) < 0.05, extreme, sums)
    return np.clip(chosen, -(2**31), 2**31 - 1).astype(np.int64).astype(np.int32)


@pytest.mark.parametrize("offset", [RELU, ANY])
def test_requantization_on_the_edge(offset: int) -> None:
    """Weights of 0 make the sum the bias: 4,096 ties and neighbors through both kinds of matrix product, pairs of rows
    of one block and of more, and through the depthwise kernel."""
    rng = np.random.default_rng(7)
    for in_c in (1, 1, 17, 17):
        n = 1024
        shift = -rng.integers(0 if offset == RELU else 1, 32, n)
        multiplier = rng.integers(2**30, 2**31, n).astype(np.int32)
        multiplier[:8] = [2**30, 2**31 - 1, 0, 2**30, 2**30 + 1, 2**31 - 2, 0, 2**30]
        edge = on_the_edge(rng, np.maximum(multiplier, 1), shift)
        channels = {"bias": edge, "multiplier": multiplier, "shift": shift.astype(np.int8), "input_offset": 0}
        call = fully_connected(rng, 1, 1, n, offset)
        call.params.update(channels | {"weights": np.zeros((n, 1), np.int8)})  # type: ignore[attr-defined]
        assert check(call, [int8s(rng, 1, 1)], (1, n))
        for shapes in (Window((1, 2), in_c, n, (1, 1)), Window((1, 2), n, n, depthwise=True)):
            call, x, shape = window(rng, shapes, offset)
            zeros = np.zeros(call.params["weights"].shape, np.int8)
            call.params.update(channels | {"weights": zeros})  # type: ignore[attr-defined]
            assert check(call, [x], shape)


# Of ad, kws, ic and vww; large images cut to a few rows.
CONVOLUTIONS = [
    Window((49, 10), 1, 64, (10, 4), (2, 2)), Window((25, 5), 64, 64, (1, 1)), Window((4, 32), 3, 16),
    Window((4, 32), 16, 16), Window((5, 32), 16, 32, strides=(2, 2)), Window((4, 16), 32, 32), Window((4, 8), 64, 64),
    Window((5, 16), 16, 32, (1, 1), (2, 2)), Window((5, 96), 3, 8, strides=(2, 2)), Window((2, 48), 8, 16, (1, 1)),
    Window((3, 6), 106, 58, (1, 1)), Window((3, 6), 31, 20, (1, 1)), Window((3, 3), 32, 23, (1, 1)),
    Window((3, 3), 256, 64, (1, 1)), Window((7, 5), 44, 20, (1, 1)), Window((1, 1), 64, 64, (1, 1)),
    Window((2, 1), 36, 36, (1, 1)), Window((3, 1), 36, 4, (1, 1)), Window((5, 3), 16, 16, (1, 1)),
    Window((4, 1), 32, 32, (1, 1)), Window((5, 3), 17, 7, (1, 1)),
    Window((5, 7), 1, 6), Window((3, 3), 64, 12, (3, 3), same=False),
]  # fmt: skip
DEPTHWISE = [
    Window((25, 5), 64, 64, depthwise=True), Window((4, 48), 8, 8, depthwise=True),
    Window((6, 6), 106, 106, depthwise=True), Window((5, 48), 16, 16, strides=(2, 2), depthwise=True),
    Window((6, 6), 26, 26, strides=(2, 2), depthwise=True), Window((3, 3), 31, 31, depthwise=True),
    Window((12, 12), 60, 60, strides=(2, 2), depthwise=True),
]  # fmt: skip
# All of sww; along the width; several lines; shapes at the limits.
TAPS = [
    Window((30, 1), 40, 40, (3, 1), same=False, depthwise=True),
    Window((28, 1), 128, 128, (5, 1), same=False, depthwise=True),
    Window((24, 1), 128, 128, (10, 1), same=False, depthwise=True),
    Window((15, 1), 128, 128, (15, 1), same=False, depthwise=True),
    Window((1, 40), 32, 32, (1, 7), same=False, depthwise=True),
    Window((3, 22), 98, 98, (1, 15), same=False, depthwise=True),
    Window((11, 4), 62, 62, (2, 1), same=False, depthwise=True),
]  # fmt: skip


@pytest.mark.parametrize("offset", [RELU, ANY])
@pytest.mark.parametrize("shapes", CONVOLUTIONS)
def test_convolutions_of_the_reference_models(shapes: Window, offset: int) -> None:
    call, x, shape = window(np.random.default_rng(1), shapes, offset)
    assert set(check(call, [x], shape)) == convolutions_of(call)


@pytest.mark.parametrize("offset", [RELU, ANY])
@pytest.mark.parametrize("shapes", DEPTHWISE)
def test_depthwise_of_the_reference_models(shapes: Window, offset: int) -> None:
    call, x, shape = window(np.random.default_rng(2), shapes, offset)
    in_place = {"depthwise_conv_2d_in_place_mve"} if shapes.strides == (1, 1) else set()
    assert set(check(call, [x], shape)) == {"depthwise_conv_2d_3x3_mve"} | in_place


def taps_in_range(call: Call) -> Call:
    """With the biases and shifts that depthwise_conv_2d_taps_mve proves its arithmetic for."""
    p = call.params
    sums = np.abs(p["weights"].astype(np.int64)).sum(axis=(0, 1, 2)) * 256
    room = np.minimum(2**19 - 1 - sums, 2**18)
    changes = {"bias": np.clip(p["bias"], -room, room).astype(np.int32), "shift": np.minimum(p["shift"], -5)}
    call.params.update(changes)  # type: ignore[attr-defined]
    return call


@pytest.mark.parametrize("offset", [RELU, ANY, -24])
@pytest.mark.parametrize("shapes", TAPS)
def test_depthwise_windows_along_one_axis(shapes: Window, offset: int) -> None:
    call, x, shape = window(np.random.default_rng(8), shapes, offset)
    assert "depthwise_conv_2d_taps_mve" in check(taps_in_range(call), [x], shape)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.data(), GENERATORS)
def test_drawn_windows_along_one_axis(data: st.DataObject, rng: np.random.Generator) -> None:
    taps, out, lines = data.draw(st.integers(2, 16)), data.draw(st.integers(1, 26)), data.draw(st.integers(1, 3))
    channels, offset = data.draw(st.integers(30, 140)), data.draw(st.sampled_from([RELU, ANY, -127, 127]))
    size, window_size = (taps + out - 1, lines), (taps, 1)
    if data.draw(st.booleans()):
        size, window_size = size[::-1], window_size[::-1]
    shapes = Window(size, channels, channels, window_size, same=False, depthwise=True)
    call, x, shape = window(rng, shapes, offset)
    counts = check(taps_in_range(call), [x], shape)
    assert bool(counts) == (taps <= 15 and channels >= 32 and channels % 2 == 0)


@pytest.mark.parametrize("offset", [RELU, ANY])
@pytest.mark.parametrize("length", [2, 10])
def test_requantization_of_windows_along_one_axis_on_the_edge(offset: int, length: int) -> None:
    """Ties, their neighbors and the largest sums: weights of 0 make the sum the bias."""
    rng = np.random.default_rng(9)
    for _ in range(2):
        n = 1024
        shapes = Window((length, 1), n, n, (2, 1), same=False, depthwise=True)
        call, x, shape = window(rng, shapes, offset)
        multiplier = rng.integers(2**30, 2**31, n).astype(np.int32)
        multiplier[:4] = [2**30, 2**31 - 1, 2**30 + 1, 0]
        shift = -rng.integers(5, 13, n)
        edge = np.clip(on_the_edge(rng, np.maximum(multiplier, 1), shift), 1 - 2**19, 2**19 - 1)
        changes = {"bias": edge.astype(np.int32), "multiplier": multiplier, "shift": shift.astype(np.int8)}
        zeros = {"weights": np.zeros(call.params["weights"].shape, np.int8)}
        call.params.update(changes | zeros)  # type: ignore[attr-defined]
        assert check(call, [x], shape)
        call.params["bias"][0] = 2**19
        assert "depthwise_conv_2d_taps_mve" not in check(call, [x], shape)


@pytest.mark.parametrize("offset", [RELU, ANY])
@pytest.mark.parametrize("in_n,out_n", [(640, 128), (128, 128), (128, 8), (8, 128), (64, 12), (23, 2)])
def test_fully_connected_of_the_reference_models(in_n: int, out_n: int, offset: int) -> None:
    rng = np.random.default_rng(3)
    assert check(fully_connected(rng, 1, in_n, out_n, offset), [int8s(rng, 1, in_n)], (1, out_n))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.data(), GENERATORS)
def test_convolutions(data: st.DataObject, rng: np.random.Generator) -> None:
    taps = data.draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    strides = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    same = data.draw(st.booleans())
    size = (rng.integers(k if not same else 1, k + 7) for k in taps)
    in_c, out_c = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 21))
    offset = data.draw(st.sampled_from([RELU, ANY, 127]))
    h, w = (int(n) for n in size)
    call, x, shape = window(rng, Window((h, w), in_c, out_c, taps, strides, same), offset)
    assert set(check(call, [x], shape)) == convolutions_of(call)


@settings(derandomize=True, deadline=None, max_examples=20)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 40), st.integers(1, 40), GENERATORS)
def test_convolutions_of_a_whole_image(h: int, w: int, in_c: int, out_c: int, rng: np.random.Generator) -> None:
    call, x, shape = window(rng, Window((h, w), in_c, out_c, (h, w), same=False), int(rng.choice([RELU, ANY])))
    assert "conv_2d_whole_mve" in check(call, [x], shape)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.data(), GENERATORS)
def test_depthwise(data: st.DataObject, rng: np.random.Generator) -> None:
    strides = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    same = data.draw(st.booleans())
    size = data.draw(st.tuples(*[st.integers(1 if same else 3, 12)] * 2))
    channels, offset = data.draw(st.integers(1, 60)), data.draw(st.sampled_from([RELU, ANY, -127]))
    call, x, shape = window(rng, Window(size, channels, channels, (3, 3), strides, same, depthwise=True), offset)
    longer = 1 if shape[1] <= shape[2] else 0
    assert bool(check(call, [x], shape)) == (channels >= 8 and max(shape[1:3]) >= 2 and strides[longer] <= 2)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(1, 3), st.integers(1, 340), st.integers(1, 40), st.sampled_from([RELU, ANY]), GENERATORS)
def test_fully_connected(batches: int, in_n: int, out_n: int, offset: int, rng: np.random.Generator) -> None:
    call = fully_connected(rng, batches, in_n, out_n, offset)
    assert check(call, [int8s(rng, batches, in_n)], (batches, out_n))


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.integers(256, 700), st.booleans(), st.sampled_from([RELU, ANY, -3]), GENERATORS)
def test_add(count: int, first_halved: bool, offset: int, rng: np.random.Generator) -> None:
    other = (int(rng.integers(2**30, 2**31)), -int(rng.integers(0, 8)))
    operands = ((2**30, 0), other) if first_halved else (other, (2**30, 0))
    params = {
        "multiplier1": operands[0][0], "shift1": operands[0][1],
        "multiplier2": operands[1][0], "shift2": operands[1][1],
        "output_multiplier": int(rng.integers(2**30, 2**31)), "output_shift": -int(rng.integers(16, 20)),
        "dims": (1, 1, 1, count), "stride1": (0, 0, 0, 1), "stride2": (0, 0, 0, 1), "left_shift": 20,
        "offset1": int(rng.integers(-127, 129)), "offset2": int(rng.integers(-127, 129)), "output_offset": offset,
        "act_min": -128, "act_max": 127,
    }  # fmt: skip
    x = [int8s(rng, count), int8s(rng, count)]
    assert check(call_of("add", params, 2), x, (count,))


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.data(), GENERATORS)
def test_average_pool(data: st.DataObject, rng: np.random.Generator) -> None:
    batches, channels = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 40))
    out, taps, strides, pad = [], [], [], []
    size = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    for n in size:
        k, s = data.draw(st.integers(1, 16)), data.draw(st.integers(1, 3))
        same = n < k or data.draw(st.booleans())
        taps.append(k)
        strides.append(s)
        out.append(-(-n // s) if same else (n - k) // s + 1)
        pad.append(max((out[-1] - 1) * s + k - n, 0) // 2 if same else 0)
    params = {
        "act_min": int(rng.integers(-128, 1)), "act_max": int(rng.integers(1, 128)), "batches": batches,
        "in_h": size[0], "in_w": size[1], "channels": channels, "out_h": out[0], "out_w": out[1], "k_h": taps[0],
        "k_w": taps[1], "stride_h": strides[0], "stride_w": strides[1], "pad_top": pad[0], "pad_left": pad[1],
    }  # fmt: skip
    x = int8s(rng, batches, *size, channels)
    counts = check(call_of("average_pool_2d", params), [x], (batches, *out, channels))
    assert bool(counts) == (taps[0] * taps[1] <= 255)


@pytest.mark.parametrize(
    "changes",
    [
        {"shift": np.full(8, 1, np.int8)},  # a left shift
        {"shift": np.full(8, 0, np.int8), "output_offset": 0},  # no second rounding, but its correction
        {"act_max": 100},
        {"act_min": -100},
        {"multiplier": np.full(8, -(2**30), np.int32)},
    ],
)
def test_what_the_arithmetic_does_not_cover_is_left_to_other_kernels(changes: dict[str, Any]) -> None:
    rng = np.random.default_rng(5)
    calls = [
        fully_connected(rng, 1, 16, 8, RELU),
        window(rng, Window((4, 4), 8, 8), RELU)[0],
        window(rng, Window((4, 4), 8, 8, depthwise=True), RELU)[0],
        taps_in_range(window(rng, Window((9, 1), 32, 32, (3, 1), same=False, depthwise=True), RELU)[0]),
    ]
    for call in calls:
        accepted = [step.variant.isa for step in harness(TARGET).steps(call)]
        assert "mve" in accepted
        changes = {key: np.resize(v, call.params["out_n" if "out_n" in call.params else "out_c"])
                   if isinstance(v, np.ndarray) else v for key, v in changes.items()}  # fmt: skip
        call.params.update(changes)  # type: ignore[attr-defined]
        assert "mve" not in [step.variant.isa for step in harness(TARGET).steps(call)]


def test_instructions_for_a_product() -> None:
    """The issue's budget for the inner loops, so that none of them gets slower unnoticed."""
    rng = np.random.default_rng(6)
    call, x, shape = window(rng, Window((25, 5), 64, 64, (1, 1)), RELU)
    assert max(check(call, [x], shape).values()) < 0.16 * 25 * 5 * 64 * 64
    call, x, shape = window(rng, Window((25, 5), 64, 64, depthwise=True), RELU)
    assert check(call, [x], shape)["depthwise_conv_2d_in_place_mve"] < 6.2 * 25 * 5 * 64
    call, x, shape = window(rng, Window((6, 6), 128, 128, depthwise=True), RELU)
    assert check(call, [x], shape)["depthwise_conv_2d_in_place_mve"] < 7.1 * 6 * 6 * 128
    call, x, shape = window(rng, Window((24, 24), 8, 16, (1, 1)), RELU)
    assert check(call, [x], shape)["conv_2d_mve"] < 0.5 * 24 * 24 * 8 * 16
    call, x, shape = window(rng, TAPS[2], ANY)
    assert check(taps_in_range(call), [x], shape)["depthwise_conv_2d_taps_mve"] < 5.5 * 15 * 128
    call = fully_connected(rng, 1, 640, 128, RELU)
    assert check(call, [int8s(rng, 1, 640)], (1, 128))["fully_connected_mve"] < 0.145 * 640 * 128
