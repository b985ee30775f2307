"""The operators we compute, and the kernels they are lowered to: families (binary, movement, unary), of which each is
a row, and others, which have a file and a line in OPS each."""

import numpy as np

from gen.errors import UnsupportedOp
from gen.model.graph import Graph, Op
from gen.model.ops import (
    accumulation,
    arg,
    average_pool_2d,
    batch_matmul,
    binary,
    binary_int32,
    broadcast_args,
    cast,
    concatenation,
    constant,
    control,
    conv_2d,
    conv_2d_int16,
    depthwise_conv_2d,
    depthwise_conv_2d_int16,
    dequantize,
    dynamic_update_slice,
    filter_bank,
    fully_connected,
    gather,
    l2_normalization,
    log_softmax,
    lstm,
    max_pool_2d,
    movement,
    pack,
    pad,
    picking,
    quantize,
    reduction,
    relu,
    relu6,
    requantize,
    rescale,
    reshape,
    resize_bilinear,
    resize_nearest_neighbor,
    select_v2,
    softmax,
    spectrum,
    split,
    streaming,
    svdf,
    transpose_conv,
    unary,
    unary_int16,
    variable,
)
from gen.model.ops.operator import Call, Kernel, Operator

OPS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        *arg.OPERATORS,
        *binary.OPERATORS,
        *movement.OPERATORS,
        *picking.OPERATORS,
        *reduction.OPERATORS,
        *unary.OPERATORS,
        average_pool_2d.OPERATOR,
        cast.OPERATOR,
        concatenation.OPERATOR,
        *constant.OPERATORS,
        *control.OPERATORS,
        conv_2d.OPERATOR,
        depthwise_conv_2d.OPERATOR,
        dequantize.OPERATOR,
        fully_connected.OPERATOR,
        lstm.OPERATOR,
        max_pool_2d.OPERATOR,
        pack.OPERATOR,
        pad.OPERATOR,
        pad.OPERATOR_V2,
        *gather.OPERATORS,
        dynamic_update_slice.OPERATOR,
        select_v2.OPERATOR,
        broadcast_args.OPERATOR,
        *accumulation.OPERATORS,
        resize_bilinear.OPERATOR,
        log_softmax.OPERATOR,
        l2_normalization.OPERATOR,
        batch_matmul.OPERATOR,
        transpose_conv.OPERATOR,
        quantize.OPERATOR,
        relu.OPERATOR,
        relu6.OPERATOR,
        *reshape.OPERATORS,
        resize_nearest_neighbor.OPERATOR,
        softmax.OPERATOR,
        *split.OPERATORS,
        svdf.OPERATOR,
        *spectrum.OPERATORS,
        *filter_bank.OPERATORS,
        *streaming.OPERATORS,
        *variable.OPERATORS,
    )
}

KERNELS: dict[str, Kernel] = {
    kernel.name: kernel
    for kernel in (
        *arg.KERNELS,
        *binary.KERNELS,
        movement.KERNEL,
        *reduction.KERNELS,
        unary.KERNEL,
        *unary_int16.KERNELS,
        *average_pool_2d.KERNELS,
        binary_int32.KERNEL,
        cast.KERNEL,
        concatenation.KERNEL,
        constant.KERNEL,
        conv_2d.KERNEL,
        conv_2d_int16.KERNEL,
        depthwise_conv_2d.KERNEL,
        depthwise_conv_2d_int16.KERNEL,
        *dequantize.KERNELS,
        fully_connected.KERNEL,
        *lstm.KERNELS,
        *max_pool_2d.KERNELS,
        *pad.KERNELS,
        picking.KERNEL,
        gather.KERNEL,
        dynamic_update_slice.KERNEL,
        select_v2.KERNEL,
        broadcast_args.KERNEL,
        *accumulation.KERNELS,
        resize_bilinear.KERNEL,
        log_softmax.KERNEL,
        l2_normalization.KERNEL,
        *batch_matmul.KERNELS,
        *transpose_conv.KERNELS,
        *quantize.KERNELS,
        requantize.KERNEL,
        rescale.KERNEL,
        reshape.KERNEL,
        *softmax.KERNELS,
        split.KERNEL,
        *svdf.KERNELS,
        *spectrum.KERNELS,
        *filter_bank.KERNELS,
        *streaming.KERNELS,
    )
}


def lower(graph: Graph, op: Op) -> Call:
    """The kernel call that computes op, or of NO_KERNEL. Raises UnsupportedOp, NotQuantized, ModelError."""
    if op.kind not in OPS:
        raise UnsupportedOp(f"{op} is not supported: replace it in the model by one that `python -m gen ops` lists.")
    call = OPS[op.kind].lower(graph, op)
    _require_fit(call)
    return call


def _require_fit(call: Call) -> None:
    """Raise UnsupportedOp when a parameter is too large for its field in the kernel's struct."""
    for field in () if call.is_control else KERNELS[call.kernel].struct.fields:
        if field.pointer or field.ctype == "float":
            continue
        value, limits = call.params[field.name], np.iinfo(field.ctype.removesuffix("_t"))
        for number in value if field.count > 1 else (value,):
            if not limits.min <= number <= limits.max:
                raise UnsupportedOp(
                    f"{call.op} has {field.name} {number}, more than its kernel's {field.ctype} holds: "
                    "make its tensors smaller."
                )
