"""What a TensorFlow function's graph tells before it is converted: the units of its inputs, loops, 16-bit floats."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gen.errors import ModelError, UnsupportedOp
from gen.importer.units import units
from gen.model.graph import Array
from gen.model.origin import layer_of

# Operators that keep an input's values, move them or scale them.
LINEAR = frozenset((
    "Add", "AddV2", "Cast", "Div", "ExpandDims", "FusedBatchNormV3", "GatherV2", "Identity", "MirrorPad", "Mul", "Pad",
    "PadV2", "RealDiv", "Reshape", "ResizeBilinear", "ResizeNearestNeighbor", "ReverseV2", "Slice", "Squeeze",
    "StridedSlice", "Sub", "Transpose",
))  # fmt: skip
LOOPS = ("If", "StatelessIf", "While", "StatelessWhile", "TensorListReserve", "TensorListFromTensor")
HALF_TYPES = ("DT_HALF", "DT_BFLOAT16")


class FrozenGraph:
    """A concrete function of tf.function with its variables as constants and its calls inlined."""

    def __init__(self, function: Any) -> None:
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        self.function = convert_variables_to_constants_v2(function, lower_control_flow=False)
        self.nodes = {node.name: node for node in self.function.graph.as_graph_def().node}

    def require_convertible(self, path: Path) -> None:
        """Raise UnsupportedOp where the graph has control flow, ModelError where it computes in 16-bit floats."""
        loops = [node.name for node in self.nodes.values() if node.op in LOOPS]
        if loops:
            raise UnsupportedOp(
                f"{path} has control flow (loops or branches, such as of LSTM and GRU layers) in "
                f"{_listed(loops)}, which can't become int8: replace it, or unroll it (in Keras with "
                "unroll=True)."
            )
        half = [node.name for node in self.nodes.values() if _is_half(node)]
        if half:
            raise ModelError(
                f"{path} computes in 16-bit floats in {_listed(half)}: save the model with float32 "
                "arithmetic, in Keras with the dtype policy float32."
            )

    def layers(self) -> dict[str, list[str]]:
        """The layers that have an operator of TensorFlow, by its name; none where the node's name tells none."""
        found: dict[str, dict[str, None]] = {}
        for node in self.nodes.values():
            if (name := layer_of(node.name, node.op.lower())) is not None:
                found.setdefault(node.op, {})[name] = None
        return {op: list(names) for op, names in found.items()}

    def units(self, number: int) -> str | None:
        """The units in which pixels reach input `number`, as its first operators tell; None where they don't."""
        x = self.function.inputs[number]
        last = self._last_linear(x.op.name)
        if last == x.op.name:
            return None
        zeros, ones = (self._value(last, x.op.name, np.full(x.shape, value, np.float32)) for value in (0, 1))
        return units(ones - zeros, zeros)

    def _value(self, name: str, fed: str, x: Array) -> Array:
        """What the node gives when the input `fed` is x, and all that it needs is that input and constants."""
        import tensorflow as tf

        needed, todo = tf.compat.v1.GraphDef(), {name}
        while todo:
            copy = needed.node.add()
            copy.CopyFrom(self.nodes[todo.pop()])
            copy.input[:] = [one for one in copy.input if not one.startswith("^")]
            todo |= set(_inputs(copy)) - {node.name for node in needed.node}
        with tf.Graph().as_default() as alone:
            tf.import_graph_def(needed, name="")
            with tf.compat.v1.Session(graph=alone) as session:
                return np.asarray(session.run(f"{name}:0", {f"{fed}:0": x}), np.float64).ravel()

    def _last_linear(self, name: str) -> str:
        """The last node of the chain of LINEAR ones, each the only reader of the one before, that begins at name."""
        depends = {name}
        while True:
            readers = [node for node in self.nodes.values() if name in _inputs(node)]
            if len(readers) != 1 or readers[0].op not in LINEAR or len(depends & set(_inputs(readers[0]))) != 1:
                return name
            name = readers[0].name
            depends.add(name)


def _inputs(node: Any) -> list[str]:
    """The names of the nodes whose values a node takes."""
    return [one.split(":")[0] for one in node.input if not one.startswith("^")]


def _is_half(node: Any) -> bool:
    from tensorflow.core.framework import types_pb2

    kinds = {types_pb2.DataType.Value(name) for name in HALF_TYPES}
    return node.op not in ("Cast", "Const") and node.attr["T"].type in kinds


def _listed(nodes: Sequence[str]) -> str:
    """The layers of these nodes, or the nodes' own names where these tell none."""
    return ", ".join(dict.fromkeys(layer_of(node, "") or node for node in nodes))
