"""What in a float model's file could run code while it is read, looked for before it is read. `--trust` skips this.

Reading a model is meant to be as harmless as reading a picture. Four ways lead out of it: Python in Keras files (Lambda
layers, classes of other packages), operators of a SavedModel that touch files, processes or the network, pickles and
compiled libraries in a PyTorch archive, and pickled arrays, which calibration.py never reads."""

import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

from gen.errors import ModelError

FLAG = "--trust"
# Keras's own layers that call Python, PyTorch, JAX or a SavedModel named in the file.
KERAS_CODE = ("Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer")
KERAS_MODULES = re.compile(r"(keras|builtins)(\.|$)")
# The pure operators of TensorFlow that models are made of: no files, no processes, no network, no Python.
PURE_OPERATORS = frozenset(Path(__file__).with_name("pure_operators.txt").read_text(encoding="ascii").split())
# What TensorFlow writes into every SavedModel to save and restore it, in two functions that only `saver_def` names.
SAVER = re.compile(r"__inference__traced_(save|restore)\w*$")
SAVER_OPS = {"MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename", "StaticRegexFullMatch", "StringJoin"}
ARCHIVE_CODE = re.compile(r"/data/(aotinductor/|constants/(custom_obj|opaque_obj)_)")
# In a program's graph: names, which PyTorch writes into Python source; operators, which it looks up; and sizes, which
# it hands to SymPy, which evaluates them.
PLAIN = {
    "name": re.compile(r"[\w.:/$<>-]*"),
    "target": re.compile(r"torch\.ops\.\w+\.\w+(\.\w+)?|torch\.sym_\w+|_operator\.\w+|math\.\w+|\w*"),
    "expr_str": re.compile(r"[\w\s+*-]*"),
}


def refuse(path: Path, what: str, instead: str) -> NoReturn:
    raise ModelError(
        f"{path} {what}, which could do anything on this machine: {instead}, or give {FLAG} if you trust who made it."
    )


def check_keras(path: Path) -> None:
    """Raise ModelError where a .keras or .h5 file names code that Keras would run. What can't be read is left to
    Keras to refuse."""
    found = list(dict.fromkeys(_keras_code(_keras_config(path))))
    if found:
        refuse(path, f"has Python code of its own in {', '.join(found)}", "use Keras's own layers")


def _keras_config(path: Path) -> Any:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read("config.json"))
        import h5py

        with h5py.File(path, "r") as file:
            return json.loads(file.attrs["model_config"])
    except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile):
        return None


def _keras_code(config: Any, name: str = "") -> Iterator[str]:
    """The layers that bring code, each as "Lambda 'name'"."""
    if isinstance(config, dict):
        kind, module = config.get("class_name"), config.get("module")
        inner = config.get("config")
        name = str(inner["name"]) if isinstance(inner, dict) and "name" in inner else name
        foreign = isinstance(module, str) and not KERAS_MODULES.match(module)
        custom = ">" in str(config.get("registered_name") or "")
        if kind in KERAS_CODE or (isinstance(kind, str) and (foreign or custom)):
            yield f"{kind} {name!r}"
        for value in config.values():
            yield from _keras_code(value, name)
    elif isinstance(config, list):
        for value in config:
            yield from _keras_code(value, name)


def check_saved_model(folder: Path) -> None:
    """Raise ModelError where a SavedModel has an operator outside PURE_OPERATORS. Its functions can run when it is
    loaded, so all count, except those that save and restore, if nothing but the saver names them."""
    from tensorflow.core.protobuf import saved_model_pb2

    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString((folder / "saved_model.pb").read_bytes())
    except Exception:  # protocol buffers' own: TensorFlow refuses the file in a moment, and says why
        return
    found = sorted({op for graph in model.meta_graphs for op in _impure(graph)})
    if found:
        what = f"has the TensorFlow operators {', '.join(found)}, which are not known to be pure arithmetic"
        refuse(folder, what, "save a model without them")


def _impure(graph: Any) -> Iterator[str]:
    objects = graph.object_graph_def
    called = set(objects.concrete_functions)
    for node in objects.nodes:
        called |= {*node.function.concrete_functions, node.bare_concrete_function.concrete_function_name}
    functions = list(graph.graph_def.library.function)
    for function in functions:
        called |= set(_functions_in(function.node_def))
    yield from _ops_outside(graph.graph_def.node, PURE_OPERATORS)
    for function in functions:
        name = function.signature.name
        saver = len(objects.nodes) > 0 and SAVER.match(name) and name not in called
        yield from _ops_outside(function.node_def, PURE_OPERATORS | SAVER_OPS if saver else PURE_OPERATORS)


def _ops_outside(nodes: Iterable[Any], allowed: Set[str]) -> Iterator[str]:
    yield from (node.op for node in nodes if node.op not in allowed)


def _functions_in(nodes: Iterable[Any]) -> Iterator[str]:
    """The functions that nodes call, by their attributes."""
    for node in nodes:
        for value in node.attr.values():
            if value.HasField("func"):
                yield value.func.name
            yield from (one.name for one in value.list.func)


@contextmanager
def no_pickles(path: Path) -> Iterator[None]:
    """While a PyTorch archive is loaded: raise ModelError where PyTorch would unpickle anything but tensors, load a
    compiled library, or turn a name into code that is none."""
    import torch
    from torch.export.pt2_archive import _package

    instead = "write it again with torch.export.save, of plain tensors"

    def stop(*arguments: Any, **options: Any) -> NoReturn:
        refuse(path, "has pickled Python objects or a compiled library in it", instead)

    real = torch.load

    def tensors_only(*arguments: Any, **options: Any) -> Any:
        try:
            return real(*arguments, **{**options, "weights_only": True})
        except Exception:
            stop()

    with zipfile.ZipFile(path) as archive:
        if any(ARCHIVE_CODE.search(f"/{name}") for name in archive.namelist()):
            stop()
        for name in archive.namelist():
            if name.endswith(".json") and not _is_plain(json.loads(archive.read(name))):
                refuse(path, "has code where names or sizes belong", instead)
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(torch, "load", tensors_only))
        stack.enter_context(mock.patch.object(torch._C, "_pickle_load_obj", stop))
        stack.enter_context(mock.patch.object(_package.pickle, "loads", stop))
        stack.enter_context(mock.patch.object(_package, "AOTICompiledModel", stop))
        yield


def _is_plain(value: Any, key: str = "") -> bool:
    """Whether every string that PLAIN has a pattern for is of it; the key is that of the nearest object."""
    if isinstance(value, dict):
        return all(_is_plain(inner, one) for one, inner in value.items())
    if isinstance(value, list):
        return all(_is_plain(one, key) for one in value)
    return not isinstance(value, str) or key not in PLAIN or bool(PLAIN[key].fullmatch(value))
