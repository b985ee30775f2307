import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gen.errors import ModelError, UnsupportedOp
from gen.model import tflite
from gen.model.ops import lower
from tests.kernels import draw
from tests.kernels.harness import assert_exact
from tests.tiny import O, T, model

FORMS = ("neither", "constant", "attribute", "both", "run time")


def reshape_model(x: T, y: T, form: str = "neither") -> bytes:
    """form: where the file says the new shape."""
    shape = T([len(y.shape)], "int32", data=None if form == "run time" else y.shape)
    inputs = [0, 2] if form in ("constant", "both", "run time") else [0]
    table = "ReshapeOptions" if form in ("attribute", "both") else None
    op = O("RESHAPE", inputs, [1], {"newShape": list(y.shape)}, table)
    return model([x, y, shape], [op], [0, 2] if form == "run time" else [0], [1])


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.data(), draw.shapes(1, 5), st.sampled_from(FORMS), st.sampled_from(["int8", "int16", "float32"]))
def test_reshape_equals_tflm(data: st.DataObject, shape: tuple[int, ...], form: str, dtype: str) -> None:
    new = tuple(data.draw(st.permutations(shape)))
    if data.draw(st.booleans()):
        new = (1, int(np.prod(new)))
    scale = None if dtype == "float32" else 0.1
    x = data.draw(draw.int8_values(shape)).astype(dtype)
    content = reshape_model(T(shape, dtype, scale, 3), T(new, dtype, scale, 3), form)
    inputs = [x, np.array(new, np.int32)] if form == "run time" else [x]
    assert_exact(content, inputs, in_place=True)


def test_other_data_are_refused() -> None:
    graph = tflite.read(reshape_model(T([2, 3], scale=1.0), T([5], scale=1.0)), "tiny")
    with pytest.raises(ModelError, match=r"operator 0 \(RESHAPE\) makes int8 \(5,\) of int8 \(2, 3\)"):
        lower(graph, graph.ops[0])
    graph = tflite.read(reshape_model(T([2, 3], "uint8", 1.0), T([6], "uint8", 1.0)), "tiny")
    with pytest.raises(UnsupportedOp, match="only one type at a time can be moved"):
        lower(graph, graph.ops[0])
