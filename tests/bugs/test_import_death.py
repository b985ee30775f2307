"""A converter that died was said to have died of a loop, whatever it died of: PyTorch files of the order of imports."""

import os
import pickle
import signal
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.cli import doctor
from gen.errors import ModelError, UnsupportedOp, UsageError
from gen.importer import child_process, float_file
from gen.importer.opened import UNTRUSTED, Options
from gen.model import tflite
from tests.imports import keras, kinds, quantized, save, worst_steps


def _end(path: Path, examples: Path, options: Options) -> float_file.Converted:
    """Ends as examples says."""
    sys.stderr.write(f"first\nthe last words of {path}\n")
    sys.stderr.flush()
    how = str(examples)
    if how == "exit":
        os._exit(3)
    if how == "silent":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "ours":
        raise UsageError("one of ours")
    if how == "theirs":
        raise ZeroDivisionError("none of ours\nand more")
    os.kill(os.getpid(), getattr(signal, how))
    raise AssertionError


@pytest.mark.parametrize(
    ("how", "error", "says"),
    [
        (
            "SIGSEGV",
            ModelError,
            r"converts m\.keras ended with signal SIGSEGV, after writing: first / the last words of m",
        ),
        ("SIGABRT", ModelError, "signal SIGABRT, after writing: "),
        ("SIGKILL", ModelError, "signal SIGKILL"),
        ("exit", ModelError, "ended with exit status 3, after writing: first"),
        ("SIGSEGV", ModelError, r"it ran tensorflow \d.*, keras \d.*: change the model or these packages"),
        ("ours", UsageError, "one of ours"),
        (
            "theirs",
            ModelError,
            r"m\.keras can't be converted \(ZeroDivisionError: none of ours\): save the model again",
        ),
    ],
)
def test_the_end_of_a_converter_is_told_as_it_was(
    how: str, error: type[Exception], says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(error, match=says) as refusal:
        float_file.in_child(_end, Path("m.keras"), Path(how), UNTRUSTED)
    assert "loop" not in str(refusal.value) and "\n" not in str(refusal.value)
    assert capfd.readouterr() == ("", "")


def test_a_loop_is_found_before_it_ends_the_converter(tmp_path: Path) -> None:
    k = keras()
    np.savez(tmp_path / "x.npz", np.zeros((4, 16, 3), np.float32))
    for name, layer in (("lstm", k.layers.LSTM(4)), ("gru", k.layers.GRU(4))):
        path = save(k.Sequential([k.Input((16, 3)), layer, k.layers.Dense(2)]), tmp_path / f"{name}.keras")
        with pytest.raises(UnsupportedOp, match=rf"has control flow .* in .*{name}.*unroll"):
            quantized(path, tmp_path / "x.npz")


def test_litert_torch_is_imported_before_tensorflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a module of its name that says what was there before it, so also where the real one is not installed."""
    code = "import sys; raise RuntimeError('after TensorFlow' if 'tensorflow' in sys.modules else 'as the first')"
    (tmp_path / "litert_torch.py").write_text(code)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])  # a child begins with its parent's
    with pytest.raises(ModelError, match="as the first"):
        float_file.in_child(float_file.convert, tmp_path / "m.pt2", tmp_path / "x.npz", UNTRUSTED)


needs_litert = pytest.mark.skipif(
    not any(distribution.name == "litert-torch" for distribution in metadata.distributions()),
    reason="litert-torch is not installed: `make setup TORCH=1` brings it",
)


def _program(path: Path, network: Any, shape: tuple[int, ...]) -> Any:
    """In a process of its own, as PyTorch and TensorFlow may not meet in this one: x and what the network gives."""
    import torch

    torch.manual_seed(1)
    module = network(torch).eval()
    for one in module.modules():
        if isinstance(one, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            for values in (one.running_mean, one.running_var, one.weight, one.bias):
                torch.nn.init.uniform_(values, 0.3, 2)
    torch.export.save(torch.export.export(module, (torch.zeros(1, *shape),)), str(path))
    x = torch.rand(16, *shape)
    np.savez(path.with_suffix(".npz"), x.numpy())
    with torch.no_grad():
        return x.numpy(), np.stack([module(one[None]).numpy()[0] for one in x])


def _normalized(torch: Any) -> Any:
    nn = torch.nn
    first = nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(6), nn.Conv2d(6, 4, 3, padding=1), nn.MaxPool2d(2)
    return nn.Sequential(*first, nn.Flatten(), nn.Linear(64, 5), nn.ReLU(), nn.BatchNorm1d(5))


def _of_bytes(torch: Any) -> Any:
    class Scaled(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mean", torch.tensor([0.48, 0.46, 0.41])[:, None, None])
            self.conv = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x: Any) -> Any:
            return self.conv((x / 255 - self.mean) / 0.23).mean((2, 3))

    return Scaled()


@needs_litert
@pytest.mark.parametrize(("network", "shape"), [(_normalized, (3, 8, 8)), (_of_bytes, (3, 6, 6))])
def test_a_pytorch_program_converts(
    network: Any, shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the normalizations that no convolution takes up, and the units of its pixels."""
    monkeypatch.setattr(float_file, "IMPORTS", tmp_path / "import")
    path, said = tmp_path / "m.pt2", []  # type: tuple[Path, list[str]]
    x, wanted = child_process.run(_program, path, network, shape)
    content = float_file.load(path, path.with_suffix(".npz"), said.append).content
    assert "depthwise_conv_2d" in kinds(content) and {"mul", "sub", "div", "transpose"}.isdisjoint(kinds(content))
    graph = tflite.read(content, "m")
    assert graph.tensors[graph.inputs[0]].shape == (1, *shape[1:], 3)
    assert worst_steps(content, np.moveaxis(x, 1, -1), wanted) <= 6
    assert any("seem to take pixels from 0 to 255" in line for line in said) == (network is _of_bytes)


def test_doctor_looks_for_litert_torch_which_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "litert-torch":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    real = metadata.version
    monkeypatch.setattr(metadata, "version", version)
    (found,) = [check for check in doctor.check() if check.name == "litert-torch"]
    assert (found.found, found.optional, found.needed_for) == (False, True, ".pt2 files")
    assert found.install == "pip install -e '.[torch]'"
    assert not any(check.missing for check in doctor.check() if check.name == "litert-torch")


def test_the_parent_stops_a_child_that_it_need_not_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(pickle, "loads", interrupted)
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        child_process.run(os.getpid)
    assert time.monotonic() - start < 30
