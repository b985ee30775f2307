"""ONNX graphs as onnx2keras understands them: series as images of one row, paddings in numbers, float32.

onnx2keras 0.0.25 knows two dimensions only, ignores auto_pad, wants strides spelled out and takes a normalization of a
vector for one of an image. Every rewriting here gives a graph that computes the same, in place."""

from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.graph import Array

WINDOWS = ("Conv", "MaxPool", "AveragePool")
ELEMENTWISE = ("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean", "Pow")
UNCHANGED = (
    "BatchNormalization", "Cast", "Clip", "Dropout", "Elu", "Exp", "Floor", "GlobalAveragePool", "GlobalMaxPool",
    "Identity", "LeakyRelu", "Log", "Relu", "Selu", "Sigmoid", "Sqrt", "Tanh",
)  # fmt: skip
ROWS = 2  # the axis of a series as an image that its one row is


def to_float32(model: Any) -> bool:
    """Make every 16-bit float of the model one of 32 bits. Returns whether there was any."""
    import onnx
    from onnx import TensorProto, numpy_helper

    halves = (TensorProto.FLOAT16, TensorProto.BFLOAT16)
    found = False

    def visit(message: Any) -> None:
        nonlocal found
        if isinstance(message, TensorProto) and message.data_type in halves:
            values = np.asarray(numpy_helper.to_array(message), np.float32)
            message.CopyFrom(numpy_helper.from_array(values, message.name))
            found = True
            return
        if isinstance(message, onnx.TypeProto.Tensor) and message.elem_type in halves:
            message.elem_type, found = TensorProto.FLOAT, True
        if isinstance(message, onnx.AttributeProto) and message.name in ("to", "dtype") and message.i in halves:
            message.i, found = TensorProto.FLOAT, True
        for field, value in message.ListFields():
            if field.message_type is not None:
                for one in value if field.is_repeated else (value,):
                    visit(one)

    visit(model)
    return found


