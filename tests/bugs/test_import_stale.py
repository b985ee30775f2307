"""What decides a float model lay outside its file, so that another one was found in the cache, or any file was read."""

import os
from pathlib import Path

import numpy as np
import pytest

from gen.errors import ModelError, UsageError
from gen.importer import float_file, weight_files
from gen.importer.opened import UNTRUSTED
from tests.imports import onnx_model

SHAPES = {"W": (8, 3, 3, 3), "V": (4, 8)}


def _save(folder: Path, seed: int, location: str = "net.onnx.data") -> Path:
    """net.onnx, the same bytes for every seed, with its weights in a file of its own."""
    import onnx
    from onnx import helper

    rng = np.random.default_rng(seed)
    nodes = [
        helper.make_node("Conv", ["x", "W"], ["a"], kernel_shape=[3, 3]),
        helper.make_node("GlobalAveragePool", ["a"], ["c"]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "V"], ["y"], transB=1),
    ]
    constants = {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}
    path = folder / "net.onnx"
    model = onnx_model(path, nodes, (1, 3, 8, 8), (1, 4), constants)
    (folder / "net.onnx.data").unlink(missing_ok=True)
    onnx.save_model(model, str(path), save_as_external_data=True, location="net.onnx.data", size_threshold=0)
    if location != "net.onnx.data":
        changed = onnx.load(str(path), load_external_data=False)
        for tensor in changed.graph.initializer:
            next(entry for entry in tensor.external_data if entry.key == "location").value = location
        path.write_bytes(changed.SerializeToString())
    return path


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    path = tmp_path / "x.npz"
    np.savez(path, np.random.default_rng(9).uniform(-1, 1, (8, 3, 8, 8)).astype(np.float32))
    return path


def test_other_external_weights_are_another_model(
    tmp_path: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(float_file, "IMPORTS", tmp_path / "import")
    said: list[str] = []
    first = float_file.load(_save(tmp_path, 1), examples, said.append).content
    main = (tmp_path / "net.onnx").read_bytes()
    assert float_file.load(_save(tmp_path, 2), examples, said.append).content != first
    assert (tmp_path / "net.onnx").read_bytes() == main and sum("converting" in line for line in said) == 2
    (tmp_path / "net.onnx.data").unlink()
    with pytest.raises(UsageError, match=r"keeps its weights in .*net\.onnx\.data, which is not there"):
        float_file.load(tmp_path / "net.onnx", examples, said.append)


@pytest.mark.parametrize("location", ["../secret", "sub/../../secret", "/etc/passwd", ""])
def test_weights_outside_the_models_folder_are_refused(location: str, tmp_path: Path, examples: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(bytes(9999))
    path = _save(folder, 1, location)
    with pytest.raises(ModelError, match="is not below the model's own folder"):
        float_file.load(path, examples, print)
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match="'link' as the file of its weights, which is not below"):
        float_file.load(_save(folder, 1, "link"), examples, print)


def test_files_with_weights_are_found_wherever_the_graph_names_them(tmp_path: Path) -> None:
    """In an attribute, too: a Constant node's value."""
    import onnx
    from onnx import helper, numpy_helper

    tensor = numpy_helper.from_array(np.ones(4, np.float32), "t")
    onnx.external_data_helper.set_external_data(tensor, "inner.bin", 0, 16)
    tensor.ClearField("raw_data")
    nodes = [helper.make_node("Constant", [], ["c"], value=tensor), helper.make_node("Add", ["x", "c"], ["y"])]
    onnx_model(tmp_path / "m.onnx", nodes, (1, 4), (1, 4), {})
    (tmp_path / "inner.bin").write_bytes(bytes(16))
    assert weight_files.onnx_weights(tmp_path / "m.onnx") == ["inner.bin"]
    assert [name for name, _ in weight_files.of(tmp_path / "m.onnx")] == [".onnx", "inner.bin"]


def test_a_folder_behind_a_link_counts(tmp_path: Path, examples: Path) -> None:
    """TensorFlow reads a SavedModel's variables through a linked folder; pathlib's rglob does not go there."""
    model, shared = tmp_path / "m", tmp_path / "variables"
    model.mkdir()
    shared.mkdir()
    (model / "saved_model.pb").write_bytes(b"x")
    (model / "variables").symlink_to(shared)
    (shared / "loop").symlink_to(shared)
    keys = set()
    for content in (b"1", b"2"):
        (shared / "variables.data").write_bytes(content)
        keys.add(float_file._key(float_file.SAVED_MODEL, model, examples, UNTRUSTED))
    assert len(keys) == 2


def test_an_unreadable_file_is_named(tmp_path: Path, examples: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads every file")
    path = _save(tmp_path, 1)
    (tmp_path / "net.onnx.data").chmod(0)
    with pytest.raises(UsageError, match=r"can't read .*net\.onnx\.data"):
        float_file.load(path, examples, print)
