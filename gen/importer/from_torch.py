"""PyTorch's exported programs (torch.export.save) as float functions: litert-torch makes a float .tflite with channels
last, ai-edge-quantizer an int8 one of that."""

import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from gen.errors import GenError, ModelError
from gen.importer import trust
from gen.importer.affine import affine_to_depthwise
from gen.importer.calibration import Example, Input
from gen.importer.opened import Opened, Options, first_line, fixed_shape
from gen.importer.units import units
from gen.learn import tensorflow
from gen.model.graph import Array

SIGNATURE = "serving_default"
# Operators of ATen that keep an input's values, move them or scale them.
LINEAR = (
    "add", "sub", "mul", "div", "to", "_to_copy", "clone", "contiguous", "permute", "movedim", "reshape", "view",
    "unsqueeze", "pad",
)  # fmt: skip


def open_exported(path: Path, options: Options) -> Opened:
    """Raises ModelError (no exported program, code that is not trusted, a program that litert-torch can't convert),
    UnsupportedOp. In a process that has not imported TensorFlow: after it, litert-torch was seen to end by SIGSEGV with
    some versions of both."""
    if "tensorflow" in sys.modules and "litert_torch" not in sys.modules:
        raise RuntimeError("TensorFlow was imported before litert-torch")
    import litert_torch
    import torch

    tensorflow.start_tensorflow()  # for what comes after litert-torch

    try:
        with nullcontext() if options.trust else trust.no_pickles(path):
            program = torch.export.load(str(path))
    except GenError:
        raise
    except Exception as error:  # zip's, pickle's and PyTorch's own
        raise ModelError(
            f"{path} is not an exported program ({first_line(error)}): write it with torch.export.save."
        ) from None
    inputs = tuple(
        _input(path, node, _units(program, node))
        for node in program.graph.nodes
        if node.name in program.graph_signature.user_inputs
    )
    try:
        original: Any = torch.export.unflatten(program)  # whose modules name what is made of them, see origin.py
    except Exception:  # PyTorch's own, on graphs that it can't take apart
        original = program.module()

    class ChannelsLast(torch.nn.Module):  # type: ignore[misc]
        """The program with the inputs that the firmware takes."""

        def __init__(self) -> None:
            super().__init__()
            self.network = original

        def forward(self, *arrays: Any) -> Any:
            # Contiguous, since a program may flatten with view().
            return self.network(
                *(
                    x.movedim(-1, 1).contiguous() if one.channels_first else x
                    for one, x in zip(inputs, arrays, strict=True)
                )
            )

    module = ChannelsLast()
    zeros = tuple(torch.zeros(one.shape) for one in inputs)
    try:
        edge = litert_torch.convert(module, zeros)
    except Exception as error:  # of many kinds, from several packages
        raise ModelError(f"litert-torch can't convert {path} ({first_line(error)}): change the model.") from None

    def run(example: Example) -> list[Array]:
        with torch.no_grad():
            found = module(*map(torch.from_numpy, example))
        return [y.numpy() for y in (found if isinstance(found, tuple | list) else [found])]

    def convert(examples: Sequence[Example]) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "float.tflite"
            edge.export(str(plain))
            plain.write_bytes(affine_to_depthwise(plain.read_bytes()))
            return _quantize(plain, examples)

    return Opened(inputs, run, convert)


def _input(path: Path, node: Any, told: str | None) -> Input:
    """A batch of images (4 dimensions) has its channels moved last; other inputs stay as they are."""
    import torch

    value = node.meta["val"]
    dtype = "float32" if value.dtype == torch.float32 else str(value.dtype).removeprefix("torch.")
    shape = fixed_shape(path, node.name, tuple(value.shape), dtype)
    if len(shape) != 4:
        return Input(node.name, shape, units=told)
    return Input(node.name, (shape[0], *shape[2:], shape[1]), channels_first=True, units=told)


def _units(program: Any, node: Any) -> str | None:
    """The units in which pixels reach an input, as its first operators tell; None where they don't."""
    import torch

    signature = program.graph_signature
    names = {**signature.inputs_to_parameters, **signature.inputs_to_buffers}
    names |= getattr(signature, "inputs_to_lifted_tensor_constants", {})
    known = {**program.state_dict, **program.constants}

    def at(value: float) -> tuple[Array, bool]:
        """What the chain of LINEAR operators, each the only user of the one before, makes of value; is there any?"""
        current, x = node, torch.full(tuple(node.meta["val"].shape), value)
        while len(current.users) == 1 and (user := next(iter(current.users))).op == "call_function":
            if "".join(str(user.target).split(".")[1:2]) not in LINEAR:
                break
            others = [one for one in user.all_input_nodes if one is not current]
            if any(one.name not in names or names[one.name] not in known for one in others):
                break
            values = {current: x, **{one: known[names[one.name]].detach() for one in others}}
            arguments, options = torch.fx.node.map_arg((user.args, user.kwargs), lambda one, values=values: values[one])
            current, x = user, user.target(*arguments, **options)
        return np.asarray(x.detach().numpy(), np.float64).ravel(), current is not node

    (offset, any_step), (one, _) = at(0.0), at(1.0)
    return units(one - offset, offset) if any_step else None


def _quantize(plain: Path, examples: Sequence[Example]) -> bytes:
    from ai_edge_quantizer import calibrator, quantizer, recipe, recipe_manager
    from ai_edge_quantizer.utils import qsv_utils

    how = recipe_manager.RecipeManager()
    how.load_quantization_recipe(recipe.static_wi8_ai8())
    # The true extremes: the default is a moving average of each example's, which cuts many values off.
    ranges = calibrator.Calibrator(str(plain), qsv_update_func=qsv_utils.min_max_update)
    feeds = [{f"args_{number}": x for number, x in enumerate(example)} for example in examples]
    ranges.calibrate({SIGNATURE: feeds}, how)
    tool = quantizer.Quantizer(str(plain), recipe.static_wi8_ai8())
    return bytes(tool.quantize(ranges.get_model_qsvs()).quantized_model)