class Graph:
    """A graph with the shapes of its tensors, its constants as initializers. shapes: of its inputs, batch 1."""

    def __init__(self, model: Any, shapes: dict[str, Sequence[int]], path: Path) -> None:
        import onnx

        self.path, self.graph = path, model.graph
        for value in self.graph.input:
            if value.name in shapes:
                _set_shape(value, shapes[value.name])
        self._constants_to_initializers()
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
        self.shapes: dict[str, tuple[int, ...]] = {
            value.name: tuple(size.dim_value for size in value.type.tensor_type.shape.dim)
            for value in (*inferred.input, *inferred.value_info, *inferred.output)
            if value.type.tensor_type.HasField("shape")
        }
        self.constants = {one.name: one for one in self.graph.initializer}
        self.made = 0

    def _constants_to_initializers(self) -> None:
        for node in [node for node in self.graph.node if node.op_type == "Constant"]:
            value = next((attribute.t for attribute in node.attribute if attribute.name == "value"), None)
            if value is not None:
                self.graph.initializer.add().CopyFrom(value)
                self.graph.initializer[-1].name = node.output[0]
                self.graph.node.remove(node)

    def values(self, name: str) -> Array | None:
        """A constant's."""
        from onnx import numpy_helper

        return np.asarray(numpy_helper.to_array(self.constants[name])) if name in self.constants else None

    def constant(self, values: Array) -> str:
        """The name of a new one."""
        from onnx import numpy_helper

        self.made += 1
        made = numpy_helper.from_array(values, f"gen_constant_{self.made}")
        self.graph.initializer.append(made)
        self.constants[made.name] = made
        return str(made.name)

    def replace(self, node: Any, *others: Any) -> None:
        place = next(number for number, one in enumerate(self.graph.node) if one is node)
        nodes = [*self.graph.node[:place], *others, *self.graph.node[place + 1 :]]
        copies = [type(node).FromString(one.SerializeToString()) for one in nodes]
        del self.graph.node[:]
        self.graph.node.extend(copies)

    def rank(self, name: str) -> int:
        return len(self.shapes.get(name, ()))

    def prepare(self) -> bool:
        """Rewrite all. Returns whether series became images, with one row, of all tensors of 3 axes that are no
        constants, inputs and outputs included. Raises UnsupportedOp."""
        for node in list(self.graph.node):
            if node.op_type in WINDOWS and self.rank(node.input[0]) in (3, 4):
                self._spell_out(node)
        for node in list(self.graph.node):
            if node.op_type == "BatchNormalization" and self.rank(node.input[0]) == 2:
                self._vector_normalization(node)
        windows = [node for node in self.graph.node if node.op_type in (*WINDOWS, "GlobalAveragePool")]
        series = any(self.rank(node.input[0]) == 3 for node in windows)
        if series:
            _Rows(self).rewrite()
            self.shapes = {name: _lifted(shape) if len(shape) == 3 else shape for name, shape in self.shapes.items()}
        for node in list(self.graph.node):
            if node.op_type in ("Add", "Sub", "Mul", "Div") and len(node.input) == 2:
                self._channel_arithmetic(node)
        return series

    def _spell_out(self, node: Any) -> None:
        """strides, dilations and pads as attributes, in place of defaults and auto_pad."""
        sizes = self.shapes[node.input[0]][2:]
        kernel = list(ints(node, "kernel_shape") or self.values_shape(node.input[1])[2:])
        strides, dilations = (list(ints(node, name) or [1] * len(sizes)) for name in ("strides", "dilations"))
        auto = next((one.s.decode() for one in node.attribute if one.name == "auto_pad"), "NOTSET")
        pads = list(ints(node, "pads") or [0] * 2 * len(sizes))
        if auto.startswith("SAME"):
            total = [
                max((-(-size // s) - 1) * s + (k - 1) * d + 1 - size, 0)
                for size, k, s, d in zip(sizes, kernel, strides, dilations, strict=True)
            ]
            less, more = [one // 2 for one in total], [one - one // 2 for one in total]
            pads = [*less, *more] if auto == "SAME_UPPER" else [*more, *less]
        for name, value in (("kernel_shape", kernel), ("strides", strides), ("pads", pads)):
            set_ints(node, name, value)
        if node.op_type == "Conv":
            set_ints(node, "dilations", dilations)
        drop(node, "auto_pad")

    def values_shape(self, name: str) -> tuple[int, ...]:
        """A constant's shape, or a tensor's."""
        return tuple(self.constants[name].dims) if name in self.constants else self.shapes[name]

    def _channel_arithmetic(self, node: Any) -> None:
        """Arithmetic with a constant for each channel of an image as BatchNormalization: onnx2keras leaves constants
        in their order, channels first."""
        from onnx import helper

        first, second = (self.values(name) for name in node.input)
        x, constant = (node.input[1], first) if first is not None else (node.input[0], second)
        if constant is None or (first is not None and (second is not None or node.op_type == "Div")):
            return
        if self.rank(x) != 4 or self.rank(node.output[0]) != 4 or constant.dtype != np.float32:
            return
        channels, shape = self.shapes[x][1], (1,) * (4 - constant.ndim) + constant.shape
        if len(shape) != 4 or shape not in ((1, channels, 1, 1), (1, 1, 1, 1)):
            return
        c = np.broadcast_to(constant.reshape(shape), (1, channels, 1, 1)).ravel()
        one, zero = np.ones_like(c), np.zeros_like(c)
        scale, bias = {
            "Add": (one, c),
            "Sub": (one, -c) if first is None else (-one, c),
            "Mul": (c, zero),
            "Div": (one / c, zero),
        }[node.op_type]
        made = [self.constant(values) for values in (scale, bias, zero, one)]
        self.replace(node, helper.make_node("BatchNormalization", [x, *made], [node.output[0]], epsilon=0.0))

    def _vector_normalization(self, node: Any) -> None:
        """BatchNormalization of N x C as a product and a sum."""
        from onnx import helper

        constants = [self.values(name) for name in node.input[1:5]]
        if any(one is None for one in constants):
            return
        scale, bias, mean, variance = (np.asarray(one, np.float64) for one in constants)
        epsilon = next((one.f for one in node.attribute if one.name == "epsilon"), 1e-5)
        factor = scale / np.sqrt(variance + epsilon)
        a, b = (self.constant(one.astype(np.float32)[None]) for one in (factor, bias - mean * factor))
        middle = f"{node.output[0]}_scaled"
        self.replace(
            node,
            helper.make_node("Mul", [node.input[0], a], [middle]),
            helper.make_node("Add", [middle, b], [node.output[0]]),
        )


class _Rows:
    """N x C x L as N x C x 1 x L, everywhere."""

    def __init__(self, graph: Graph) -> None:
        self.of = graph
        self.handlers: dict[str, Callable[[Any], None]] = {
            **dict.fromkeys(WINDOWS, self._window),
            **dict.fromkeys(ELEMENTWISE, self._elementwise),
            **dict.fromkeys(UNCHANGED, lambda node: None),
            "Concat": self._concat,
            "Flatten": self._flatten,
            "Pad": self._pad,
            "ReduceMean": self._mean,
            "Reshape": self._reshape,
            "Squeeze": self._reshape,
            "Transpose": self._transpose,
            "Unsqueeze": self._reshape,
        }

    def rewrite(self) -> None:
        """Raises UnsupportedOp, which names every operator that stands in the way."""
        touching = [node for node in self.of.graph.node if any(self._is_series(x) for x in (*node.input, *node.output))]
        refused = [f"{node.op_type} ({node.output[0]})" for node in touching if node.op_type not in self.handlers]
        for node in touching:
            try:
                self.handlers.get(node.op_type, lambda _: None)(node)
            except NotImplementedError:
                refused.append(f"{node.op_type} ({node.output[0]})")
        if refused:
            raise UnsupportedOp(
                f"{self.of.path} has 1-dimensional convolutions or poolings, and beside them what can't be converted "
                f"with these: {', '.join(refused)}: replace it before the export, or save the model as .keras."
            )
        del self.of.graph.value_info[:]
        for value in (*self.of.graph.input, *self.of.graph.output):
            if self._is_series(value.name):
                _set_shape(value, _lifted(self.of.shapes[value.name]))

    def _is_series(self, name: str) -> bool:
        return name not in self.of.constants and self.of.rank(name) == 3

    def _window(self, node: Any) -> None:
        # A row of one pixel is the same with any stride and dilation, and Keras wants equal ones.
        for name, same in (("kernel_shape", [1]), ("strides", None), ("dilations", None)):
            (value,) = ints(node, name) or (1,)
            if name != "dilations" or node.op_type == "Conv":
                set_ints(node, name, [*(same or [value]), value])
        begin, end = ints(node, "pads") or (0, 0)
        set_ints(node, "pads", [0, begin, 0, end])
        if node.op_type == "Conv":
            weights = self.of.values(node.input[1])
            if weights is None:
                raise NotImplementedError
            node.input[1] = self.of.constant(weights[:, :, None])

    def _elementwise(self, node: Any) -> None:
        for place, name in enumerate(node.input):
            values = self.of.values(name)
            if values is not None and values.ndim >= 2:
                node.input[place] = self.of.constant(np.expand_dims(values, -2))
            elif values is None and self.of.rank(name) not in (0, 1, 3):
                raise NotImplementedError

    def _concat(self, node: Any) -> None:
        (axis,) = (one for one in node.attribute if one.name == "axis")
        axis.i = {0: 0, 1: 1, 2: 3}[axis.i % 3]

    def _flatten(self, node: Any) -> None:
        if next((one.i for one in node.attribute if one.name == "axis"), 1) != 1:
            raise NotImplementedError

    def _pad(self, node: Any) -> None:
        old = ints(node, "pads") or (self.of.values(node.input[1]) if len(node.input) > 1 else None)
        if old is None or len(old) != 6 or len(node.input) > 3:
            raise NotImplementedError
        pads = [int(one) for one in (*old[:2], 0, old[2], *old[3:5], 0, old[5])]
        if len(node.input) > 1:
            node.input[1] = self.of.constant(np.array(pads, np.int64))
        else:
            set_ints(node, "pads", pads)

    def _mean(self, node: Any) -> None:
        """Over the whole series only."""
        from onnx import helper

        axes = ints(node, "axes") or (self.of.values(node.input[1]) if len(node.input) > 1 else None)
        if axes is None or [int(axis) % 3 for axis in axes] != [2]:
            raise NotImplementedError
        keep = next((one.i for one in node.attribute if one.name == "keepdims"), 1)
        x, y = node.input[0], node.output[0]
        pooled = y if keep else f"{y}_mean"
        pool = helper.make_node("GlobalAveragePool", [x], [pooled])
        self.of.replace(node, pool, *([] if keep else [helper.make_node("Flatten", [pooled], [y])]))

    def _reshape(self, node: Any) -> None:
        """To a vector, or from one to a series."""
        from onnx import helper

        x, y = node.input[0], node.output[0]
        before, after = self.of.shapes[x], self.of.shapes[y]
        if before[0] != after[0]:
            raise NotImplementedError
        if len(after) == 2:
            self.of.replace(node, helper.make_node("Flatten", [x], [y]))
        elif len(before) == 2 and len(after) == 3 and prod(after[2:]) in (1, prod(after[1:])):
            shape = self.of.constant(np.array(_lifted(after), np.int64))
            self.of.replace(node, helper.make_node("Reshape", [x, shape], [y]))
        else:
            raise NotImplementedError

    def _transpose(self, node: Any) -> None:
        order = ints(node, "perm") or (2, 1, 0)
        if len(order) != 3 or order[0] != 0:
            raise NotImplementedError
        set_ints(node, "perm", [0, 1, 2, 3] if order[1] == 1 else [0, 3, 2, 1])


def _lifted(shape: Sequence[int]) -> tuple[int, ...]:
    return (*shape[:ROWS], 1, *shape[ROWS:])


def ints(node: Any, name: str) -> tuple[int, ...] | None:
    return next((tuple(one.ints) for one in node.attribute if one.name == name), None)


def set_ints(node: Any, name: str, values: Sequence[int]) -> None:
    from onnx import helper

    drop(node, name)
    node.attribute.append(helper.make_attribute(name, [int(value) for value in values]))


def drop(node: Any, name: str) -> None:
    for one in [one for one in node.attribute if one.name == name]:
        node.attribute.remove(one)


def _set_shape(value: Any, shape: Sequence[int]) -> None:
    del value.type.tensor_type.shape.dim[:]
    for size in shape:
        value.type.tensor_type.shape.dim.add().dim_value = int(size)
