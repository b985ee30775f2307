"""PyTorch's exported programs (torch.export.save) as float functions: litert-torch makes a float .tflite with channels
last, ai-edge-quantizer an int8 one of that."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gen.calibration import Example, Input
from gen.convert_model import Opened, first_line, fixed_shape
from gen.errors import ModelError
from gen.graph import Array

SIGNATURE = "serving_default"


def open_exported(path: Path) -> Opened:
    """Raises ModelError (no exported program, one that litert-torch can't convert), UnsupportedOp."""
    import litert_torch
    import torch

    try:
        program = torch.export.load(str(path))
    except Exception as error:  # zip's, pickle's and PyTorch's own
        raise ModelError(
            f"{path} is no exported program ({first_line(error)}): write it with torch.export.save."
        ) from None
    inputs = tuple(
        _input(path, node) for node in program.graph.nodes if node.name in program.graph_signature.user_inputs
    )
    original: Any = program.module()

    class ChannelsLast(torch.nn.Module):  # type: ignore[misc]
        """The program with the inputs that the firmware takes."""

        def forward(self, *arrays: Any) -> Any:
            # Contiguous, since a program may flatten with view().
            return original(
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
            return _quantize(plain, examples)

    return Opened(inputs, run, convert)


def _input(path: Path, node: Any) -> Input:
    """A batch of images (4 dimensions) has its channels moved last; other inputs stay as they are."""
    import torch

    value = node.meta["val"]
    dtype = "float32" if value.dtype == torch.float32 else str(value.dtype).removeprefix("torch.")
    shape = fixed_shape(path, node.name, tuple(value.shape), dtype)
    if len(shape) != 4:
        return Input(node.name, shape)
    return Input(node.name, (shape[0], *shape[2:], shape[1]), channels_first=True)


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
