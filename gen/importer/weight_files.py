"""Which files decide what a float model is: its own, and those with its weights that an ONNX file only names."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gen.errors import ModelError, UsageError
from gen.importer.opened import first_line


def of(path: Path) -> list[tuple[str, Path]]:
    """Each file of a model or of a folder of examples, with the name that it has in there. Raises ModelError (no ONNX
    model, weights outside its folder), UsageError (a file with weights is missing)."""
    if path.is_dir():
        return list(_walk(path))
    external = onnx_weights(path) if path.suffix.lower() == ".onnx" else []
    return [(path.suffix.lower(), path), *((name, path.parent / name) for name in external)]


def _walk(root: Path) -> Iterator[tuple[str, Path]]:
    """Every file below, through linked folders too, as those who read the folder go there; each folder once."""
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        files = [Path(folder) / name for name in sorted(names)]
        yield from ((str(file.relative_to(root)), file) for file in files if file.is_file())


def onnx_weights(path: Path) -> list[str]:
    """The files with weights that an ONNX file names, relative to its folder, sorted. Raises ModelError (no ONNX model,
    a file that is not below that folder, also by a link), UsageError (a file that is not there)."""
    import onnx

    try:
        model = onnx.load(str(path), load_external_data=False)
    except OSError:
        raise
    except Exception as error:  # protocol buffers' own
        raise ModelError(f"{path} is not a valid ONNX model ({first_line(error)}): export it again.") from None
    names = {_location(tensor) for tensor in _external(model)}
    for name in sorted(names):
        _require_below(path, name)
    return sorted(names)


def _external(message: Any) -> Iterator[Any]:
    """Every TensorProto with external data, wherever in a message it stands: in initializers, attributes, functions."""
    import onnx

    if isinstance(message, onnx.TensorProto):
        if message.data_location == onnx.TensorProto.EXTERNAL:
            yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for one in value if hasattr(value, "__len__") else (value,):
            if hasattr(one, "ListFields"):
                yield from _external(one)


def _location(tensor: Any) -> str:
    found: str = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
    return found


def _require_below(path: Path, name: str) -> None:
    """Whoever made the file could otherwise have us read any other file as weights."""
    folder, file = path.parent.resolve(), (path.parent / name).resolve()
    if not name or Path(name).is_absolute() or ".." in Path(name).parts or not file.is_relative_to(folder):
        raise ModelError(
            f"{path} names {name!r} as the file of its weights, which is not below the model's own folder: "
            "export it again, with the weights beside it."
        )
    if not file.is_file():
        raise UsageError(
            f"{path} keeps its weights in {path.parent / name}, which is not there: put it beside the model again."
        )
