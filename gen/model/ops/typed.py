"""What kernels share whose parameters say the types of their elements: the numbers of the types, and their checks."""

from gen.errors import UnsupportedOp
from gen.model.graph import Op, Tensor

# As firmware/kernels/nn.h numbers them.
NUMBERS = {name: n for n, name in enumerate(("int8", "uint8", "int16", "int32", "uint32", "bool", "float32"))}


def require_form(op: Op, x: Tensor, y: Tensor, forms: tuple[tuple[str, str], ...]) -> None:
    """Raise UnsupportedOp unless the operator turns the one type into the other in one of these forms."""
    if (x.dtype, y.dtype) not in forms:
        known = ", ".join(f"{before} to {after}" for before, after in forms)
        raise UnsupportedOp(
            f"{op} turns {x.dtype} into {y.dtype}: only {known} are supported, convert the model with int8 inputs and "
            "outputs."
        )


def require_zero_points(op: Op, *tensors: Tensor) -> None:
    """Raise UnsupportedOp on a zero point that is no int16, which no converter writes."""
    for tensor in tensors:
        if not -(2**15) <= tensor.zero_point < 2**15:
            raise UnsupportedOp(
                f"{op}: tensor {tensor.name!r} of type {tensor.dtype} has the zero point {tensor.zero_point}, not "
                f"within {-(2**15)} to {2**15 - 1}: quantize the model again."
            )
