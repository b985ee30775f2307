"""The input under a window: what the references of convolutions and pools share."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gen.model.graph import Array


def taps(p: Mapping[str, Any], x: Array, padding: int = 0) -> Iterator[tuple[int, int, Array]]:
    """(row, column, input elements N x out_h x out_w x C under it) of each tap of a convolution's or pool's window."""
    dilation_h, dilation_w = p.get("dilation_h", 1), p.get("dilation_w", 1)
    span_h = (p["out_h"] - 1) * p["stride_h"] + 1
    span_w = (p["out_w"] - 1) * p["stride_w"] + 1
    below = max(span_h + (p["k_h"] - 1) * dilation_h - p["in_h"] - p["pad_top"], 0)
    right = max(span_w + (p["k_w"] - 1) * dilation_w - p["in_w"] - p["pad_left"], 0)
    widths = ((0, 0), (p["pad_top"], below), (p["pad_left"], right), (0, 0))
    x = np.pad(x, widths, constant_values=padding)
    for i in range(p["k_h"]):
        for j in range(p["k_w"]):
            top, left = i * dilation_h, j * dilation_w
            yield i, j, x[:, top : top + span_h : p["stride_h"], left : left + span_w : p["stride_w"]]
