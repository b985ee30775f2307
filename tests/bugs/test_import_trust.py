"""Reading a float model ran what its file brought: a SavedModel's initializer, a .pt2's pickle, a Lambda's Python."""

import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.cli.main import SUBCOMMANDS, main, parser
from gen.errors import ModelError
from gen.importer import child_process, float_file
from gen.importer import trust as convert_trust
from gen.importer.opened import Options
from gen.learn import tensorflow
from tests.imports import keras, kinds, quantized, save

TRUSTED = Options(trust=True)


def _vectors(path: Path) -> Path:
    np.savez(path, np.random.default_rng(1).uniform(-1, 1, (8, 4)).astype(np.float32))
    return path


def _saved_model(folder: Path, victim: Path, how: str) -> Path:
    """A SavedModel that writes to victim: as it is loaded, or as it runs."""
    keras()
    import tensorflow as tf

    class Writes(tf.lookup.TextFileInitializer):  # type: ignore[misc]
        def initialize(self, table: Any) -> Any:
            return tf.io.write_file(str(victim), "written by a model")

    class Module(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.w = tf.Variable(np.eye(4, 3, dtype=np.float32))
            if how == "an initializer":
                asset = folder.parent / "words.txt"
                asset.write_text("a\nb\n")
                whole, line = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
                initializer = Writes(str(asset), tf.string, whole, tf.int64, line)
                self.table = tf.lookup.StaticHashTable(initializer, -1)

        @tf.function(input_signature=[tf.TensorSpec((1, 4), name="x")])  # type: ignore[untyped-decorator]
        def __call__(self, x: Any) -> Any:
            if how == "a function":
                tf.io.write_file(str(victim), "written by a model")
            elif how == "a branch":
                x = tf.cond(x[0, 0] > 9, lambda: x, lambda: _written(x))
            elif how == "print":
                tf.print("written", output_stream=f"file://{victim}")
            return x @ self.w

    def _written(x: Any) -> Any:
        tf.io.write_file(str(victim), "written by a model")
        return x

    with tensorflow.quiet():
        module = Module()
        tf.saved_model.save(module, str(folder), signatures={"serving_default": module.__call__})
        victim.unlink(missing_ok=True)
    return folder


@pytest.mark.parametrize(
    ("how", "op"),
    [
        ("an initializer", "WriteFile"),
        ("a function", "WriteFile"),
        ("a branch", "WriteFile"),
        ("print", "PrintV2"),
    ],
)
def test_a_saved_model_that_writes_files_is_refused(how: str, op: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    path = _saved_model(tmp_path / "m", victim, how)
    with pytest.raises(ModelError, match=rf"has the TensorFlow operators .*{op}.*--trust"):
        quantized(path, _vectors(tmp_path / "x.npz"))
    assert not victim.exists()
    if how == "a function":
        with pytest.raises(ModelError):  # it can't become int8, but now it runs
            quantized(path, tmp_path / "x.npz", TRUSTED)


def test_a_saved_model_whose_saver_is_its_function_is_refused(tmp_path: Path) -> None:
    """The operators that save a model are let pass in functions that only the saver names."""
    from tensorflow.core.protobuf import saved_model_pb2

    path = _saved_model(tmp_path / "m", tmp_path / "victim", "not at all")
    convert_trust.check_saved_model(path)
    file = path / "saved_model.pb"
    whole = file.read_bytes()

    def changed(change: Callable[[Any, str], None]) -> None:
        model = saved_model_pb2.SavedModel.FromString(whole)
        (graph,) = model.meta_graphs
        names = [one.signature.name for one in graph.graph_def.library.function]
        change(graph, next(name for name in names if name.startswith("__inference__traced_save")))
        file.write_bytes(model.SerializeToString())
        with pytest.raises(ModelError, match="SaveV2"):
            convert_trust.check_saved_model(path)

    def as_a_method(graph: Any, saver: str) -> None:
        graph.object_graph_def.nodes.add().bare_concrete_function.concrete_function_name = saver

    def as_a_call(graph: Any, saver: str) -> None:
        node = graph.graph_def.library.function[0].node_def.add()
        node.op, node.attr["f"].func.name = "StatefulPartitionedCall", saver

    def without_objects(graph: Any, saver: str) -> None:
        graph.ClearField("object_graph_def")

    for change in (as_a_method, as_a_call, without_objects):
        changed(change)


def test_the_pure_operators_are_ones_and_harmless() -> None:
    keras()
    from tensorflow.python.framework import op_def_registry

    registered = {name: op_def_registry.get(name) for name in convert_trust.PURE_OPERATORS}
    assert [name for name, op in registered.items() if op is None] == []
    words = ("File", "Save", "Restore", "Py", "Debug", "Print", "Dataset", "Summary", "Rpc", "Send", "Recv", "Table")
    assert [name for name in registered if any(word in name for word in words)] == []
    stateful = {name for name, op in registered.items() if op.is_stateful}
    variables = {
        name for name in stateful if "Var" in name or name in ("Assign", "DestroyResourceOp", "ResourceGather")
    }
    harmless = {"Assert", "CheckNumerics", "DisableCopyOnRead", "If", "StatefulPartitionedCall", "While"}
    assert stateful - variables - harmless <= {name for name in stateful if name.startswith(("Random", "Stateless"))}


def _lambda() -> Any:
    k = keras()
    return k.Sequential([k.Input((4,)), k.layers.Lambda(lambda x: x * 2, name="twice"), k.layers.Dense(3)])


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_python_in_keras_files_is_refused_or_trusted(suffix: str, tmp_path: Path) -> None:
    path = save(_lambda(), tmp_path / f"m{suffix}")
    with pytest.raises(ModelError, match=r"has Python code of its own in Lambda 'twice', .* or give --trust"):
        quantized(path, _vectors(tmp_path / "x.npz"))
    assert "fully_connected" in kinds(quantized(path, tmp_path / "x.npz", TRUSTED).content)


def test_classes_of_other_packages_are_refused(tmp_path: Path) -> None:
    """Also where they stand deep inside, and where Keras would import the module that is named."""
    path = tmp_path / "m.keras"
    k = keras()
    save(k.Sequential([k.Input((4,)), k.layers.Dense(3, activation="relu", name="inner")]), path)
    for old, new, says in (
        (
            '"module": "keras.layers", "class_name": "Dense"',
            '"module": "evil.pkg", "class_name": "Dense"',
            "Dense 'inner'",
        ),
        ('"class_name": "Dense"', '"class_name": "TorchModuleWrapper"', "TorchModuleWrapper 'inner'"),
        ('"module": "keras.initializers"', '"module": "os"', "'inner'"),
    ):
        changed = tmp_path / "changed.keras"
        with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
            for name in source.namelist():
                content = source.read(name)
                target.writestr(name, content.replace(old.encode(), new.encode()) if name == "config.json" else content)
        with pytest.raises(ModelError, match=rf"has Python code of its own in .*{says}"):
            quantized(changed, _vectors(tmp_path / "x.npz"))


def test_every_verb_that_takes_a_float_model_takes_the_flag() -> None:
    actions = next(action for action in parser()._actions if action.dest == "subcommand")
    assert isinstance(actions.choices, dict) and set(actions.choices) == set(SUBCOMMANDS)
    subcommands = {
        name: {action.dest for action in subcommand._actions} for name, subcommand in actions.choices.items()
    }
    takes = {name for name, options in subcommands.items() if "calibration" in options}
    assert takes == {name for name, options in subcommands.items() if {"trust", "pixels"} <= options}
    assert takes == {"build", "verify", "flash", "stress", "bench", "export"}


def test_the_flag_reaches_the_converter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Options] = []

    def record(path: Path, examples: Path | None, say: Any, options: Options) -> bytes:
        seen.append(options)
        raise ModelError("enough")

    monkeypatch.setattr(float_file, "load", record)
    model, out = tmp_path / "m.keras", ("--trust", "--pixels", "signed", "--calibration", str(tmp_path))
    for words in (
        ("build", str(model), "--board", "host"), ("verify", str(model), "--board", "host"),
        ("flash", str(model), "--board", "pico"), ("stress", str(model), "--board", "host"),
        ("bench", str(model)), ("export", str(model), "--format", "c"),
    ):  # fmt: skip
        assert main([*words, *out]) == 4
    assert seen == [Options(True, "signed")] * 6


class _Evil:
    def __init__(self, victim: Path) -> None:
        self.victim = str(victim)

    def __reduce__(self) -> Any:
        return Path.touch, (Path(self.victim),)


needs_torch = pytest.mark.skipif(
    not any(one.name == "litert-torch" for one in metadata.distributions()),
    reason="litert-torch is not installed: `make setup TORCH=1` brings it",
)


def _exported(path: Path) -> None:
    import torch

    torch.export.save(torch.export.export(torch.nn.Linear(4, 3).eval(), (torch.zeros(1, 4),)), str(path))


def _replaced(path: Path, target: Path, change: Callable[[str, bytes], bytes | None], **more: bytes) -> Path:
    """The archive with some files changed, and more files added."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as made:
        for name in source.namelist():
            made.writestr(name, change(name, source.read(name)) or source.read(name))
        for name, content in more.items():
            made.writestr(f"{target.stem}/{name}", content)
    return target


def _opened(paths: list[Path], victim: Path) -> list[str]:
    """In a process of its own: how it ends to open each without trust, and then the first with it."""
    from gen.importer import from_torch

    said = []
    for path in paths:
        try:
            from_torch.open_exported(path, Options())
            said.append("opened")
        except ModelError as error:
            said.append(str(error))
    said.append(f"written before: {victim.exists()}")
    with suppress(ModelError):  # it is not an exported program, but now it runs
        from_torch.open_exported(paths[0], TRUSTED)
    return [*said, f"written then: {victim.exists()}"]


@needs_torch
def test_pickles_in_a_pytorch_archive_are_not_run(tmp_path: Path) -> None:
    good, victim = tmp_path / "m.pt2", tmp_path / "victim"
    child_process.run(_exported, good)
    evil = pickle.dumps(_Evil(victim))

    def sample(name: str, content: bytes) -> bytes | None:
        return evil if name.endswith("sample_inputs/model.pt") else None

    def weights(name: str, content: bytes) -> bytes | None:
        if name.endswith("weights_config.json"):
            return content.replace(b'"use_pickle": false', b'"use_pickle": true')
        return evil if "/weights/weight_" in name else None

    def expression(name: str, content: bytes) -> bytes | None:
        return content.replace(b'"name": "linear"', b'"name": "x=__import__(1)"') if "model.json" in name else None

    paths = [_replaced(good, tmp_path / f"{one.__name__}.pt2", one) for one in (sample, weights, expression)]
    for number, name in enumerate(("aotinductor/model/model.so", "constants/custom_obj_0", "constants/opaque_obj_0")):
        paths.append(_replaced(good, tmp_path / f"{number}.pt2", lambda *_: None, **{f"data/{name}": evil}))
    *refused, opened, before, then = child_process.run(_opened, [*paths, good], victim)
    for path, message in zip(paths, refused, strict=True):
        what = (
            "code where names or sizes belong" if path.stem == "expression" else "pickled Python objects or a compiled"
        )
        assert what in message and message.endswith("or give --trust if you trust who made it."), message
    assert (opened, before, then) == ("opened", "written before: False", "written then: True")
