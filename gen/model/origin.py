"""Which layer of the model that a .tflite was converted from asked for an operator: its tensors' names tell.

TensorFlow's converter names a tensor after the nodes that it was made of, by their paths, joined by ";", and numbers
those that would be the same: "functional_1/dense_2_1/MatMul;functional_1/dense_2_1/BiasAdd1". A path has the model's
name, the layer's and the node's. Keras 3 enters a layer's scope twice, so that TensorFlow makes it unique by a number:
dense becomes dense_1, dense_1 becomes dense_1_2; that of a function of keras.ops once, such as erfinv_1. onnx2keras
gives its layers the names of ONNX tensors, with "/" as "_". litert-torch writes modules by their classes, then their
own names: "gen.ChannelsLast/torch.UnflattenedModule_network/torch.InterpreterModule_act;1"."""

import re

from gen.model.ops import OPS

_NUMBERED = re.compile(r"(.+)_\d+$")
_MODULE = re.compile(r".*\.[A-Za-z]+?_(\w+)$")  # a class's path, then the module's name
_INNER = re.compile(r"(batchnorm|convolution|moments|Repeat|separable_conv2d|Tensordot|transpose|as_depthwise)(_\d+)?$")
_LAYERS = re.compile("add|elu|maximum|minimum|softmax")  # of Keras, named as their nodes are, as functions are
_CALLS = re.compile(r"((Stateful)?PartitionedCall(_\d+)?/)+")  # in front of what a SavedModel's function calls
_NO_LAYER = re.compile(r"(Identity|(Stateful)?PartitionedCall|serving_default_|arith\.|tfl\.)")


def layer_of(tensor_name: str, kind: str) -> str | None:
    """The name of the layer whose output the tensor is, those that it lies in before it with "/" (modules of PyTorch:
    "."); kind: of the operator that writes the tensor, such as "mul". None where the name tells none, as of a model's
    last tensor. Of several layers that became one operator the one counts whose node is of this kind, or the last.

    Of a SavedModel by Keras 2, which numbers no scopes, a layer "dense_1" in a model "model_1" is told as "dense"."""
    nodes = (kind in OPS and OPS[kind].nodes) or (kind.replace("_", ""),)
    found = [(path, layer) for path in tensor_name.split(";") if (layer := _layer(path))]
    for path, layer in found:
        if path.rsplit("/", 1)[-1].replace("_", "").lower().startswith(nodes):
            return layer
    return found[0][1] if found else None


def _layer(path: str) -> str | None:
    """Of one path, without the model's name and the node's; None where no layer is in it."""
    path = _CALLS.sub("", path, count=1)
    parts = path.split("/")
    if _NO_LAYER.match(path):
        return None
    if "." in parts[0]:
        modules = [match[1] for part in parts if (match := _MODULE.match(part))]
        return ".".join(modules[1:]) or None  # the first is the whole program
    node = parts[-1].lower()
    model, *parts = parts[:-1] if len(parts) > 2 else ("", *parts[:-1])
    while len(parts) > 1 and _INNER.match(parts[-1]):
        parts.pop()
    if parts and re.sub(r"_\d+$", "", parts[-1]) == node and not _LAYERS.fullmatch(node):
        return "/".join(parts)
    plain = [match[1] for part in parts if (match := _NUMBERED.match(part))]
    twice = len(plain) == len(parts) and (not model or _NUMBERED.match(model))
    return "/".join(plain if twice else parts) or None
