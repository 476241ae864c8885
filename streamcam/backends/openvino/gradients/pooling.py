"""Rules of pooling over windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from streamcam.backends.openvino.gradients.convolutions import padding_of
from streamcam.backends.openvino.gradients.rules import (
    constant,
    integers,
    multiply,
    ops,
    reshaped,
    rule,
    shape_of,
    spread,
    unsupported,
)
from streamcam.types import Float32Array

_LOWEST = -60000.0  # less than any activation, and a number of half precision too


@rule("AvgPool")
def average(node: Any, gradient: Any, at: int) -> Any:
    """To each place of a window an equal share."""
    x = node.input_value(0)
    attributes = node.get_attributes()
    window, strides = list(attributes["kernel"]), list(attributes["strides"])
    before, _ = padding_of(node, window)
    sizes, places = shape_of(x)[2:], shape_of(node.output(0))[2:]
    if places == (1,) * len(places) and window == list(sizes):
        share = multiply(gradient, constant(1.0 / float(np.prod(window)), x))
        return spread(share, shape_of(x))
    counts = _counts(sizes, places, window, strides, before, bool(attributes["exclude-pad"]))
    share = multiply(gradient, constant(1.0 / counts[None, None], x))
    ones = np.ones((shape_of(x)[1], 1, 1, *window), np.float32)
    return _spread(share, ones, x, window, strides, before)


@rule("MaxPool")
def maximum(node: Any, gradient: Any, at: int) -> Any:
    """To the first place of the window that holds the maximum, as TensorFlow and PyTorch have it."""
    attributes = node.get_attributes()
    if isinstance(gradient, list):
        if gradient[1] is not None:
            raise unsupported(node, " of positions")
        gradient = gradient[0]
    x, y = node.input_value(0), node.output(0)
    window, strides = list(attributes["kernel"]), list(attributes["strides"])
    if any(d != 1 for d in attributes.get("dilations", [1])):
        raise unsupported(node, " of this form")
    before, _ = padding_of(node, window)
    sizes, places = shape_of(x)[2:], shape_of(y)[2:]
    axes, ones = list(range(2, 2 + len(window))), [1] * len(window)
    channels, count = shape_of(x)[1], int(np.prod(window))
    after = [
        max((p - 1) * s + k - b - size, 0)
        for p, s, k, b, size in zip(places, strides, window, before, sizes, strict=True)
    ]
    padded = ops().pad(x, integers([0, 0, *before]), integers([0, 0, *after]), "constant", constant(_LOWEST, x))
    # One channel more for each place of the window: what lies there.
    picks = np.eye(count, dtype=np.float32).reshape(count, 1, *window)
    kernels = constant(np.broadcast_to(picks, (channels, *picks.shape)), x)
    zeros = [0] * len(window)
    seen = ops().group_convolution(padded, kernels, strides, zeros, zeros, ones, "explicit").output(0)
    seen = ops().slice(seen, integers(zeros), integers(places), integers(ones), integers(axes))
    seen = reshaped(seen.output(0), (-1, channels, count, *places))
    largest = ops().reduce_max(seen, integers([2]), True)
    order = constant(np.arange(count, 0, -1).reshape(1, 1, count, *ones), x)
    ranked = multiply(ops().convert(ops().equal(seen, largest), x.get_element_type()).output(0), order)
    first = ops().logical_and(
        ops().equal(ranked, ops().reduce_max(ranked, integers([2]), True)), ops().greater(ranked, constant(0.0, x))
    )
    routed = multiply(
        ops().convert(first, x.get_element_type()).output(0),
        reshaped(gradient, (-1, channels, 1, *places)),
    )
    routed = reshaped(routed, (-1, channels * count, *places))
    return _spread(routed, np.broadcast_to(picks, (channels, *picks.shape)), x, window, strides, before)


def _spread(shares: Any, kernels: Any, x: Any, window: list[int], strides: list[int], before: list[int]) -> Any:
    """Put shares back to where their windows lie, added up where windows overlap."""
    sizes, places = shape_of(x)[2:], shape_of(shares)[2:]
    # Places at the end that no window has reached get nothing; a window that reaches out is cut off.
    missing = [
        size - ((p - 1) * s + k - b) for size, p, s, k, b in zip(sizes, places, strides, window, before, strict=True)
    ]
    placed = ops().group_convolution_backprop_data(
        shares,
        constant(kernels, x),
        strides=strides,
        pads_begin=before,
        pads_end=[max(-m, 0) for m in missing],
        dilations=[1] * len(window),
        auto_pad="explicit",
    )
    if any(m > 0 for m in missing):
        none = [0, 0, *(0 for _ in missing)]
        placed = ops().pad(
            placed, integers(none), integers([0, 0, *(max(m, 0) for m in missing)]), "constant", constant(0.0, x)
        )
    return placed.output(0)


def _counts(
    sizes: tuple[int, ...],
    places: tuple[int, ...],
    window: list[int],
    strides: list[int],
    before: list[int],
    exclude: bool,
) -> Float32Array:
    """By how many places each average is divided."""
    counts = np.ones(places, np.float32)
    for axis, (size, p, k, s, b) in enumerate(zip(sizes, places, window, strides, before, strict=True)):
        starts = np.arange(p) * s - b
        inside = np.minimum(starts + k, size) - np.maximum(starts, 0) if exclude else np.full(p, k)
        counts *= inside.reshape([-1 if i == axis else 1 for i in range(len(places))])
    return counts
