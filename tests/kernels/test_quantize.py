import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import NotQuantized, UnsupportedOp
from gen.model import reference, tflite
from gen.model.graph import Array
from gen.model.ops import KERNELS, lower
from gen.model.ops.quantize import FORMS
from tests.effort import cases
from tests.kernels import draw
from tests.kernels.harness import assert_exact, assert_kernels
from tests.tiny import O, T, model, tflm


def quantize_model(x: T, y: T) -> bytes:
    return model([x, y], [O("QUANTIZE", [0], [1], {}, "QuantizeOptions")], [0], [1])


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.data(), draw.scales, draw.zero_points)
def test_float_to_int8_equals_tflm(data: st.DataObject, scale: float, zero_point: int) -> None:
    """Any float32 whose quotient is an int32 (TFLM is undefined beyond), ties and their neighbors among them."""
    halves = data.draw(st.lists(st.integers(-300, 300), min_size=20, max_size=20))
    ties = (np.array(halves, np.float32) + np.float32(0.5)) * np.float32(scale)
    limit = float(np.float32(min(2.0**30 * scale, 3e38)))
    drawn = data.draw(st.lists(st.floats(-limit, limit, width=32), min_size=1, max_size=20))
    close = [np.nextafter(ties, np.float32(side)) for side in (-np.inf, np.inf)]
    x = np.concatenate([ties, *close, np.array(drawn, np.float32), np.array([0.0, -0.0, 1e-45, -1e-45], np.float32)])
    assert_exact(quantize_model(T(x.shape, "float32"), T(x.shape, scale=scale, zero_point=zero_point)), [x])


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.data(), draw.scales, draw.zero_points, draw.zero_points)
def test_int8_to_int8_equals_tflm(data: st.DataObject, scale: float, x_zero: int, y_zero: int) -> None:
    y = T([256], scale=data.draw(draw.near(scale, 2.0**20)), zero_point=y_zero)
    content = quantize_model(T([256], scale=scale, zero_point=x_zero), y)
    assert_exact(content, [np.arange(-128, 128).astype(np.int8)], in_place=True)


@pytest.mark.parametrize(("x_dtype", "y_dtype"), [("int8", "int8"), ("uint8", "int8"), ("int8", "uint8")])
def test_bytes_become_a_table(x_dtype: str, y_dtype: str) -> None:
    """Where there are as many elements as bytes, aot looks them up; not where there are fewer, or none changes."""
    x = np.arange(256).astype(np.uint8).view(x_dtype)
    for count, scale, kernel in ((256, 0.3, "lut"), (255, 0.3, "requantize")):
        content = quantize_model(T([count], x_dtype, 0.2, 7), T([count], y_dtype, scale, 3))
        call = lower(graph := tflite.read(content, "m"), graph.ops[0])
        taken = KERNELS[call.kernel].simpler(call) or call
        assert taken.kernel == kernel
        (y,) = tflm(content, [x[:count]])
        given_bytes = x[:count].view(np.int8) if kernel == "lut" else x[:count]
        ours = KERNELS[kernel].reference(taken.params, [given_bytes])
        np.testing.assert_array_equal(ours.view(np.uint8), y.view(np.uint8))
    same = tflite.read(quantize_model(T([256], "int8", 0.2, 7), T([256], "int8", 0.2, 7)), "m")
    call = lower(same, same.ops[0])
    assert KERNELS[call.kernel].simpler(call) is None


@settings(derandomize=True, deadline=None, max_examples=cases(15, 50))
@given(st.data(), draw.scales, draw.zero_points)
def test_float_to_int16_equals_tflm(data: st.DataObject, scale: float, zero_point: int) -> None:
    halves = data.draw(st.lists(st.integers(-33000, 33000), min_size=20, max_size=20))
    ties = (np.array(halves, np.float32) + np.float32(0.5)) * np.float32(scale)
    far = np.array([1e6, -1e6, 1e9, -1e9], np.float32) * np.float32(scale)
    x = np.concatenate([ties, *(np.nextafter(ties, np.float32(side)) for side in (-np.inf, np.inf)), far])
    assert_exact(quantize_model(T(x.shape, "float32"), T(x.shape, "int16", scale, zero_point)), [x])


ZERO_POINTS = st.sampled_from([0, 0, -(2**15), 2**15 - 1, 5, -128])
WIDER = [form for form in FORMS if {"int16", "int32"} & {*form} and "float32" not in form]


@pytest.mark.parametrize("form", WIDER)
@settings(derandomize=True, deadline=None, max_examples=cases(8, 40))
@given(data=st.data(), scale=draw.scales, x_zero=ZERO_POINTS, y_zero=ZERO_POINTS)
def test_wider_types_equal_tflm(
    form: tuple[str, str], data: st.DataObject, scale: float, x_zero: int, y_zero: int
) -> None:
    """Of int32 such values as TFLM's arithmetic is defined for."""
    most = 1 << {"int8": 7, "int16": 15, "int32": data.draw(st.integers(1, 30))}[form[0]]
    x = draw_integers(data, form[0], most)
    near = scale * most / 128 if form[1] == "int8" else scale
    y_scale = float(np.float32(max(data.draw(draw.near(near)), scale * most * 2.0**-31)))
    x_zero, y_zero = (np.clip(z, -128, 127) if t == "int8" else z for z, t in zip((x_zero, y_zero), form, strict=True))
    content = quantize_model(T([90], form[0], scale, int(x_zero)), T([90], form[1], y_scale, int(y_zero)))
    assert_exact(content, [x], in_place=form[0] == form[1])


def draw_integers(data: st.DataObject, dtype: str, most: int) -> Array:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    return np.clip(rng.integers(-most - most // 10, most + most // 10, 90), -most, most - 1).astype(dtype)


def test_a_zero_point_that_no_converter_writes_is_refused() -> None:
    graph = tflite.read(quantize_model(T([2], "int16", 1.0, 40000), T([2], "int8", 1.0)), "tiny")
    with pytest.raises(UnsupportedOp, match=r"of type int16 has the zero point 40000, not within -32768 to 32767"):
        lower(graph, graph.ops[0])


@pytest.mark.parametrize("scale", [1e-40, 1e-3, 1.0, 1e30])
@pytest.mark.parametrize("zero_point", [-128, -1, 127])
def test_what_tflm_leaves_undefined_saturates(scale: float, zero_point: int) -> None:
    """NaN is taken for 0, as a Cortex-M converts it; infinities and huge values saturate, on every target alike."""
    x = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 2.0**31, -(2.0**31)], np.float32)
    content = quantize_model(T(x.shape, "float32"), T(x.shape, scale=scale, zero_point=zero_point))
    y = reference.outputs(tflite.read(content, "tiny"), [x])[0]
    assert y[0] == zero_point
    assert (y[1], y[2]) == (127, -128)
    assert_kernels(content, [x])


@pytest.mark.parametrize("types", [("float32", "uint8"), ("int16", "uint8"), ("uint8", "uint8"), ("int32", "int32")])
def test_other_types_are_refused(types: tuple[str, str]) -> None:
    graph = tflite.read(quantize_model(T([2], types[0], 1.0), T([2], types[1], 1.0)), "tiny")
    with pytest.raises(
        UnsupportedOp, match=rf"operator 0 \(QUANTIZE\) turns {types[0]} into {types[1]}: only float32 to"
    ):
        lower(graph, graph.ops[0])


def test_int8_without_scale_is_refused() -> None:
    graph = tflite.read(quantize_model(T([2], "float32"), T([2])), "tiny")
    with pytest.raises(NotQuantized):
        lower(graph, graph.ops[0])
