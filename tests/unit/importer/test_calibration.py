"""Calibration examples: images, arrays and archives in the input's shape, or a sentence that says what is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gen.errors import UsageError
from gen.importer.calibration import LIMIT, Input, read


def test_images_become_values_from_0_to_1_in_the_inputs_shape(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    Image.new("RGB", (40, 20), (255, 51, 0)).save(tmp_path / "a.png")
    Image.new("L", (7, 9), 102).save(tmp_path / "sub" / "b.jpeg")
    (tmp_path / "notes.txt").write_text("no example")
    color = read(tmp_path, [Input("x", (1, 6, 5, 3), channels_first=True)])
    assert [len(example) for example in color] == [1, 1]
    assert color[0][0].shape == (1, 6, 5, 3) and color[0][0].dtype == np.float32
    assert np.allclose(color[0][0], np.array([1, 0.2, 0], np.float32)) and np.allclose(color[1][0], 0.4, atol=0.01)
    gray = read(tmp_path, [Input("x", (1, 6, 5, 1))])
    assert gray[1][0].shape == (1, 6, 5, 1) and np.allclose(gray[1][0], 0.4, atol=0.01)


def test_images_of_16_bits_keep_their_brightness(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 0x6600, np.uint16)).save(tmp_path / "deep.png")
    (tmp_path / "._deep.png").write_bytes(b"what macOS leaves on other disks")
    for channels in (1, 3):
        ((x,),) = read(tmp_path, [Input("x", (1, 4, 4, channels))])
        assert np.allclose(x, 0x66 / 255)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed, np.save])
def test_damaged_files_give_values_or_a_reason(save: Callable[..., None], tmp_path: Path) -> None:
    path = tmp_path / ("x.npy" if save is np.save else "x.npz")
    x = np.ones((3, 4), np.float32)
    if save is np.save:
        save(path, x[0])
    else:
        save(path, x=x)
    content = path.read_bytes()

    @settings(derandomize=True, deadline=None, max_examples=150)
    @given(st.integers(0, len(content) - 1), st.integers(0, 255))
    def damage(place: int, value: int) -> None:
        path.write_bytes(content[:place] + bytes([value]) + content[place + 1 :])
        try:
            examples = read(tmp_path if save is np.save else path, [Input("x", (1, 4))])
        except UsageError as error:
            assert "\n" not in str(error)
            return
        assert all(one.shape == (1, 4) for (one,) in examples)

    damage()


def test_arrays_have_the_files_own_layout(tmp_path: Path) -> None:
    x = np.arange(2 * 3 * 4 * 5, dtype=np.float64).reshape(2, 3, 4, 5)
    np.savez(tmp_path / "x.npz", x)
    for number, one in enumerate(x):
        np.save(tmp_path / f"{number}.npy", one)
    for path in (tmp_path / "x.npz", tmp_path):
        first = read(path, [Input("x", (1, 4, 5, 3), channels_first=True)])
        assert np.array_equal(np.concatenate([one[0] for one in first]), np.moveaxis(x, 1, -1))
        last = read(path, [Input("x", (1, 3, 4, 5))])
        assert np.array_equal(np.concatenate([one[0] for one in last]), x)


def test_of_many_examples_some_of_all_are_taken(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", np.arange(3 * LIMIT)[:, None])
    taken = [float(example[0][0, 0]) for example in read(tmp_path / "x.npz", [Input("x", (1, 1))])]
    assert len(taken) == LIMIT and (taken[0], taken[-1]) == (0, 3 * LIMIT - 1)
    assert max(np.diff(taken)) <= 4


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x": np.zeros((3, 4, 2))}, r"has shape \(3, 4, 2\): the model's input needs \(N, 4\)"),
        ({"x": np.zeros((3, 5))}, r"has shape \(3, 5\): the model's input needs \(N, 4\)"),
        ({"x": np.zeros((0, 4))}, "has no examples"),
        ({"x": np.full((3, 4), np.nan)}, "infinite or not a number"),
        ({"x": np.zeros((3, 4), complex)}, "is complex128: calibration takes numbers"),
        ({"x": np.array(["a"])}, "is <U1: calibration takes numbers"),
        ({"x": np.array([{}], object)}, "not a complete .npz of plain numbers"),
        ({"a": np.zeros((3, 4)), "b": np.zeros((3, 4))}, "has a, b, not x"),
        ({}, "has no arrays, not x"),
    ],
)
def test_arrays_that_do_not_fit(arrays: dict[str, Any], says: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(UsageError, match=says):
        read(tmp_path / "x.npz", [Input("x", (1, 4))])


def test_arrays_of_several_inputs_have_one_length(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.zeros((3, 4)), b=np.zeros((2, 4)))
    with pytest.raises(UsageError, match=r"have \[2, 3\] examples: every input needs the same number"):
        read(tmp_path / "x.npz", [Input("a", (1, 4)), Input("b", (1, 4))])
    with pytest.raises(UsageError, match="a folder calibrates one input, this model has a, b"):
        read(tmp_path, [Input("a", (1, 4)), Input("b", (1, 4))])


def test_folders_and_files_that_do_not_fit(tmp_path: Path) -> None:
    image, vector = Input("x", (1, 4, 4, 3)), Input("x", (1, 4))
    with pytest.raises(UsageError, match=r"has no examples: give PNG or JPEG images, or \.npy files"):
        read(tmp_path, [image])
    with pytest.raises(UsageError, match="there is no calibration"):
        read(tmp_path / "none", [image])
    (tmp_path / "x.npz").write_bytes(b"nonsense")
    with pytest.raises(UsageError, match=r"not a complete \.npz"):
        read(tmp_path / "x.npz", [image])
    (tmp_path / "bad.png").write_bytes(b"nonsense")
    with pytest.raises(UsageError, match=r"the image .*bad\.png is damaged"):
        read(tmp_path, [image])
    with pytest.raises(UsageError, match=r"the input 'x' of shape \(1, 4\) is not an image"):
        read(tmp_path, [vector])
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(UsageError, match=r"has images \(bad\.png\) and arrays \(a\.npy\)"):
        read(tmp_path, [vector])
    (tmp_path / "bad.png").unlink()
    with pytest.raises(UsageError, match=r"a\.npy has shape \(3,\): the model's input needs \(4\)"):
        read(tmp_path, [vector])
    (tmp_path / "a.npy").write_bytes(b"nonsense")
    with pytest.raises(UsageError, match=r"can't read the example .*a\.npy"):
        read(tmp_path, [vector])
